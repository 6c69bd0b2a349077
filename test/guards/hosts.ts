import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AccessTokenClaims, Auth, Authenticator, GuardOptions, Requirement } from '@countersign/verifier'
import { createGuard as expressGuard } from '@countersign/verifier/express'
import { createGuard as fastifyGuard } from '@countersign/verifier/fastify'
import { createGuard as honoGuard } from '@countersign/verifier/hono'
import { createGuard as nodeGuard } from '@countersign/verifier/node'
import { createGuard as webGuard } from '@countersign/verifier/web'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'

/*
 * The same API behind each guard, in its real framework on a real socket. `served` counts the requests that reached a
 * handler, whether or not the handler looked at who is calling.
 *
 *   /me        requireAuth, the handler asks auth(…)      /ignores   requireAuth, the handler ignores it
 *   /orders    requireScope('orders:read')                /refund    scope ['orders:read', 'orders:write'] and role
 *   /admin     requireRole('admin')                       /several   three verbs one after the other
 *   /optional  optionalAuth                               /check     requireAuth({ check })
 *   /unguarded no guard, but the handler asks auth(…)
 */

type Claims = AccessTokenClaims
export interface Api {
  readonly url: string
  served(): number
  close(): Promise<void>
}
export interface ApiOptions {
  readonly guard?: GuardOptions
  readonly check?: Requirement<Claims>['check']
}
interface Handlers {
  readonly me: (auth: Auth<Claims> | undefined) => object
  readonly served: () => number
}

export interface Host {
  readonly name: string
  start(authenticator: Authenticator<Claims>, options?: ApiOptions): Promise<Api>
}

const REFUND = { scope: ['orders:read', 'orders:write'], role: 'clerk' } as const

function handlers(): Handlers {
  let served = 0
  return {
    me(auth) {
      served++
      return auth === undefined ? { subject: null } : { subject: auth.subject, scopes: [...auth.scopes] }
    },
    served: () => served,
  }
}

async function listen(server: Server, { served }: Handlers): Promise<Api> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    served,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const serve = (listener: RequestListener, handled: Handlers): Promise<Api> => listen(createServer(listener), handled)

const onExpress: Host = {
  name: 'express',
  start(authenticator, { guard, check = () => true } = {}) {
    const handled = handlers()
    const { requireAuth, requireScope, requireRole, optionalAuth, auth } = expressGuard(authenticator, guard)
    const app = express()
    app.get('/me', requireAuth(), (req, res) => res.json(handled.me(auth(req))))
    app.get('/ignores', requireAuth(), (_req, res) => res.json(handled.me(undefined)))
    app.get('/orders', requireScope('orders:read'), (_req, res) => res.json(handled.me(res.locals.auth)))
    app.get('/refund', requireAuth(REFUND), (_req, res) => res.json(handled.me(res.locals.auth)))
    app.get('/admin', requireRole('admin'), (_req, res) => res.json(handled.me(res.locals.auth)))
    app.get('/several', requireAuth(), requireScope('orders:read'), optionalAuth(), (req, res) =>
      res.json(handled.me(auth(req))),
    )
    app.get('/optional', optionalAuth(), (_req, res) => res.json(handled.me(res.locals.auth)))
    app.get('/check', requireAuth({ check }), (_req, res) => res.json(handled.me(res.locals.auth)))
    app.get('/unguarded', (req, res) => res.json(handled.me(auth(req))))
    // Express would print what handlers throw.
    app.use((_error: unknown, _req: unknown, res: express.Response, _next: unknown) => res.sendStatus(500))
    return serve(app, handled)
  },
}

const onFastify: Host = {
  name: 'fastify',
  async start(authenticator, { guard, check = () => true } = {}) {
    const handled = handlers()
    const { requireAuth, requireScope, requireRole, optionalAuth, auth } = fastifyGuard(authenticator, guard)
    const app = Fastify()
    app.get('/me', { onRequest: requireAuth() }, async (request) => handled.me(auth(request)))
    app.get('/ignores', { onRequest: requireAuth() }, async () => handled.me(undefined))
    app.get('/orders', { onRequest: requireScope('orders:read') }, async (request) => handled.me(auth(request)))
    app.get('/refund', { onRequest: requireAuth(REFUND) }, async (request) => handled.me(auth(request)))
    app.get('/admin', { onRequest: requireRole('admin') }, async (request) => handled.me(auth(request)))
    app.get(
      '/several',
      { onRequest: [requireAuth(), requireScope('orders:read')], preHandler: optionalAuth() },
      async (request) => handled.me(auth(request)),
    )
    app.get('/optional', { onRequest: optionalAuth() }, async (request) =>
      handled.me(request.headers.authorization === undefined ? undefined : auth(request)),
    )
    app.get('/check', { preHandler: requireAuth({ check }) }, async (request) => handled.me(auth(request)))
    app.get('/unguarded', async (request) => handled.me(auth(request)))
    await app.ready()
    const api = await listen(app.server, handled)
    return { ...api, close: () => app.close() }
  },
}

