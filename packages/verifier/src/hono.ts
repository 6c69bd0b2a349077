/**
 * `@countersign/verifier/hono`: a guard for Hono 4.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from 'hono'
import type { Auth } from './auth.ts'
import type { Authenticator } from './authenticator.ts'
import { toResponse } from './challenge.ts'
import type { GuardOptions } from './guard-core.ts'
import { type Admit, createMiddlewareGuard, type MiddlewareGuard } from './middleware-guard.ts'

export type * from './types.ts'
export type { MiddlewareGuard }

/** A middleware of Hono that sets `auth`. */
export type HonoMiddleware<A> = MiddlewareHandler<{ Variables: { auth: A } }>

/** The guard of {@link createGuard}. Who is calling stands in `c.var.auth`, typed by inference. */
export type HonoGuard<C extends object> = MiddlewareGuard<
  C,
  HonoMiddleware<Auth<C>>,
  HonoMiddleware<Auth<C> | undefined>,
  Context
>

/**
 * Makes a guard for Hono 4: `app.get('/orders', requireScope('orders:read'), handler)`.
 *
 * @throws {TypeError} when there is no authenticator, or an option is unknown or unfit
 */
export function createGuard<C extends object>(authenticator: Authenticator<C>, options?: GuardOptions): HonoGuard<C> {
  return createMiddlewareGuard(authenticator, options, {
    keyOf: (context: Context) => context,
    factsOf: ({ req }) => ({ method: req.method, url: req.url, header: (name) => req.header(name) }),
    required: middleware<Auth<C>>,
    optional: middleware<Auth<C> | undefined>,
  })
}

function middleware<A>(admit: Admit<Context, A>): HonoMiddleware<A> {
  return async (context, next) => {
    const outcome = await admit(context)
    if (!outcome.ok) return toResponse(outcome.answer)
    context.set('auth', outcome.auth)
    await next()
  }
}
