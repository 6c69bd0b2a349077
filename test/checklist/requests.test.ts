import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import { type Listening, listen } from '../../packages/server/src/http/listen.ts'
import { createNodeHandler } from '../../packages/server/src/http/node-handler.ts'
import { openTestService, PASSWORD, signUp, type TestService } from '../support/service.ts'
import { codeIn, sendRaw } from '../support/socket.ts'

/** Requests as no library would send them, over raw sockets. */
let service: TestService
let listening: Listening
let port: number
let token: string
beforeAll(async () => {
  service = await openTestService({ settings: { rateLimit: 'off' } })
  token = (await signUp(service, 'alice')).access_token
  const handler = createNodeHandler(service.service.app, () => true)
  listening = await listen(handler, { host: '127.0.0.1', port: 0, timers: systemTimers })
  port = listening.port
})
afterAll(async () => {
  await listening.close(0)
  await service.close()
})

const HOST = 'Host: localhost:4000\r\n'
const send = (text: string, patience?: number) => sendRaw(port, text, patience)
const get = (target: string, headers = HOST) => send(`GET ${target} HTTP/1.1\r\n${headers}\r\n`)
const LOGIN = JSON.stringify({ username: 'alice', password: PASSWORD, transport: 'none' })

async function expectServed(): Promise<void> {
  expect((await get('/health/ready')).statuses).toEqual([200])
}