const onHono: Host = {
  name: 'hono',
  start(authenticator, { guard, check = () => true } = {}) {
    const handled = handlers()
    const { requireAuth, requireScope, requireRole, optionalAuth, auth } = honoGuard(authenticator, guard)
    const app = new Hono()
    app.get('/me', requireAuth(), (c) => c.json(handled.me(auth(c))))
    app.get('/ignores', requireAuth(), (c) => c.json(handled.me(undefined)))
    app.get('/orders', requireScope('orders:read'), (c) => c.json(handled.me(c.var.auth)))
    app.get('/refund', requireAuth(REFUND), (c) => c.json(handled.me(c.var.auth)))
    app.get('/admin', requireRole('admin'), (c) => c.json(handled.me(c.var.auth)))
    app.get('/several', requireAuth(), requireScope('orders:read'), optionalAuth(), (c) => c.json(handled.me(auth(c))))
    app.get('/optional', optionalAuth(), (c) => c.json(handled.me(c.var.auth)))
    app.get('/check', requireAuth({ check }), (c) => c.json(handled.me(c.var.auth)))
    app.get('/unguarded', (c) => c.json(handled.me(auth(c))))
    app.onError((_error, c) => c.body(null, 500))
    return serve(getRequestListener(app.fetch), handled)
  },
}

const onNode: Host = {
  name: 'node',
  start(authenticator, { guard, check = () => true } = {}) {
    const handled = handlers()
    const { requireAuth, requireScope, requireRole, optionalAuth, auth } = nodeGuard(authenticator, guard)
    type Answer = Parameters<RequestListener>[1]
    const me = (response: Answer, who: Auth<Claims> | undefined): void => {
      response.end(JSON.stringify(handled.me(who)))
    }
    const routes: Readonly<Record<string, RequestListener>> = {
      '/me': requireAuth((request, response) => me(response, auth(request))),
      '/ignores': requireAuth((_request, response) => me(response, undefined)),
      '/orders': requireScope('orders:read', (_request, response, who) => me(response, who)),
      '/refund': requireAuth(REFUND, (_request, response, who) => me(response, who)),
      '/admin': requireRole('admin', (_request, response, who) => me(response, who)),
      '/several': requireAuth((request, response) =>
        requireScope(
          'orders:read',
          optionalAuth((_request, _response, who) => me(response, who)),
        )(request, response),
      ),
      '/optional': optionalAuth((_request, response, who) => me(response, who)),
      '/check': requireAuth({ check }, (_request, response, who) => me(response, who)),
      '/unguarded': (request, response) => {
        try {
          me(response, auth(request))
        } catch {
          response.writeHead(500).end()
        }
      },
    }
    return serve((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost')
      routes[pathname]?.(request, response)
    }, handled)
  },
}

const onWeb: Host = {
  name: 'web',
  start(authenticator, { guard, check = () => true } = {}) {
    const handled = handlers()
    const { requireAuth, requireScope, requireRole, optionalAuth, auth } = webGuard(authenticator, guard)
    const me = (who: Auth<Claims> | undefined): Response => Response.json(handled.me(who))
    const routes: Readonly<Record<string, (request: Request) => Response | Promise<Response>>> = {
      '/me': requireAuth((request) => me(auth(request))),
      '/ignores': requireAuth(() => me(undefined)),
      '/orders': requireScope('orders:read', (_request, who) => me(who)),
      '/refund': requireAuth(REFUND, (_request, who) => me(who)),
      '/admin': requireRole('admin', (_request, who) => me(who)),
      '/several': requireAuth((request) =>
        requireScope(
          'orders:read',
          optionalAuth((_request, who) => me(who)),
        )(request),
      ),
      '/optional': optionalAuth((_request, who) => me(who)),
      '/check': requireAuth({ check }, (_request, who) => me(who)),
      '/unguarded': (request) => me(auth(request)),
    }
    const listener = getRequestListener(
      (request) => routes[new URL(request.url).pathname]?.(request) ?? new Response(null, { status: 404 }),
      { errorHandler: () => new Response(null, { status: 500 }) },
    )
    return serve(listener, handled)
  },
}

export const HOSTS: readonly Host[] = [onExpress, onFastify, onHono, onNode, onWeb]
