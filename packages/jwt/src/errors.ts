import type { Finding } from './payload-rules.ts'
import type { SchemaIssue } from './types.ts'

/** The refusals of a verifier and their sentences, in the order of the checks. */
const VERIFY_MESSAGES = {
  jwt_too_large: 'The token is longer than the limit.',
  jwt_malformed: 'The token is not three parts of canonical base64url.',
  jwt_header_invalid: 'The header is not acceptable, or asks for what is not understood.',
  jwt_type_mismatch: 'The token is of another kind.',
  jwt_key_not_found: 'No key, or not exactly one, fits the token.',
  jwk_set_unavailable: 'The JWK Set cannot be fetched and none is in hand.',
  jwt_algorithm_mismatch: "The token's algorithm is not that of the key.",
  jwt_signature_invalid: 'The signature does not match.',
  jwt_payload_invalid: 'The payload is not an acceptable JSON object.',
  jwt_claim_missing: 'A required claim is missing.',
  jwt_claim_invalid: 'A claim is malformed.',
  jwt_claim_mismatch: 'A claim is not the expected one.',
  jwt_not_yet_valid: 'The token is not valid yet.',
  jwt_too_old: 'The token was issued too long ago.',
  jwt_expired: 'The token has expired.',
  jwt_claims_refused: 'The claims schema refused the claims.',
} as const

/** Every code and its sentence. A sentence never holds a token, a key or an expected value. */
export const MESSAGES: Readonly<Record<JwtErrorCode, string>> = {
  ...VERIFY_MESSAGES,
  jwt_payload_refused: 'The payload holds what a token must not carry.',
  jwt_signing_failed: 'The key could not sign.',
  jwk_set_invalid: 'The document is not a JWK Set.',
}

/** Why a verifier refuses a token, in the order of the checks. */
export type JwtVerifyErrorCode = keyof typeof VERIFY_MESSAGES

/** Why a signer refuses to sign. */
export type JwtSignErrorCode =
  | 'jwt_too_large'
  | 'jwt_claim_missing'
  | 'jwt_claim_invalid'
  | 'jwt_claims_refused'
  | 'jwt_payload_refused'
  | 'jwt_signing_failed'

/** Every code that a {@link JwtError} may carry. The codes are stable; the sentences are not. */
export type JwtErrorCode = JwtVerifyErrorCode | JwtSignErrorCode | 'jwk_set_invalid'

/** What else an error may tell: none of it is taken from the token's text or from a key. */
export interface JwtErrorDetails {
  readonly claim?: string
  readonly findings?: readonly Finding[]
  readonly issues?: readonly SchemaIssue[]
  readonly cause?: unknown
}

/**
 * A token, a JWK Set or a payload was refused. Switch on `code`.
 *
 * The message never holds a token, a key, a secret or an expected value.
 */
export class JwtError extends Error {
  override readonly name = 'JwtError'
  readonly code: JwtErrorCode
  /** The claim that is missing, malformed or unexpected. */
  readonly claim?: string
  /** With `jwt_payload_refused`: what the payload must not carry, and where it stands. */
  readonly findings?: readonly Finding[]
  /** With `jwt_claims_refused`: what the claims schema found. */
  readonly issues?: readonly SchemaIssue[]

  constructor(code: JwtErrorCode, details: JwtErrorDetails = {}) {
    super(MESSAGES[code], details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    if (details.claim !== undefined) this.claim = details.claim
    if (details.findings !== undefined) this.findings = details.findings
    if (details.issues !== undefined) this.issues = details.issues
  }
}
