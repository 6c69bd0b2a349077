import type { ErrorCode } from './errors.ts'

/** The media type of an error under `/auth` and `/admin` (RFC 9457 §3). */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

/** One fault of a request body, or one reason why a password is refused. */
export interface ProblemFault {
  /** Where, as a JSON pointer (RFC 6901) into the body. */
  readonly pointer: string
  /** What, as a stable word. */
  readonly code: string
  /** The same for people. Never repeats what was sent. */
  readonly detail: string
}

/** A problem document (RFC 9457 §3.1). */
export interface Problem {
  /** The address of the code's entry in the error reference. */
  readonly type: string
  /** The sentence of the code. */
  readonly title: string
  readonly status: number
  /** `urn:countersign:request:` and the id that the logs have too. */
  readonly instance: string
  readonly code: ErrorCode
  /** With `body_invalid` and `password_refused`. */
  readonly errors?: readonly ProblemFault[]
}
