import { JwtError, type JwtVerifyErrorCode, type Refusal } from '@countersign/jwt'
import { answerTo, toResponse } from './challenge.ts'

/** The refusals that are not those of the token itself, and their sentences. */
const OWN_SENTENCES = {
  credentials_missing: 'No credentials were sent.',
  credentials_malformed: 'The credentials were sent twice or in a malformed header.',
  scope_insufficient: 'The token lacks a scope.',
  role_insufficient: 'The caller lacks a role.',
  check_refused: 'The caller may not do this.',
  issuer_unavailable: 'The issuer cannot be reached.',
  issuer_metadata_invalid: "The issuer's metadata is not acceptable.",
  guard_failed: 'Something failed on our side.',
} as const

type OwnErrorCode = keyof typeof OWN_SENTENCES

/** Why a request or a token is refused. The union is closed: a switch over it shows the compiler what it forgot. */
export type VerifierErrorCode = JwtVerifyErrorCode | OwnErrorCode

/** The status of a refusal: 400 and 401 for credentials, 403 for what the caller may not do, 503 for our side. */
export type RefusalStatus = 400 | 401 | 403 | 503

const REFUSALS = Object.freeze({
  credentials_missing: Object.freeze({ ok: false, code: 'credentials_missing' }),
  credentials_malformed: Object.freeze({ ok: false, code: 'credentials_malformed' }),
  scope_insufficient: Object.freeze({ ok: false, code: 'scope_insufficient' }),
  role_insufficient: Object.freeze({ ok: false, code: 'role_insufficient' }),
  check_refused: Object.freeze({ ok: false, code: 'check_refused' }),
  issuer_unavailable: Object.freeze({ ok: false, code: 'issuer_unavailable' }),
  issuer_metadata_invalid: Object.freeze({ ok: false, code: 'issuer_metadata_invalid' }),
  guard_failed: Object.freeze({ ok: false, code: 'guard_failed' }),
} as const satisfies { readonly [Code in OwnErrorCode]: Refusal<Code> })

/** The refusal of a code: one frozen object each, so that refusing junk allocates nothing. */
export const refusalOf = <Code extends OwnErrorCode>(code: Code): Refusal<VerifierErrorCode> => REFUSALS[code]

/**
 * A token or a request was refused, or nothing can be said because the issuer cannot be reached. Switch on `code`.
 *
 * The message never holds a token, a key or an expected value.
 */
export class VerifierError extends Error {
  override readonly name = 'VerifierError'
  readonly code: VerifierErrorCode
  /** The claim that is missing, malformed or unexpected. For the log: no answer of a guard tells it. */
  readonly claim?: string
  /** What to answer. Also what Express, Koa and Fastify read from an error that reaches them. */
  readonly status: RefusalStatus

  constructor(code: VerifierErrorCode, details: { readonly claim?: string; readonly cause?: unknown } = {}) {
    super(sentenceOf(code), details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    if (details.claim !== undefined) this.claim = details.claim
    this.status = answerTo(code).status
  }

  /** The answer that a guard would give: RFC 6750 §3 in the header, RFC 9457 in the body. Each call makes a new one. */
  toResponse(): Response {
    return toResponse(answerTo(this.code))
  }
}

const sentenceOf = (code: VerifierErrorCode): string => (isOwn(code) ? OWN_SENTENCES[code] : new JwtError(code).message)
const isOwn = (code: VerifierErrorCode): code is OwnErrorCode => Object.hasOwn(OWN_SENTENCES, code)
