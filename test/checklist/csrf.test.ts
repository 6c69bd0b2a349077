import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import { type Listening, listen } from '../../packages/server/src/http/listen.ts'
import { createNodeHandler } from '../../packages/server/src/http/node-handler.ts'
import { type Browser, createBrowser } from '../support/browser.ts'
import { addressOf, codeOf, openTestService, PASSWORD, register, signUp, type TestService } from '../support/service.ts'

const APP = 'https://app.example.com'

let service: TestService
let alice: Browser
let token: string
let cookie: string
let port: Listening
beforeAll(async () => {
  service = await openTestService({
    settings: { rateLimit: 'off', allowedOrigins: [APP], host: '127.0.0.1' },
  })
  await register(service, 'alice')
  alice = createBrowser(service)
  token = (await (await alice.login('alice')).json()).access_token
  cookie = alice.cookieHeader('/auth/refresh') ?? ''
  const handler = createNodeHandler(service.service.app, () => true)
  port = await listen(handler, { host: '127.0.0.1', port: 0, timers: systemTimers })
})
afterAll(async () => {
  await port.close(0)
  await service.close()
})

/** A refresh or its revocation with Alice's cookie and these headers. */
const ask = (headers: Record<string, string> | [string, string][], path = '/auth/refresh') => {
  const sent = new Headers(headers)
  sent.set('cookie', cookie)
  return service.post(path, undefined, { headers: [...sent] })
}
const csrf = { 'x-csn-csrf': '1' }
const REFUSED = [403, 'csrf_refused']
const refusal = async (response: Response) => [response.status, await codeOf(response)]

/** What the store was asked, the audit log apart: it hears of foreign origins. */
const asked = () => service.statements.filter((text) => !/\baudit/.test(text))

/** Refused on both cookie routes, without a statement, and the session stays as it was. */
async function expectRefused(headers: Record<string, string> | [string, string][]): Promise<void> {
  const before = asked().length
  for (const path of ['/auth/refresh', '/auth/refresh/revoke']) {
    const refused = await ask(headers, path)
    expect(await refusal(refused)).toEqual(REFUSED)
    expect(refused.headers.getSetCookie()).toEqual([])
  }
  expect(asked().length).toBe(before)
}

async function expectAllowed(headers: Record<string, string>): Promise<void> {
  expect((await ask(headers)).status).toBe(200)
}

test('S-C01 a request from another site, or from an unlisted subdomain, is refused and changes nothing', async () => {
  await expectRefused({ ...csrf, 'sec-fetch-site': 'cross-site' })
  await expectRefused({ ...csrf, 'sec-fetch-site': 'same-site' })
  await expectRefused({ ...csrf, 'sec-fetch-site': 'none' })
  await expectRefused({ ...csrf, 'sec-fetch-site': 'same-site', origin: 'http://evil.localhost:4000' })
  // A foreign Origin is not outvoted by a header that says otherwise.
  await expectRefused({ ...csrf, 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' })
  await expectAllowed({ ...csrf, 'sec-fetch-site': 'same-origin' })
  await expectAllowed({ ...csrf, 'sec-fetch-site': 'cross-site', origin: APP })
})

describe('S-C02 without Fetch metadata', () => {
  test.each([
    ['foreign', { origin: 'https://evil.example' }],
    ['null', { origin: 'null' }],
    ['empty', { origin: '' }],
    ['two, one of them ours', { origin: `${APP}, https://evil.example` }],
    ['ours with a path', { origin: `${APP}/` }],
    ['ours with another case', { origin: 'https://APP.example.com' }],
    ['ours over http', { origin: 'http://app.example.com' }],
    ['ours as the beginning', { origin: `${APP}.evil.example` }],
    ['a foreign Referer alone', { referer: 'https://evil.example/' }],
    ['a Referer of ours alone', { referer: 'http://localhost:4000/' }],
    ['none of them', {}],
  ])('an Origin that is %s is refused', async (_, headers) => {
    await expectRefused({ ...csrf, ...(headers as Record<string, string>) })
  })

  test('two Origin headers are refused', async () => {
    await expectRefused([
      ['x-csn-csrf', '1'],
      ['origin', APP],
      ['origin', APP],
    ])
  })

  test('the issuer’s own and a listed one pass; a bearer needs none of it', async () => {
    await expectAllowed({ ...csrf, origin: service.issuer })
    await expectAllowed({ ...csrf, origin: APP })
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await service.request('/auth/me', { token, headers })).status).toBe(200)
    const bob = await signUp(service, 'bob')
    expect((await service.post('/auth/refresh', { refresh_token: bob.refresh_token }, { headers })).status).toBe(200)
    expect((await service.post('/auth/logout', undefined, { token: bob.access_token, headers })).status).toBe(204)
  })
})

