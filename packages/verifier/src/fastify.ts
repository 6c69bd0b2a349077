/**
 * `@countersign/verifier/fastify`: a guard for Fastify 5.
 *
 * @module
 */
import type { Auth } from './auth.ts'
import type { Authenticator } from './authenticator.ts'
import type { GuardOptions } from './guard-core.ts'
import { type Admit, createMiddlewareGuard, type MiddlewareGuard } from './middleware-guard.ts'
import { factsOfNode, type NodeRequest } from './node-http.ts'

export type * from './types.ts'
export type { MiddlewareGuard, NodeRequest }

/** A request of Fastify, as far as the guard needs it. */
export interface FastifyRequestLike {
  readonly raw: NodeRequest
}

/** A reply of Fastify, as far as the guard needs it. */
export interface FastifyReplyLike {
  code(status: number): unknown
  headers(values: Record<string, string>): unknown
  send(payload: string): unknown
}

/** A hook, best as `onRequest`: a request is then refused before its body is read. */
export type FastifyHook = (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>

/** The guard of {@link createGuard}. Who is calling: `auth(request)`. */
export type FastifyGuard<C extends object> = MiddlewareGuard<C, FastifyHook, FastifyHook, FastifyRequestLike>

/**
 * Makes a guard for Fastify 5: `app.get('/orders', { onRequest: requireScope('orders:read') }, handler)`.
 *
 * @throws {TypeError} when there is no authenticator, or an option is unknown or unfit
 */
export function createGuard<C extends object>(
  authenticator: Authenticator<C>,
  options?: GuardOptions,
): FastifyGuard<C> {
  return createMiddlewareGuard(authenticator, options, {
    keyOf: (request: FastifyRequestLike) => request,
    factsOf: (request) => factsOfNode(request.raw),
    required: hook,
    optional: hook<Auth<C> | undefined>,
  })
}

function hook<A>(admit: Admit<FastifyRequestLike, A>): FastifyHook {
  return async (request, reply) => {
    const outcome = await admit(request)
    if (outcome.ok) return undefined
    const { status, headers, body } = outcome.answer
    reply.code(status)
    reply.headers({ ...headers })
    reply.send(body)
    // Returned, so that Fastify knows that the hook has answered and runs nothing more.
    return reply
  }
}
