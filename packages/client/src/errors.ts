import { ERRORS, type ErrorCode, isErrorCode, type ProblemFault } from '@countersign/protocol'

/** The codes that are the client's own, with their sentences. */
export const CLIENT_ERRORS = {
  unavailable: 'The service cannot be reached; you are still signed in.',
  account_changed: 'Another account signed in meanwhile, so the request was not sent again.',
  storage_failed: 'The storage could not keep the session.',
  response_invalid: "The answer was not the service's.",
} as const

/** Every code of the service as it came, and the client's own. */
export type ClientErrorCode = ErrorCode | keyof typeof CLIENT_ERRORS

/** What a {@link ClientError} may know besides its code. */
export interface ClientErrorDetails {
  readonly retryAfter?: number | undefined
  readonly requestId?: string | undefined
  readonly faults?: readonly ProblemFault[] | undefined
  readonly cause?: unknown
}

/**
 * A refusal of the service, or a fault on the way to it. Switch over `code`. The message is the code's sentence and
 * never holds a token, a password or a name.
 */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  /** What happened. The union is closed. */
  readonly code: ClientErrorCode
  /** Seconds after which trying again makes sense, where known. */
  readonly retryAfter?: number
  /** The request's id in the service's logs, where it answered. */
  readonly requestId?: string
  /** What is wrong with the body or the password, with `body_invalid` and `password_refused`. */
  readonly faults?: readonly ProblemFault[]

  constructor(code: ClientErrorCode, details: ClientErrorDetails = {}) {
    super(
      isErrorCode(code) ? ERRORS[code].sentence : CLIENT_ERRORS[code],
      details.cause === undefined ? undefined : { cause: details.cause },
    )
    this.code = code
    if (details.retryAfter !== undefined) this.retryAfter = details.retryAfter
    if (details.requestId !== undefined) this.requestId = details.requestId
    if (details.faults !== undefined) this.faults = details.faults
  }
}