test('S-C06 the custom header missing, 0, empty, twice or padded is refused; 1 once passes', async () => {
  await expectRefused({ origin: APP })
  for (const value of ['0', '', 'true', '01', '1, 1', '1,1', '11'])
    await expectRefused({ origin: APP, 'x-csn-csrf': value })
  await expectRefused([
    ['origin', APP],
    ['x-csn-csrf', '1'],
    ['x-csn-csrf', '1'],
  ])
  await expectAllowed({ origin: APP, 'x-csn-csrf': '1' })
})

test('S-C02 a missing refresh token is told before the CSRF rule, for then no cookie was used', async () => {
  const missing = await service.post('/auth/refresh')
  expect(await refusal(missing)).toEqual([401, 'refresh_token_invalid'])
  expect((await service.post('/auth/refresh/revoke')).status).toBe(204)
})

describe('S-C03 the kind of the body', () => {
  const TYPES = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json-patch+json',
    'text/json',
    'application/jsonp',
    'text/plain, application/json',
    'text/plain; charset=application/json',
  ]
  const body = JSON.stringify({ username: 'alice', password: PASSWORD, transport: 'body' })
  const send = (headers: Record<string, string>) =>
    service.request('/auth/login', { method: 'POST', headers, body: Buffer.from(body), peer: addressOf('alice') })

  test.each(TYPES)('%s is 415', async (type) => {
    expect(await refusal(await send({ 'content-type': type }))).toEqual([415, 'media_type_unsupported'])
  })

  test('without a type it is 415; application/json passes with any parameter and in any case', async () => {
    expect(await refusal(await send({}))).toEqual([415, 'media_type_unsupported'])
    for (const type of ['application/json', 'application/json;x=text/plain', 'Application/JSON; charset=utf-8']) {
      expect((await send({ 'content-type': type })).status).toBe(200)
    }
  })

  test('on the other routes that change something it is the same', async () => {
    for (const path of [
      '/auth/register',
      '/auth/refresh',
      '/auth/refresh/revoke',
      '/auth/logout',
      '/auth/logout-all',
    ]) {
      const headers = { ...csrf, origin: APP, 'content-type': 'text/plain' }
      const refused = await service.request(path, { method: 'POST', token, headers, body: '{}' })
      expect([path, ...(await refusal(refused))]).toEqual([path, 415, 'media_type_unsupported'])
    }
    expect((await service.request('/auth/me', { token })).status).toBe(200)
  })
})

/** Every path of the reference with a value for its parameter, and its methods. */
async function paths(): Promise<readonly (readonly [string, readonly string[]])[]> {
  const openapi = await (await service.request('/openapi.json')).json()
  return Object.entries(openapi.paths as Record<string, object>).map(([path, methods]) => [
    path.replaceAll(/\{[^}]*\}/g, 'AAAAAAAAAAAAAAAAAAAAAA'),
    Object.keys(methods).map((method) => method.toUpperCase()),
  ])
}

