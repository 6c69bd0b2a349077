import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TokenResponse } from '@countersign/protocol'
import { type Countersign, createCountersign, toNodeHandler } from '@countersign/server'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../examples/embed-express/app.ts'

const ISSUER = 'http://localhost:4000'

/** An application with the service in it and a route `POST /own` that answers with the JSON it got. */
interface Mounted {
  readonly address: string
  close(): unknown
}

async function listen(handler: RequestListener): Promise<Mounted> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return { address: `http://127.0.0.1:${address.port}`, close: () => server.close() }
}

function expressApp(countersign: Countersign, order: 'before' | 'after'): RequestListener {
  const app = express()
  if (order === 'before') app.use(toNodeHandler(countersign))
  app.use(express.json())
  if (order === 'after') app.use(toNodeHandler(countersign))
  app.post('/own', (request, response) => {
    response.json(request.body)
  })
  return app
}

const mounts: Record<string, (countersign: Countersign) => Promise<Mounted>> = {
  async Hono(countersign) {
    const app = new Hono()
    const { getRequestListener } = await import('@hono/node-server')
    const methods = ['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS']
    app.on(methods, [...countersign.paths], (c) => countersign.fetch(c.req.raw))
    app.post('/own', async (c) => c.json(await c.req.json()))
    return listen(getRequestListener(app.fetch))
  },
  'Express, before express.json()': (countersign) => listen(expressApp(countersign, 'before')),
  'Express, after express.json()': (countersign) => listen(expressApp(countersign, 'after')),
  async Fastify(countersign) {
    const app = Fastify()
    app.post('/own', async (request) => request.body)
    app.register(async (scope) => {
      // The service reads the body itself.
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
      for (const path of countersign.paths)
        scope.all(path, (request, reply) => {
          reply.hijack()
          toNodeHandler(countersign)(request.raw, reply.raw)
        })
    })
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    return { address, close: () => app.close() }
  },
}

function open(): Countersign {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-embed-'))
  const countersign = createCountersign({ issuer: ISSUER, dataDir: folder, logLevel: 'silent' })
  onTestFinished(async () => {
    await countersign.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return countersign
}

const ALICE = { username: 'alice', password: 'correct horse battery staple' }

function postTo(address: string) {
  return (path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(address + path, {
      method: 'POST',
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
}

describe.each(Object.entries(mounts))('mounted in %s', (_name, mount) => {
  test('the life of a session, by body', async () => {
    const { address, close } = await mount(open())
    onTestFinished(() => void close())
    const post = postTo(address)
    const me = (token: string) => fetch(`${address}/auth/me`, { headers: { authorization: `Bearer ${token}` } })

    expect((await post('/auth/register', ALICE)).status).toBe(201)
    expect((await post('/auth/login', { ...ALICE, password: 'wrong, but long enough' })).status).toBe(401)
    const login = await post('/auth/login', { ...ALICE, transport: 'body' })
    expect(login.status).toBe(200)
    const first = (await login.json()) as TokenResponse
    const self = await me(first.access_token)
    expect(self.status).toBe(200)
    expect(await self.json()).toMatchObject({ account: { username: 'alice' } })
    const refresh = await post('/auth/refresh', { refresh_token: first.refresh_token })
    expect(refresh.status).toBe(200)
    const second = (await refresh.json()) as TokenResponse
    expect(second.session_id).toBe(first.session_id)
    const logout = await post('/auth/logout', undefined, { authorization: `Bearer ${second.access_token}` })
    expect(logout.status).toBe(204)
    expect((await me(second.access_token)).status).toBe(401)
  })

  test('the life of a session, by cookie: each Set-Cookie arrives on its own', async () => {
    const { address, close } = await mount(open())
    onTestFinished(() => void close())
    const post = postTo(address)
    expect((await post('/auth/register', ALICE)).status).toBe(201)
    const login = await post('/auth/login', ALICE, { origin: ISSUER })
    expect(login.status).toBe(200)
    const cookies = login.headers.getSetCookie().map((text) => text.split(';', 1)[0] ?? '')
    expect(cookies).toContainEqual(expect.stringMatching(/^csn_b=./))
    expect(cookies).toContainEqual(expect.stringMatching(/^csn_rt-.{8}=./))
    const cookie = cookies.join('; ')
    expect((await post('/auth/refresh', undefined, { cookie, origin: ISSUER })).status).toBe(403)
    expect((await post('/auth/refresh', undefined, { cookie, origin: ISSUER, 'x-csn-csrf': '1' })).status).toBe(200)
  })

  test("the application's own routes stay its own", async () => {
    const { address, close } = await mount(open())
    onTestFinished(() => void close())
    const own = await postTo(address)('/own', { hello: 'täxt' })
    expect(own.status).toBe(200)
    expect(await own.json()).toEqual({ hello: 'täxt' })
    const foreign = await fetch(`${address}/elsewhere`)
    expect(foreign.status).toBe(404)
    expect(foreign.headers.get('content-type')).not.toContain('problem')
    expect((await fetch(`${address}/health/ready`)).status).toBe(200)
  })
})

test('the Express example guards its own route with the service in the same process', async () => {
  const countersign = open()
  const { address, close } = await listen(createApp(countersign, ISSUER))
  onTestFinished(() => void close())
  const post = postTo(address)
  const { id } = (await (await post('/auth/register', ALICE)).json()) as { id: string }
  const login = await post('/auth/login', { ...ALICE, transport: 'body' })
  const { access_token } = (await login.json()) as TokenResponse
  expect((await fetch(`${address}/hello`)).status).toBe(401)
  const hello = await fetch(`${address}/hello`, { headers: { authorization: `Bearer ${access_token}` } })
  expect(hello.status).toBe(200)
  expect(await hello.json()).toEqual({ hello: id })
})
