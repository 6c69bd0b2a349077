import { ERRORS, PROBLEM_MEDIA_TYPE } from '@countersign/protocol'
import type { RefusalStatus, VerifierErrorCode } from './errors.ts'

/** The realm of a challenge where the guard names none. RFC 6750 §3 wants at least one parameter. */
export const DEFAULT_REALM = 'api'

/** Seconds after which a caller may try again when the issuer cannot be reached. */
const RETRY_AFTER = 5

/** An HTTP answer as plain values, so that each adapter only has to write it down. */
export interface Answer {
  readonly status: RefusalStatus
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a guard adds to its challenges. Both have been checked when the guard was made. */
export interface ChallengeContext {
  readonly realm: string
  /** The scopes that the route asks for (RFC 6750 §3, `scope`). */
  readonly scopes: readonly string[]
}

/** A class of refusals that look the same from outside. */
interface Class {
  readonly status: RefusalStatus
  /** The `error` of the challenge (RFC 6750 §3.1); `none` is a challenge without one, absent is no challenge. */
  readonly error?: 'none' | 'invalid_request' | 'invalid_token' | 'insufficient_scope'
  /** The only thing about a token that its sender is told. */
  readonly description?: string
  readonly tellsScopes?: true
  /** `code` and `title` of the body. */
  readonly code: string
  readonly title: string
}

// Which check failed is nobody's business but the log's: an answer that tells is an oracle for whoever forges tokens.
const INVALID_TOKEN: Class = {
  status: 401,
  error: 'invalid_token',
  code: 'token_invalid',
  title: ERRORS.token_invalid.sentence,
}
const UNAVAILABLE = { status: 503, title: 'Tokens cannot be checked at the moment.' } as const

const CLASSES: Readonly<Record<VerifierErrorCode, Class>> = {
  jwt_too_large: INVALID_TOKEN,
  jwt_malformed: INVALID_TOKEN,
  jwt_header_invalid: INVALID_TOKEN,
  jwt_type_mismatch: INVALID_TOKEN,
  jwt_key_not_found: INVALID_TOKEN,
  jwt_algorithm_mismatch: INVALID_TOKEN,
  jwt_signature_invalid: INVALID_TOKEN,
  jwt_payload_invalid: INVALID_TOKEN,
  jwt_claim_missing: INVALID_TOKEN,
  jwt_claim_invalid: INVALID_TOKEN,
  jwt_claim_mismatch: INVALID_TOKEN,
  jwt_not_yet_valid: INVALID_TOKEN,
  jwt_too_old: INVALID_TOKEN,
  jwt_claims_refused: INVALID_TOKEN,
  // Told only of a token that is otherwise ours, so that a client knows a refresh will help.
  jwt_expired: { ...INVALID_TOKEN, description: 'The token has expired.' },
  // RFC 6750 §3.1: no error code where no credentials were sent.
  credentials_missing: { status: 401, error: 'none', code: 'credentials_missing', title: 'No credentials were sent.' },
  credentials_malformed: {
    status: 400,
    error: 'invalid_request',
    code: 'credentials_malformed',
    title: 'The credentials were sent twice or in a malformed header.',
  },
  scope_insufficient: {
    status: 403,
    error: 'insufficient_scope',
    tellsScopes: true,
    code: 'scope_insufficient',
    title: ERRORS.scope_insufficient.sentence,
  },
  role_insufficient: {
    status: 403,
    error: 'insufficient_scope',
    code: 'role_insufficient',
    title: 'The caller lacks a role.',
  },
  // No challenge: no other token of the caller would change the answer.
  check_refused: { status: 403, code: 'check_refused', title: 'The caller may not do this.' },
  jwk_set_unavailable: { ...UNAVAILABLE, code: 'jwk_set_unavailable' },
  issuer_unavailable: { ...UNAVAILABLE, code: 'issuer_unavailable' },
  issuer_metadata_invalid: { ...UNAVAILABLE, code: 'issuer_metadata_invalid' },
  // Not a 500, which would read as "the route failed".
  guard_failed: { status: 503, code: 'guard_failed', title: 'Something failed on our side.' },
}

/** The answer to a refused request: status, challenge (RFC 6750 §3) and problem document (RFC 9457). */
export function answerTo(
  refusal: VerifierErrorCode,
  context: ChallengeContext = { realm: DEFAULT_REALM, scopes: [] },
): Answer {
  const { status, code, title } = CLASSES[refusal]
  const challenge = challengeOf(CLASSES[refusal], context)
  return {
    status,
    headers: {
      'content-type': PROBLEM_MEDIA_TYPE,
      'cache-control': 'no-store',
      ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
      ...(status === 503 ? { 'retry-after': String(RETRY_AFTER) } : {}),
    },
    body: JSON.stringify({ type: `urn:countersign:error:${code}`, title, status, code }),
  }
}

/** An answer as a `Response`. */
export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers })
}

function challengeOf(
  { error, description, tellsScopes }: Class,
  { realm, scopes }: ChallengeContext,
): string | undefined {
  if (error === undefined) return undefined
  const parameters = [`realm=${quoted(realm)}`]
  if (error !== 'none') parameters.push(`error=${quoted(error)}`)
  if (description !== undefined) parameters.push(`error_description=${quoted(description)}`)
  if (tellsScopes && scopes.length > 0) parameters.push(`scope=${quoted(scopes.join(' '))}`)
  return `Bearer ${parameters.join(', ')}`
}

/** A quoted-string (RFC 9110 §5.6.4). What it is given holds printable ASCII only. */
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
