/**
 * `@countersign/verifier/express`: a guard for Express 5.
 *
 * @module
 */
import type { Response } from 'express'
import type { Auth } from './auth.ts'
import type { Authenticator } from './authenticator.ts'
import type { GuardOptions } from './guard-core.ts'
import { type Admit, createMiddlewareGuard, type MiddlewareGuard } from './middleware-guard.ts'
import { factsOfNode, type NodeRequest, sendAnswer } from './node-http.ts'

export type * from './types.ts'
export type { MiddlewareGuard, NodeRequest }

/** A middleware of Express that leaves the type of the request alone and types `res.locals`. */
export type ExpressMiddleware<Locals extends Record<string, unknown>> = (
  request: unknown,
  response: Response<unknown, Locals>,
  next: (error?: unknown) => void,
) => void

/** The guard of {@link createGuard}. Who is calling stands in `res.locals.auth`, typed by inference. */
export type ExpressGuard<C extends object> = MiddlewareGuard<
  C,
  ExpressMiddleware<{ auth: Auth<C> }>,
  ExpressMiddleware<{ auth: Auth<C> | undefined }>,
  NodeRequest
>

/**
 * Makes a guard for Express 5: `app.get('/orders', requireScope('orders:read'), handler)`.
 *
 * @throws {TypeError} when there is no authenticator, or an option is unknown or unfit
 */
export function createGuard<C extends object>(
  authenticator: Authenticator<C>,
  options?: GuardOptions,
): ExpressGuard<C> {
  return createMiddlewareGuard(authenticator, options, {
    keyOf: (request: NodeRequest) => request,
    factsOf: factsOfNode,
    required: middleware,
    optional: middleware,
  })
}

function middleware<A>(admit: Admit<NodeRequest, A>): ExpressMiddleware<{ auth: A }> {
  return async (request, response, next) => {
    // Typed as unknown for Express, which would otherwise infer the request of the next handlers from it.
    const outcome = await admit(request as NodeRequest)
    if (!outcome.ok) return sendAnswer(response, outcome.answer)
    response.locals.auth = outcome.auth
    next()
  }
}
