import { ERRORS, type ErrorCode, type ProblemFault } from '@countersign/protocol'

/** The id of an account or a session; or a way to find it, for a refusal whose time must not tell whether there is one. */
export type Subject = string | (() => Promise<string | undefined>)

/**
 * A refusal of the service. Its message is the sentence of its code, so that nothing which was sent can slip into an
 * answer or a log by way of an error.
 */
export class AuthError extends Error {
  override readonly name = 'AuthError'
  readonly code: ErrorCode
  /** Seconds, with `rate_limited` and the 503s. */
  readonly retryAfter: number | undefined
  /** With `body_invalid` and `password_refused`. */
  readonly faults: readonly ProblemFault[] | undefined
  /** A word for the audit log that says more than may be told. */
  readonly reason: string | undefined
  /** What it was about, for the audit log alone. */
  readonly subject: Subject | undefined

  constructor(
    code: ErrorCode,
    more: {
      readonly retryAfter?: number
      readonly faults?: readonly ProblemFault[]
      readonly reason?: string
      readonly subject?: Subject | undefined
    } = {},
  ) {
    super(ERRORS[code].sentence)
    this.code = code
    this.retryAfter = more.retryAfter
    this.faults = more.faults
    this.reason = more.reason
    this.subject = more.subject
  }
}