describe('S-X02 whose request it is', () => {
  test.each([
    ['an unknown Host', '/docs', 'Host: evil.example\r\n', 421, 'host_unknown'],
    ['our name with another port', '/docs', 'Host: localhost:4001\r\n', 421, 'host_unknown'],
    ['our name as the beginning', '/docs', 'Host: localhost:4000.evil.example\r\n', 400, 'request_malformed'],
    ['our name with a trailing dot', '/docs', 'Host: localhost.:4000\r\n', 421, 'host_unknown'],
    ['a user before our name', '/docs', 'Host: evil@localhost:4000\r\n', 400, 'request_malformed'],
    ['a path behind our name', '/docs', 'Host: localhost:4000/x\r\n', 400, 'request_malformed'],
    ['an empty Host', '/docs', 'Host:\r\n', 400, 'request_malformed'],
    ['two Host headers, both ours', '/docs', HOST + HOST, 400, 'request_malformed'],
    ['two Host headers, ours first', '/docs', `${HOST}Host: evil.example\r\n`, 400, 'request_malformed'],
    ['two Host headers, ours last', '/docs', `host: evil.example\r\n${HOST}`, 400, 'request_malformed'],
    ['an absolute target of ours', 'http://localhost:4000/docs', HOST, 400, 'request_malformed'],
    [
      'an absolute target under a foreign Host',
      'http://localhost:4000/docs',
      'Host: evil\r\n',
      400,
      'request_malformed',
    ],
    ['a foreign absolute target under our Host', 'http://evil.example/docs', HOST, 400, 'request_malformed'],
    ['an absolute target of a health check', 'http://evil.example/health/live', HOST, 400, 'request_malformed'],
    ['X-Forwarded-Host', '/docs', 'Host: evil\r\nX-Forwarded-Host: localhost:4000\r\n', 421, 'host_unknown'],
  ])('%s', async (_name, target, headers, status, code) => {
    const answer = await get(target, headers)
    expect([answer.statuses, codeIn(answer)]).toEqual([[status], code])
    expect(answer.text).toMatch(/\r\nx-request-id: \S{22}\r\n/i)
    expect(answer.text).not.toContain('evil')
  })

  test('no Host at all is 400', async () => {
    expect((await get('/docs', '')).statuses).toEqual([400])
    expect((await send('GET /docs HTTP/1.0\r\n\r\n')).statuses).toEqual([400])
  })

  test('our own host is served, in any case; a health check under any host', async () => {
    expect((await get('/docs')).statuses).toEqual([200])
    expect((await get('/docs', 'Host: LOCALHOST:4000\r\n')).statuses).toEqual([200])
    expect((await get('/health/live', 'Host: 10.0.0.7:4000\r\n')).statuses).toEqual([200])
  })

  test('port 443 is that of an https issuer, named or not, and no other port is (RFC 9110 §4.2.3)', async () => {
    const secure = await openTestService({ settings: { issuer: 'https://auth.example.com' } })
    onTestFinished(() => secure.close())
    const handler = createNodeHandler(secure.service.app, () => true)
    const own = await listen(handler, { host: '127.0.0.1', port: 0, timers: systemTimers })
    onTestFinished(() => own.close(0))
    const statuses = async (host: string) =>
      (await sendRaw(own.port, `GET /docs HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).statuses
    expect(await statuses('auth.example.com')).toEqual([200])
    expect(await statuses('auth.example.com:443')).toEqual([200])
    expect(await statuses('auth.example.com:8443')).toEqual([421])
    expect(await statuses('auth.example.com.evil:443')).toEqual([421])
    expect((await get('/docs', 'Host: localhost:443\r\n')).statuses).toEqual([421])
  })

  test('the host is looked at before the credential', async () => {
    const bearer = `Authorization: Bearer ${token}\r\n`
    expect((await get('/auth/me', `Host: evil\r\n${bearer}`)).statuses).toEqual([421])
    expect((await get('/auth/me', HOST + bearer)).statuses).toEqual([200])
  })

  test('a preflight for another host is 421 too', async () => {
    const preflight = (host: string) =>
      send(`OPTIONS /auth/login HTTP/1.1\r\n${host}Origin: http://localhost:4000\r\n\r\n`)
    expect((await preflight('Host: evil\r\n')).statuses).toEqual([421])
    expect((await preflight(HOST)).statuses).toEqual([204])
  })
})

describe('S-X04 two readers see one request', () => {
  const post = (headers: string, body: string, version = '1.1') =>
    send(`POST /auth/login HTTP/${version}\r\n${HOST}Content-Type: application/json\r\n${headers}\r\n${body}`)
  const SECOND = `GET /auth/me HTTP/1.1\r\n${HOST}Authorization: Bearer x\r\n\r\n`

  test.each([
    [
      'Content-Length and Transfer-Encoding',
      'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
      `0\r\n\r\n${SECOND}`,
    ],
    [
      'Transfer-Encoding and Content-Length',
      'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
      `0\r\n\r\n${SECOND}`,
    ],
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n', `{} ${SECOND}`],
    ['the same length twice', 'Content-Length: 2\r\nContent-Length: 2\r\n', `{}${SECOND}`],
    ['a list of lengths', 'Content-Length: 2, 2\r\n', `{}${SECOND}`],
    ['a length with a sign', 'Content-Length: +2\r\n', `{}${SECOND}`],
    ['a negative length', 'Content-Length: -2\r\n', SECOND],
    ['a length in hexadecimal', 'Content-Length: 0x2\r\n', `{}${SECOND}`],
    ['a length beyond all numbers', 'Content-Length: 99999999999999999999999\r\n', `{}${SECOND}`],
    ['a blank before the colon', 'Transfer-Encoding : chunked\r\n', `0\r\n\r\n${SECOND}`],
    ['an unknown coding', 'Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${SECOND}`],
    ['a coding after chunked', 'Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${SECOND}`],
    ['a folded coding', 'Transfer-Encoding:\r\n chunked\r\n', `0\r\n\r\n${SECOND}`],
    ['a folded header', 'X-A: a\r\n b\r\n', SECOND],
    ['NUL in a header', 'X-A: a\0b\r\n', SECOND],
    ['a bare line feed after a header', 'X-A: a\nContent-Length: 0\r\n', SECOND],
    ['a bare carriage return in a header', 'X-A: a\rContent-Length: 0\r\n', SECOND],
    ['a blank in a name', 'X A: a\r\n', SECOND],
    ['a chunk size that is none', 'Transfer-Encoding: chunked\r\n', `zz\r\n${SECOND}`],
    ['a chunk size with a sign', 'Transfer-Encoding: chunked\r\n', `+2\r\n{}\r\n0\r\n\r\n${SECOND}`],
    ['a chunk longer than its size', 'Transfer-Encoding: chunked\r\n', `1\r\n{}\r\n0\r\n\r\n${SECOND}`],
  ])('%s: 400, closed, and what comes behind is never served', async (_name, headers, rest) => {
    const answer = await post(headers, rest)
    expect([answer.statuses, answer.closed]).toEqual([[400], true])
  })

  test('a line feed alone ends no line of a request', async () => {
    const answer = await send(`GET /docs HTTP/1.1\n${HOST.replace('\r', '')}\n`)
    expect([answer.statuses, answer.closed]).toEqual([[400], true])
  })

  test('controls: one length, chunks, and chunks with extensions, which are ignored', async () => {
    expect((await post(`Content-Length: ${LOGIN.length}\r\n`, LOGIN)).statuses).toEqual([200])
    const size = LOGIN.length.toString(16)
    expect((await post('Transfer-Encoding: chunked\r\n', `${size}\r\n${LOGIN}\r\n0\r\n\r\n`)).statuses).toEqual([200])
    expect((await post('Transfer-Encoding: chunked\r\n', `${size};a=b\r\n${LOGIN}\r\n0\r\n\r\n`)).statuses).toEqual([
      200,
    ])
  })

  test('a body that a GET brings is its body, and not the next request', async () => {
    const answer = await send(
      `GET /health/live HTTP/1.1\r\n${HOST}Content-Length: ${SECOND.length}\r\n\r\n${SECOND}`,
      300,
    )
    expect(answer.statuses).toEqual([200])
  })

  test('a header that has one value is not read where it comes twice, whichever is first', async () => {
    const bearer = (value: string) => `Authorization: Bearer ${value}\r\n`
    for (const two of [bearer(token) + bearer('x'), bearer('x') + bearer(token), bearer(token) + bearer(token)]) {
      const answer = await get('/auth/me', HOST + two)
      expect([answer.statuses, codeIn(answer)]).toEqual([[400], 'request_malformed'])
    }
    const types = ['application/json', 'text/plain'].map((type) => `Content-Type: ${type}\r\n`)
    for (const two of [types.join(''), types.toReversed().join('')]) {
      const answer = await send(
        `POST /auth/login HTTP/1.1\r\n${HOST}${two}Content-Length: ${LOGIN.length}\r\n\r\n${LOGIN}`,
      )
      expect([answer.statuses, codeIn(answer)]).toEqual([[415], 'media_type_unsupported'])
    }
    const origins = 'Origin: http://localhost:4000\r\nOrigin: http://evil.example\r\n'
    const answer = await post(`${origins}Content-Length: ${LOGIN.length}\r\n`, LOGIN)
    expect([answer.statuses, codeIn(answer)]).toEqual([[403], 'csrf_refused'])
  })

  test('requests in a row on one connection are answered in their order', async () => {
    const row = ['/health/live', '/auth/me', '/nothing'].map((path) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`)
    expect((await send(row.join(''), 500)).statuses).toEqual([200, 401, 404])
  })
})

describe('S-C07 methods', () => {
  const LOG_IN = (method: string) => send(`${method} /auth/login HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`)

  test.each(['TRACE', 'PUT', 'DELETE', 'PATCH', 'GET', 'PURGE', 'PROPFIND', 'QUERY', 'M-SEARCH'])(
    '%s is 405 with Allow',
    async (method) => {
      const answer = await LOG_IN(method)
      expect([answer.statuses, codeIn(answer)]).toEqual([[405], 'method_not_allowed'])
      expect(answer.text).toMatch(/\r\nallow: POST\r\n/i)
    },
  )

  test('TRACE gives nothing back of what was sent', async () => {
    const answer = await send(`TRACE /auth/me HTTP/1.1\r\n${HOST}Authorization: Bearer planted-value\r\n\r\n`)
    expect(answer.statuses).toEqual([405])
    expect(answer.text).not.toContain('planted-value')
  })

  test('HEAD on a POST path is 405, without a body', async () => {
    const answer = await LOG_IN('HEAD')
    expect(answer.statuses).toEqual([405])
    expect(answer.text.split('\r\n\r\n')[1]).toBe('')
  })

  test('a method that no parser knows is 400, and CONNECT is closed', async () => {
    for (const method of ['FOO', 'get', 'POST2']) {
      const answer = await LOG_IN(method)
      expect([answer.statuses, answer.closed]).toEqual([[400], true])
    }
    const tunnel = await send(`CONNECT localhost:4000 HTTP/1.1\r\n${HOST}\r\n`)
    expect([tunnel.text, tunnel.closed]).toEqual(['', true])
    await expectServed()
  })

  test('nothing overrides a method', async () => {
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE', 'x-http-method': 'DELETE' }
    const listed = await service.request('/auth/sessions?_method=DELETE', { token, headers })
    expect(listed.status).toBe(200)
    const { sessions } = (await listed.json()) as { sessions: { session_id: string }[] }
    const own = `/auth/sessions/${sessions[0]?.session_id}?_method=DELETE`
    expect((await service.request(own, { token, headers })).status).toBe(405)
    expect((await service.request('/auth/me', { token })).status).toBe(200)
  })

  test('an upgrade is not followed, and an unknown expectation is 417 (RFC 9110 §10.1.1)', async () => {
    const upgrade = await get('/auth/me', `${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\n`)
    expect(upgrade.statuses).toEqual([401])
    const http2 = await get(
      '/auth/me',
      `${HOST}Upgrade: h2c\r\nHTTP2-Settings: AAAA\r\nConnection: Upgrade, HTTP2-Settings\r\n`,
    )
    expect(http2.statuses).toEqual([401])
    expect((await get('/docs', `${HOST}Expect: something\r\n`)).statuses).toEqual([417])
  })
})

describe('S-X05 the administration is guarded however it is written', () => {
  test.each([
    '/admin/accounts',
    '/admin',
    '/admin/',
    '/admin/nothing',
    '//admin/accounts',
    '///admin//accounts',
    '/admin/..;/x',
    '/admin;x/accounts',
    '/admin./accounts',
    '/admin%20/accounts',
    '/Admin/accounts',
    '/ADMIN/ACCOUNTS',
    '/%61dmin/accounts',
    '/%61%64%6d%69%6e/nothing',
    '/%41dmin/nothing',
    '/./admin/nothing',
    '/auth/../admin/nothing',
    '/auth/%2e%2e/admin/accounts',
    '/auth/%2E./admin/nothing',
    '/admin/accounts/',
    '/admin/accounts/../nothing',
    '/admin/%ff',
  ])('%s is 401 without a token and 403 with a user’s', async (path) => {
    expect((await get(path)).statuses).toEqual([401])
    expect((await get(path, `${HOST}Authorization: Bearer ${token}\r\n`)).statuses).toEqual([403])
  })

  test.each([
    '/admin%2faccounts',
    '/admin%2Faccounts',
    '/admin%5caccounts',
    '/admin\\accounts',
    '/admin/%00',
    '/auth%2fme',
  ])('%s is 400', async (path) => {
    expect((await get(path)).statuses).toEqual([400])
  })

  test.each([
    '/auth//me',
    '/auth/me/',
    '/auth/me.',
    '/Auth/me',
    '/AUTH/ME',
    '/auth/me;x',
    '/auth/me%20',
    '/health/live/',
  ])('%s is no other name of a path', async (path) => {
    const answer = await get(path, `${HOST}Authorization: Bearer ${token}\r\n`)
    expect([answer.statuses, codeIn(answer)]).toEqual([[404], 'not_found'])
  })

  test('paths that a browser would take as another host stay on this one', async () => {
    expect((await get('//evil.example/docs')).statuses).toEqual([404])
    expect((await get('/docs')).statuses).toEqual([200])
  })
})

test('S-X03 a forwarded scheme from anybody changes nothing', async () => {
  const secure = await openTestService({ settings: { issuer: 'https://auth.example.com', registration: 'open' } })
  try {
    await signUp(secure, 'bob')
    const headers = { 'x-forwarded-proto': 'http', forwarded: 'proto=http', origin: 'https://auth.example.com' }
    // Behind a proxy that ends TLS the request itself arrives by http; the issuer alone says how cookies are set.
    for (const scheme of ['https', 'http']) {
      const login = await secure.request(`${scheme}://auth.example.com/auth/login`, {
        method: 'POST',
        headers,
        json: { username: 'bob', password: PASSWORD },
      })
      expect(login.status).toBe(200)
      const lines = login.headers.getSetCookie()
      expect(lines.length).toBeGreaterThanOrEqual(2)
      for (const line of lines) expect(line).toMatch(/^__(?:Host|Secure)-.*; Secure;/)
      expect(login.headers.get('strict-transport-security')).toMatch(/^max-age=31536000/)
    }
  } finally {
    await secure.close()
  }
  const login = await service.post(
    '/auth/login',
    { username: 'alice', password: PASSWORD, transport: 'cookie' },
    { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'auth.example.com' } },
  )
  for (const line of login.headers.getSetCookie()) expect(line).not.toMatch(/Secure|Domain/)
})
