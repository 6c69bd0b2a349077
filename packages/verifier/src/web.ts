/**
 * `@countersign/verifier/web`: a guard for anything that answers a `Request` with a `Response`.
 *
 * In this version the verification behind it is that of `@countersign/jwt` for Node, so it runs where `node:crypto`
 * is: Node, Deno and Bun.
 *
 * @module
 */
import type { Names } from '@countersign/jwt'
import type { Auth } from './auth.ts'
import type { Authenticator, RequestFacts } from './authenticator.ts'
import { toResponse } from './challenge.ts'
import type { GuardOptions } from './guard-core.ts'
import { type Admit, createMiddlewareGuard } from './middleware-guard.ts'
import type { Requirement } from './requirement.ts'
import { asking, type GuardRefusal, readWrapping, resultOf, type Wrapping } from './wrapping.ts'

export { VerifierError } from './errors.ts'
export type * from './types.ts'
export { createVerifier, type Verifier, type VerifierOptions } from './verifier.ts'
export type { GuardRefusal }

/** A handler that is told who is calling. What the router passes besides the request comes after that. */
export type WebHandler<Q extends Request, A, Rest extends readonly unknown[]> = (
  request: Q,
  auth: A,
  ...rest: Rest
) => Response | Promise<Response>

/** The handler with its guard before it, in the shape that routers take. */
export type GuardedWebHandler<Q extends Request, Rest extends readonly unknown[]> = (
  request: Q,
  ...rest: Rest
) => Promise<Response>

/**
 * The guard of {@link createGuard}. Its verbs wrap a handler, which stands last; each authenticates by itself, so none
 * can be forgotten, and a request is verified once, however many it meets.
 */
export interface WebGuard<C extends object> {
  /** Calls the handler for authenticated requests that meet the requirement. */
  requireAuth<Q extends Request, Rest extends readonly unknown[]>(
    handler: WebHandler<Q, Auth<C>, Rest>,
  ): GuardedWebHandler<Q, Rest>
  requireAuth<Q extends Request, Rest extends readonly unknown[]>(
    requirement: Requirement<C>,
    handler: WebHandler<Q, Auth<C>, Rest>,
  ): GuardedWebHandler<Q, Rest>
  /** The same, with all of these scopes. */
  requireScope<Q extends Request, Rest extends readonly unknown[]>(
    scope: Names,
    handler: WebHandler<Q, Auth<C>, Rest>,
  ): GuardedWebHandler<Q, Rest>
  requireScope<Q extends Request, Rest extends readonly unknown[]>(
    scope: Names,
    requirement: Omit<Requirement<C>, 'scope'>,
    handler: WebHandler<Q, Auth<C>, Rest>,
  ): GuardedWebHandler<Q, Rest>
  /** The same, with all of these roles. */
  requireRole<Q extends Request, Rest extends readonly unknown[]>(
    role: Names,
    handler: WebHandler<Q, Auth<C>, Rest>,
  ): GuardedWebHandler<Q, Rest>
  requireRole<Q extends Request, Rest extends readonly unknown[]>(
    role: Names,
    requirement: Omit<Requirement<C>, 'role'>,
    handler: WebHandler<Q, Auth<C>, Rest>,
  ): GuardedWebHandler<Q, Rest>
  /** Calls the handler for requests without credentials as well; bad credentials are still refused. */
  optionalAuth<Q extends Request, Rest extends readonly unknown[]>(
    handler: WebHandler<Q, Auth<C> | undefined, Rest>,
  ): GuardedWebHandler<Q, Rest>
  /** Who is calling, or why that is not known and what to answer. For code that cannot be wrapped. */
  authenticate(request: Request, requirement?: Requirement<C>): Promise<Auth<C> | GuardRefusal>
  /**
   * Who is calling.
   *
   * @throws {TypeError} where no guard of this object has let an authenticated request through
   */
  auth(request: Request): Auth<C>
}

/**
 * Makes a guard for any `Request`: `requireScope('orders:read', (request, auth) => Response.json(…))`.
 *
 * @throws {TypeError} when there is no authenticator, or an option is unknown or unfit
 */
export function createGuard<C extends object>(authenticator: Authenticator<C>, options?: GuardOptions): WebGuard<C> {
  const ask = createMiddlewareGuard(authenticator, options, asking<C, Request>(factsOf))

  return Object.freeze({
    requireAuth<Q extends Request, Rest extends readonly unknown[]>(
      ...args: Wrapping<Requirement<C>, WebHandler<Q, Auth<C>, Rest>>
    ) {
      const { requirement, handler } = readWrapping('requireAuth', args)
      return wrap(ask.requireAuth(requirement), handler)
    },
    requireScope<Q extends Request, Rest extends readonly unknown[]>(
      scope: Names,
      ...args: Wrapping<Omit<Requirement<C>, 'scope'>, WebHandler<Q, Auth<C>, Rest>>
    ) {
      const { requirement, handler } = readWrapping('requireScope', args)
      return wrap(ask.requireScope(scope, requirement), handler)
    },
    requireRole<Q extends Request, Rest extends readonly unknown[]>(
      role: Names,
      ...args: Wrapping<Omit<Requirement<C>, 'role'>, WebHandler<Q, Auth<C>, Rest>>
    ) {
      const { requirement, handler } = readWrapping('requireRole', args)
      return wrap(ask.requireRole(role, requirement), handler)
    },
    optionalAuth<Q extends Request, Rest extends readonly unknown[]>(
      handler: WebHandler<Q, Auth<C> | undefined, Rest>,
    ) {
      return wrap(ask.optionalAuth(), readWrapping('optionalAuth', [handler]).handler)
    },
    authenticate: async (request: Request, requirement?: Requirement<C>) =>
      resultOf(await ask.requireAuth(requirement)(request)),
    auth: ask.auth,
  })
}

function wrap<Q extends Request, A, Rest extends readonly unknown[]>(
  admit: Admit<Request, A>,
  handler: WebHandler<Q, A, Rest>,
): GuardedWebHandler<Q, Rest> {
  return async (request, ...rest) => {
    const outcome = await admit(request)
    return outcome.ok ? handler(request, outcome.auth, ...rest) : toResponse(outcome.answer)
  }
}

function factsOf({ method, url, headers }: Request): RequestFacts {
  return { method, url, header: (name) => headers.get(name) ?? undefined }
}