test('S-C04 S-S13 GET and HEAD change nothing on any path, and are 405 with Allow where only others are served', async () => {
  const changes = (from: number) => service.statements.slice(from).filter((text) => !/^\s*SELECT/.test(text))
  const all = await paths()
  let posts = 0
  for (const [path, methods] of all) {
    for (const method of ['GET', 'HEAD']) {
      const before = service.statements.length
      const headers = { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
      // The administration says 403 to everybody else, whatever the method.
      const credential = path.startsWith('/admin') ? {} : { token }
      const response = await service.request(path, { method, headers, ...credential })
      expect(changes(before)).toEqual([])
      expect(response.headers.getSetCookie()).toEqual([])
      if (methods.includes('GET') || path.startsWith('/admin')) continue
      posts += 1
      expect([path, method, response.status]).toEqual([path, method, 405])
      expect(response.headers.get('allow')?.split(', ').sort()).toEqual([...methods].sort())
    }
  }
  expect(posts).toBeGreaterThanOrEqual(16)
  expect((await service.request('/auth/me', { token })).status).toBe(200)
  await expectAllowed({ ...csrf, origin: APP })
})

describe('S-C05 a log-in by a foreign page', () => {
  const credentials = { username: 'alice', password: PASSWORD }
  const login = (headers: Record<string, string>, path = '/auth/login') =>
    service.post(path, credentials, { headers, peer: addressOf('alice') })

  test.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
  ])('is refused before any password is looked at: %j', async (headers) => {
    for (const path of ['/auth/login', '/auth/register', '/auth/password/change']) {
      const before = asked().length
      const body = path.endsWith('change')
        ? { username: 'alice', current_password: PASSWORD, new_password: PASSWORD }
        : credentials
      const refused = await service.post(path, body, { headers: headers as Record<string, string> })
      expect([path, ...(await refusal(refused))]).toEqual([path, ...REFUSED])
      expect(refused.headers.getSetCookie()).toEqual([])
      expect(asked().length).toBe(before)
    }
  })

  test('from a page of ours it gives cookies, from curl it gives tokens in the body', async () => {
    for (const headers of [{ origin: APP }, { origin: service.issuer }, { 'sec-fetch-site': 'same-origin' }]) {
      const response = await login(headers as Record<string, string>)
      expect([response.status, response.headers.getSetCookie().length]).toEqual([200, 3])
    }
    const curl = await login({})
    expect([curl.status, curl.headers.getSetCookie()]).toEqual([200, []])
    expect(await curl.json()).toHaveProperty('refresh_token')
  })
})

describe('S-C07 methods', () => {
  test('no header or member changes the method', async () => {
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      const headers = { [name]: 'POST' }
      expect((await service.request('/auth/logout', { token, headers })).status).toBe(405)
      const deleting = { [name]: 'DELETE', 'content-type': 'application/json' }
      const post = await service.request('/auth/sessions', { method: 'POST', token, headers: deleting, body: '{}' })
      expect(post.status).toBe(405)
    }
    expect((await service.request('/auth/logout?_method=POST', { token })).status).toBe(405)
    const member = await service.post('/auth/refresh', { _method: 'DELETE' })
    expect(await refusal(member)).toEqual([422, 'body_invalid'])
    expect((await service.request('/auth/me', { token })).status).toBe(200)
  })

  test('methods that a path does not have are 405 with those that it has', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'PROPFIND', 'BREW']) {
      const response = await service.request('/auth/login', { method })
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'POST'])
    }
    const me = await service.request('/auth/me', { method: 'POST', token })
    expect([me.status, me.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('on the wire: TRACE is 405, a method that the parser does not know is 400, CONNECT closes the connection', async () => {
    const host = new URL(service.issuer).host
    const authority = `Host: ${host}\r\nConnection: close\r\n`
    const trace = await raw(`TRACE /auth/login HTTP/1.1\r\n${authority}Cookie: secret=1\r\n\r\n`)
    expect(trace).toMatch(/^HTTP\/1\.1 405 /)
    expect(trace).toMatch(/^allow: POST\r$/im)
    expect(trace).not.toContain('secret=1')
    expect(await raw(`BREW /auth/login HTTP/1.1\r\n${authority}\r\n`)).toMatch(/^HTTP\/1\.1 400 /)
    expect(await raw(`CONNECT ${host} HTTP/1.1\r\n${authority}\r\n`)).toBe('')
    // The process lives.
    expect(await raw(`GET /health/live HTTP/1.1\r\n${authority}\r\n`)).toMatch(/^HTTP\/1\.1 200 /)
  })
})

/** What comes back until the connection is closed. */
function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port.port, '127.0.0.1', () => socket.write(request))
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}
