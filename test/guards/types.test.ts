import { generateSecret } from '@countersign/jwt'
import { type AccessTokenClaims, type Auth, type ClaimsOf, createVerifier } from '@countersign/verifier'
import { createGuard as expressGuard } from '@countersign/verifier/express'
import { createGuard as fastifyGuard } from '@countersign/verifier/fastify'
import { createGuard as honoGuard } from '@countersign/verifier/hono'
import { createGuard as nodeGuard } from '@countersign/verifier/node'
import { createGuard as webGuard } from '@countersign/verifier/web'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { expect, expectTypeOf, test } from 'vitest'

const keys = await generateSecret('HS256')
const verifier = createVerifier<{ tenant: string }>({ issuer: 'https://auth.example.com', audience: 'api', keys })
type Caller = Auth<AccessTokenClaims & { tenant: string }>

test('Express infers who is calling, and keeps the parameters of the path', () => {
  const { requireScope, optionalAuth, auth } = expressGuard(verifier)
  express()
    .get('/orders/:id', requireScope('orders:read'), (req, res) => {
      expectTypeOf(req.params.id).toEqualTypeOf<string>()
      expectTypeOf(res.locals.auth).toEqualTypeOf<Caller>()
      expectTypeOf(auth(req)).toEqualTypeOf<Caller>()
    })
    .get('/', express.json(), optionalAuth(), (_req, res) => {
      expectTypeOf(res.locals.auth).toEqualTypeOf<Caller | undefined>()
    })
    .use('/admin', requireScope('admin'), express.static('.'))
    .use('/api', requireScope('api'), express.Router())
    .use(requireScope('api'))
})

test('Hono infers who is calling', () => {
  const { requireRole, optionalAuth, auth } = honoGuard(verifier)
  new Hono()
    .get('/orders/:id', requireRole('clerk'), (c) => {
      expectTypeOf(c.req.param('id')).toEqualTypeOf<string>()
      expectTypeOf(c.var.auth).toEqualTypeOf<Caller>()
      return c.text(auth(c).claims.tenant)
    })
    .get('/', optionalAuth(), (c) => {
      expectTypeOf(c.var.auth).toEqualTypeOf<Caller | undefined>()
      return c.text('')
    })
})

test('Fastify takes the verbs as any hook before the handler', () => {
  const { requireAuth, optionalAuth, auth } = fastifyGuard(verifier)
  const app = Fastify()
  app.addHook('onRequest', optionalAuth())
  app.get<{ Params: { id: string } }>('/orders/:id', { onRequest: requireAuth() }, async (request) => {
    expectTypeOf(auth(request)).toEqualTypeOf<Caller>()
    return request.params.id
  })
  app.get('/', { preValidation: requireAuth(), preHandler: [requireAuth({ scope: 'a' })] }, async () => '')
})

test('wrapped handlers are told who is calling, and keep their own parameters', () => {
  const web = webGuard(verifier)
  const route = web.requireScope(
    'orders:read',
    async (_request, auth, { params }: { params: Promise<{ id: string }> }) =>
      Response.json({ id: (await params).id, tenant: auth.claims.tenant }),
  )
  expectTypeOf(route).toEqualTypeOf<
    (request: Request, context: { params: Promise<{ id: string }> }) => Promise<Response>
  >()
  const { requireAuth } = nodeGuard(verifier)
  requireAuth({ check: ({ claims }) => claims.tenant === 't_1' }, (_request, response, auth) => {
    expectTypeOf(auth).toEqualTypeOf<Caller>()
    response.end()
  })
})

test('a verb without its handler, or with a foreign requirement, is refused by the compiler and at construction', () => {
  const web = webGuard(verifier)
  // @ts-expect-error no handler
  expect(() => web.requireAuth()).toThrow(TypeError)
  // @ts-expect-error no handler
  expect(() => web.requireScope('orders:read', { role: 'clerk' })).toThrow(TypeError)
  // @ts-expect-error no handler
  expect(() => nodeGuard(verifier).optionalAuth()).toThrow(TypeError)
  const { requireAuth, requireScope, requireRole } = expressGuard(verifier)
  // @ts-expect-error a scope is named by requireScope
  expect(() => requireAuth('orders:read')).toThrow(TypeError)
  // @ts-expect-error no scope
  expect(() => requireScope()).toThrow(TypeError)
  // @ts-expect-error no role
  expect(() => requireRole(undefined)).toThrow(TypeError)
  // @ts-expect-error twice
  expect(() => requireScope('a', { scope: 'b' })).toThrow(TypeError)
  // @ts-expect-error of a later version
  expect(() => requireAuth({ whenStale: 'closed' })).toThrow(TypeError)
  // @ts-expect-error of a later version
  expect(() => expressGuard(verifier, { cookie: 'session' })).toThrow(TypeError)
  expect(requireAuth({ scope: 'a', role: ['b', 'c'], check: () => true })).toBeTypeOf('function')
})

test('the claims of a verifier have a name', () => {
  expectTypeOf<ClaimsOf<typeof verifier>>().toEqualTypeOf<AccessTokenClaims & { tenant: string }>()
})
