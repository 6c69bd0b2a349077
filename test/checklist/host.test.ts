import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Countersign, createCountersign, toNodeHandler } from '@countersign/server'
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'

/** The service inside an application, which decides by itself for which hosts it answers. */
const ISSUER = 'http://localhost:4000'
const ALICE = { username: 'alice', password: 'seven purple lanterns drift' }
const root = mkdtempSync(join(tmpdir(), 'countersign-host-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let dataDir: string
beforeEach(() => {
  dataDir = join(mkdtempSync(join(root, 'x-')), 'data')
})

function mount(settings: { issuer?: string } = {}): Countersign {
  const countersign = createCountersign({ issuer: ISSUER, dataDir, logLevel: 'silent', ...settings })
  onTestFinished(() => countersign.close())
  return countersign
}

const get = (countersign: Countersign, address: string) => countersign.fetch(new Request(address))
const post = (countersign: Countersign, address: string, json: object) =>
  countersign.fetch(
    new Request(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
    }),
  )

describe('mounted in an application', () => {
  test('S-X02 the host is the application’s business; issuer and tokens stay what they are', async () => {
    const countersign = mount()
    for (const host of ['http://localhost:4000', 'https://app.example.com', 'http://10.0.0.7:3000']) {
      expect((await get(countersign, `${host}/docs`)).status).toBe(200)
    }
    expect((await post(countersign, 'https://app.example.com/auth/register', ALICE)).status).toBe(201)
    const login = await post(countersign, 'https://app.example.com/auth/login', { ...ALICE, transport: 'none' })
    const { access_token } = await login.json()
    const claims = JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url').toString())
    expect([claims.iss, claims.aud]).toEqual([ISSUER, ISSUER])
    const problem = await (await get(countersign, 'https://app.example.com/auth/me')).json()
    expect(problem.type).toBe(`${ISSUER}/docs#token_missing`)
  })

  test('a path that is not ours is 404, and /admin is guarded as everywhere', async () => {
    const countersign = mount()
    for (const path of ['/own', '/authx', '/auth', '/admins', '/docs/nothing']) {
      expect([path, (await get(countersign, ISSUER + path)).status]).toEqual([path, 404])
    }
    expect((await get(countersign, `${ISSUER}/admin/nothing`)).status).toBe(401)
  })

  test('`paths` covers every path of the document, and nothing of the application’s', async () => {
    const countersign = mount()
    const { paths } = (await (await get(countersign, `${ISSUER}/openapi.json`)).json()) as { paths: object }
    const isOurs = (path: string) =>
      countersign.paths.some((one) => (one.endsWith('/*') ? path.startsWith(one.slice(0, -1)) : one === path))
    // The front page is the application's.
    expect(Object.keys(paths).filter((path) => !isOurs(path))).toEqual(['/'])
    for (const path of ['/', '/own', '/authx', '/metricsx', '/docsx', '/administer']) expect(isOurs(path)).toBe(false)
  })

  test('under a path of its own, with the metadata in both places (RFC 8414 §3.1)', async () => {
    const issuer = 'http://localhost:4000/login'
    const countersign = mount({ issuer })
    for (const path of countersign.paths) expect(path).toMatch(/^\/login\/|^\/\.well-known\/.*\/login$/)
    const places = ['/login/.well-known/oauth-authorization-server', '/.well-known/oauth-authorization-server/login']
    for (const path of places) {
      const answer = await get(countersign, `http://localhost:4000${path}`)
      expect([path, answer.status]).toEqual([path, 200])
      expect(await answer.json()).toMatchObject({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` })
    }
    expect((await post(countersign, `${issuer}/auth/register`, ALICE)).status).toBe(201)
    for (const path of ['/auth/me', '/docs', '/loginauth/me', '/login']) {
      expect([path, (await get(countersign, `http://localhost:4000${path}`)).status]).toEqual([path, 404])
    }
    expect((await get(countersign, `${issuer}/admin/nothing`)).status).toBe(401)
    expect((await get(countersign, 'http://localhost:4000/login/%61dmin/nothing')).status).toBe(401)
  })

  test('is opened by the first request and not before, once for all that come together', async () => {
    const countersign = mount()
    expect(existsSync(dataDir)).toBe(false)
    const first = await Promise.all(Array.from({ length: 8 }, () => get(countersign, `${ISSUER}/health/ready`)))
    expect(first.map(({ status }) => status)).toEqual(Array(8).fill(200))
    expect(readdirSync(dataDir)).toContain('countersign.db')
  })

  test('a store that cannot be opened is 503 with a problem, and the next request finds it again', async () => {
    const countersign = mount()
    // A file stands where the folder should be.
    writeFileSync(dataDir, '')
    const failed = await get(countersign, `${ISSUER}/auth/me`)
    expect(failed.status).toBe(503)
    expect(Object.fromEntries(failed.headers)).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'retry-after': '2',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^[\w-]{22}$/),
    })
    const text = await failed.text()
    expect(JSON.parse(text)).toEqual({
      type: `${ISSUER}/docs#store_unavailable`,
      title: 'The store cannot be reached.',
      status: 503,
      instance: `urn:countersign:request:${failed.headers.get('x-request-id')}`,
      code: 'store_unavailable',
    })
    expect(text).not.toContain(dataDir)
    await expect(countersign.ready()).rejects.toThrow()
    rmSync(dataDir)
    expect((await get(countersign, `${ISSUER}/auth/me`)).status).toBe(401)
  })

  test('after it was closed it answers 503 and opens nothing again', async () => {
    const countersign = mount()
    await countersign.ready()
    await countersign.close()
    expect((await get(countersign, `${ISSUER}/health/ready`)).status).toBe(503)
    await expect(countersign.ready()).rejects.toThrow(TypeError)
  })

  test('as a handler of node:http it answers 400 to two hosts and hands foreign paths on', async () => {
    const handler = toNodeHandler(mount())
    const server = createServer((request, response) =>
      handler(request, response, () => {
        response.writeHead(418).end()
      }),
    ).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { sendRaw, codeIn } = await import('../support/socket.ts')
    const twice = await sendRaw(port, 'GET /auth/me HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n')
    expect([twice.statuses, codeIn(twice)]).toEqual([[400], 'request_malformed'])
    const once_ = await sendRaw(port, 'GET /auth/me HTTP/1.1\r\nHost: a.example\r\n\r\n')
    expect([once_.statuses, codeIn(once_)]).toEqual([[401], 'token_missing'])
    expect((await sendRaw(port, 'GET /own HTTP/1.1\r\nHost: a.example\r\n\r\n')).statuses).toEqual([418])
  })

  test('settings that cannot be are refused at once', () => {
    expect(() => createCountersign({ issuer: 'http://auth.example.com', dataDir })).toThrow(/issuer/)
    expect(existsSync(dataDir)).toBe(false)
  })
})
