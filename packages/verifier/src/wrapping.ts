import type { Auth } from './auth.ts'
import type { RequestFacts } from './authenticator.ts'
import { toResponse } from './challenge.ts'
import type { RefusalStatus, VerifierErrorCode } from './errors.ts'
import type { Admission, Rejection } from './guard-core.ts'
import type { Admit, Framework } from './middleware-guard.ts'

/** Why a guard refused, and the answer it would give. */
export interface GuardRefusal {
  readonly ok: false
  readonly code: VerifierErrorCode
  /** The claim that is missing, malformed or unexpected. For the log: the answer does not tell it. */
  readonly claim?: string
  readonly status: RefusalStatus
  /** The answer of the guard, with its realm and the scopes it asked for. */
  toResponse(): Response
}

/** The "framework" of a platform that has no middleware: its verbs only ask, and a wrapper acts on what they say. */
export function asking<C extends object, Context extends object>(
  factsOf: (context: Context) => RequestFacts,
): Framework<C, Admit<Context, Auth<C>>, Admit<Context, Auth<C> | undefined>, Context> {
  return { keyOf: (context) => context, factsOf, required: (admit) => admit, optional: (admit) => admit }
}

/** What `authenticate` of a guard gives. */
export function resultOf<A>(outcome: Admission<A> | Rejection): A | GuardRefusal {
  if (outcome.ok) return outcome.auth
  const { refusal, answer } = outcome
  return Object.freeze({ ...refusal, status: answer.status, toResponse: () => toResponse(answer) })
}

/** The arguments of a wrapping verb: the handler stands last, a requirement may stand before it. */
export type Wrapping<R, H> = readonly [handler: H] | readonly [requirement: R, handler: H]

/** Tells the two apart. @throws {TypeError} when the handler is missing, so that no route is mounted without one */
export function readWrapping<R, H extends (...args: never[]) => unknown>(
  owner: string,
  args: Wrapping<R, H>,
): { requirement: R | undefined; handler: H } {
  const [requirement, handler] = args.length === 1 ? [undefined, args[0]] : args
  if (typeof handler !== 'function') throw new TypeError(`${owner}: a handler is needed, as the last argument`)
  return { requirement, handler }
}
