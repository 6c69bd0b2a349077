/**
 * `@countersign/verifier/node`: a guard for servers of `node:http` without a framework.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Names } from '@countersign/jwt'
import type { Auth } from './auth.ts'
import type { Authenticator } from './authenticator.ts'
import type { GuardOptions } from './guard-core.ts'
import { type Admit, createMiddlewareGuard } from './middleware-guard.ts'
import { factsOfNode, sendAnswer } from './node-http.ts'
import type { Requirement } from './requirement.ts'
import { asking, type GuardRefusal, readWrapping, resultOf, type Wrapping } from './wrapping.ts'

export type * from './types.ts'
export type { GuardRefusal }

/** A handler that is told who is calling. */
export type NodeHandler<A> = (request: IncomingMessage, response: ServerResponse, auth: A) => unknown

/** The handler with its guard before it, in the shape that `createServer` takes. Rejects when the handler does. */
export type GuardedNodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * The guard of {@link createGuard}. Its verbs wrap a handler, which stands last; each authenticates by itself, so none
 * can be forgotten, and a request is verified once, however many it meets.
 */
export interface NodeGuard<C extends object> {
  /** Calls the handler for authenticated requests that meet the requirement. */
  requireAuth(handler: NodeHandler<Auth<C>>): GuardedNodeHandler
  requireAuth(requirement: Requirement<C>, handler: NodeHandler<Auth<C>>): GuardedNodeHandler
  /** The same, with all of these scopes. */
  requireScope(scope: Names, handler: NodeHandler<Auth<C>>): GuardedNodeHandler
  requireScope(
    scope: Names,
    requirement: Omit<Requirement<C>, 'scope'>,
    handler: NodeHandler<Auth<C>>,
  ): GuardedNodeHandler
  /** The same, with all of these roles. */
  requireRole(role: Names, handler: NodeHandler<Auth<C>>): GuardedNodeHandler
  requireRole(role: Names, requirement: Omit<Requirement<C>, 'role'>, handler: NodeHandler<Auth<C>>): GuardedNodeHandler
  /** Calls the handler for requests without credentials as well; bad credentials are still refused. */
  optionalAuth(handler: NodeHandler<Auth<C> | undefined>): GuardedNodeHandler
  /** Who is calling, or why that is not known. For upgrades, which have no response to write to. */
  authenticate(request: IncomingMessage, requirement?: Requirement<C>): Promise<Auth<C> | GuardRefusal>
  /**
   * Who is calling.
   *
   * @throws {TypeError} where no guard of this object has let an authenticated request through
   */
  auth(request: IncomingMessage): Auth<C>
}

/**
 * Makes a guard for `node:http`: `createServer(requireScope('orders:read', (request, response, auth) => …))`.
 *
 * @throws {TypeError} when there is no authenticator, or an option is unknown or unfit
 */
export function createGuard<C extends object>(authenticator: Authenticator<C>, options?: GuardOptions): NodeGuard<C> {
  const ask = createMiddlewareGuard(authenticator, options, asking<C, IncomingMessage>(factsOfNode))

  return Object.freeze({
    requireAuth(...args: Wrapping<Requirement<C>, NodeHandler<Auth<C>>>) {
      const { requirement, handler } = readWrapping('requireAuth', args)
      return wrap(ask.requireAuth(requirement), handler)
    },
    requireScope(scope: Names, ...args: Wrapping<Omit<Requirement<C>, 'scope'>, NodeHandler<Auth<C>>>) {
      const { requirement, handler } = readWrapping('requireScope', args)
      return wrap(ask.requireScope(scope, requirement), handler)
    },
    requireRole(role: Names, ...args: Wrapping<Omit<Requirement<C>, 'role'>, NodeHandler<Auth<C>>>) {
      const { requirement, handler } = readWrapping('requireRole', args)
      return wrap(ask.requireRole(role, requirement), handler)
    },
    optionalAuth(handler: NodeHandler<Auth<C> | undefined>) {
      return wrap(ask.optionalAuth(), readWrapping('optionalAuth', [handler]).handler)
    },
    authenticate: async (request: IncomingMessage, requirement?: Requirement<C>) =>
      resultOf(await ask.requireAuth(requirement)(request)),
    auth: ask.auth,
  })
}

function wrap<A>(admit: Admit<IncomingMessage, A>, handler: NodeHandler<A>): GuardedNodeHandler {
  return async (request, response) => {
    const outcome = await admit(request)
    if (!outcome.ok) return sendAnswer(response, outcome.answer)
    await handler(request, response, outcome.auth)
  }
}
