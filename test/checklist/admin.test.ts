import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  administrator,
  codeOf,
  login,
  openTestService,
  PASSWORD,
  payloadOf,
  signUp,
  type TestRequest,
  type TestService,
  type Tokens,
} from '../support/service.ts'

const REAUTHENTICATION_AGE = 3_600

let service: TestService
let admin: Tokens
let alice: Tokens
/** Every operation under /admin, from the service's own document. */
let rows: readonly { readonly method: string; readonly path: string }[]
beforeAll(async () => {
  service = await openTestService({
    settings: {
      rateLimit: 'off',
      accessTokenLifetime: 3_600,
      roleScopes: { clerk: ['orders:read'] },
      audience: ['https://api.example.com'],
    },
  })
  admin = await administrator(service)
  alice = await signUp(service, 'alice')
  const document = (await (await service.request('/openapi.json')).json()) as { paths: Record<string, object> }
  rows = Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/admin'))
    .flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => ({
        method: method.toUpperCase(),
        path: path.replace('{id}', alice.account.id),
      })),
    )
})
afterAll(() => service.close())

const refusal = async (response: Response) => [response.status, await codeOf(response)]
const accountOf = async (id: string): Promise<object> =>
  (await service.request(`/admin/accounts/${id}`, { token: admin.access_token })).json()
const change = (id: string, json: object, init: TestRequest = {}) =>
  service.request(`/admin/accounts/${id}`, { method: 'PATCH', token: admin.access_token, json, ...init })

/** Logs the administrator in again, for more than what was asked for first. */
const adminLogin = (more: object) => login(service, 'admin', more)

describe('S-D01 every path of the administration', () => {
  /** Paths that are there, and ones that are not: nobody without the power sees which is which. */
  const ABSENT = [
    { method: 'GET', path: '/admin' },
    { method: 'GET', path: '/admin/nothing' },
    { method: 'POST', path: '/admin/nothing' },
    { method: 'PUT', path: '/admin/accounts' },
    { method: 'DELETE', path: '/admin/keys' },
    { method: 'GET', path: '/admin/accounts/AAAAAAAAAAAAAAAAAAAAAA' },
    { method: 'GET', path: '/admin/clients' },
  ]

  async function expectEach(init: TestRequest, status: number, code: string): Promise<void> {
    expect(rows.length).toBeGreaterThan(7)
    for (const { method, path } of [...rows, ...ABSENT]) {
      const refused = await service.request(path, { method, ...init })
      expect([method, path, refused.status, await codeOf(refused)]).toEqual([method, path, status, code])
      expect(refused.headers.has('allow')).toBe(false)
      expect(refused.headers.has('www-authenticate')).toBe(true)
    }
  }

  test('no token', () => expectEach({}, 401, 'token_missing'))
  test('credentials of another kind', () =>
    expectEach({ headers: { authorization: `Basic ${btoa(`admin:${PASSWORD}`)}` } }, 401, 'token_missing'))
  test('a user’s token', () => expectEach({ token: alice.access_token }, 403, 'scope_insufficient'))
  test('an administrator’s token without the scope', async () => {
    const { access_token } = await adminLogin({})
    expect(payloadOf(access_token)).toMatchObject({ roles: ['admin'] })
    await expectEach({ token: access_token }, 403, 'scope_insufficient')
  })
  test('a token that is none', () => expectEach({ token: 'x.y.z' }, 401, 'token_invalid'))
  test('a token with a changed scope', async () => {
    const [header, , signature] = alice.access_token.split('.')
    const payload = { ...payloadOf(alice.access_token), scope: 'admin', roles: ['admin'] }
    const forged = [header, Buffer.from(JSON.stringify(payload)).toString('base64url'), signature].join('.')
    await expectEach({ token: forged }, 401, 'token_invalid')
  })
  test('a token whose session has ended', async () => {
    const { access_token } = await adminLogin({ scope: 'admin' })
    expect((await service.request('/admin/keys', { token: access_token })).status).toBe(200)
    expect((await service.post('/auth/logout', undefined, { token: access_token })).status).toBe(204)
    await expectEach({ token: access_token }, 401, 'token_invalid')
  })
  test('a token in the query or a cookie', async () => {
    const { access_token } = admin
    for (const { method, path } of rows) {
      const query = await service.request(`${path}?access_token=${access_token}`, { method })
      expect(await refusal(query)).toEqual([401, 'token_missing'])
      const cookie = await service.request(path, {
        method,
        headers: { cookie: `csn_b=${access_token}; access_token=${access_token}` },
      })
      expect(await refusal(cookie)).toEqual([401, 'token_missing'])
    }
  })

  test('control: with the scope they are there, or told to be absent', async () => {
    for (const path of ['/admin/accounts', '/admin/keys', `/admin/accounts/${alice.account.id}`]) {
      expect((await service.request(path, { token: admin.access_token })).status).toBe(200)
    }
    for (const { method, path } of ABSENT) {
      const status = (await service.request(path, { method, token: admin.access_token })).status
      expect([method, path, [404, 405].includes(status)]).toEqual([method, path, true])
    }
  })

  test('an expired token', async () => {
    const at = { value: 0 }
    const own = await openTestService({ at, settings: { rateLimit: 'off', accessTokenLifetime: 300 } })
    try {
      const { access_token } = await administrator(own)
      expect((await own.request('/admin/keys', { token: access_token })).status).toBe(200)
      own.clock.advance(301)
      for (const { method, path } of [...rows, ...ABSENT]) {
        expect(await refusal(await own.request(path, { method, token: access_token }))).toEqual([401, 'token_invalid'])
      }
    } finally {
      await own.close()
    }
  })
})

describe('S-D02 the scope admin', () => {
  test('is given at log-in and refresh to nobody without the role', async () => {
    for (const scope of ['admin', 'admin admin', 'orders:read admin']) {
      const tokens = await login(service, 'alice', { scope })
      expect(tokens.scope.split(' ')).not.toContain('admin')
      expect(payloadOf(tokens.access_token).scope ?? '').not.toContain('admin')
      const refused = await service.post('/auth/refresh', { refresh_token: tokens.refresh_token, scope: 'admin' })
      expect(await refusal(refused)).toEqual([422, 'scope_not_allowed'])
      // Refused without a turn: the token is good as before.
      expect((await service.post('/auth/refresh', { refresh_token: tokens.refresh_token })).status).toBe(200)
    }
  })

  test('is not matched by anything that looks like it', async () => {
    for (const scope of ['Admin', 'ADMIN', 'admin:read', 'admin,', 'admin\u00a0', 'xadmin']) {
      const response = await service.post('/auth/login', {
        username: 'admin',
        password: PASSWORD,
        transport: 'body',
        scope,
      })
      if (response.status === 422) continue
      const { access_token, scope: given } = (await response.json()) as Tokens
      expect([scope, given]).toEqual([scope, ''])
      expect((await service.request('/admin/keys', { token: access_token })).status).toBe(403)
    }
  })

  test('is given to an administrator only when asked for by name, and for the issuer alone', async () => {
    expect((await adminLogin({})).scope).toBe('')
    const asked = await adminLogin({ scope: 'admin' })
    expect(asked.scope).toBe('admin')
    expect(payloadOf(asked.access_token).aud).toBe(service.issuer)
    for (const audience of ['https://api.example.com', [service.issuer, 'https://api.example.com']]) {
      const body = { username: 'admin', password: PASSWORD, scope: 'admin', audience }
      expect(await refusal(await service.post('/auth/login', body))).toEqual([422, 'audience_not_allowed'])
    }
  })

  test('is not gained by a refresh of a session without it', async () => {
    const { refresh_token } = await adminLogin({})
    const refused = await service.post('/auth/refresh', { refresh_token, scope: 'admin' })
    expect(await refusal(refused)).toEqual([422, 'scope_not_allowed'])
  })

  test('a role is given by an administrator and by nobody else', async () => {
    for (const token of [alice.access_token, undefined]) {
      const refused = await change(alice.account.id, { roles: ['admin'] }, { token })
      expect([401, 403]).toContain(refused.status)
    }
    expect(await accountOf(alice.account.id)).toMatchObject({ roles: [] })
  })
})

describe('S-D03 the last administrator', () => {
  test('stays: he can neither be demoted nor disabled, by himself or by another, until there is a second one', async () => {
    const id = admin.account.id
    for (const json of [{ roles: [] }, { roles: ['clerk'] }, { disabled: true }, { disabled: true, roles: [] }]) {
      expect(await refusal(await change(id, json))).toEqual([409, 'last_administrator'])
    }
    expect(await accountOf(id)).toMatchObject({ roles: ['admin'], disabled: false })
    const second = await signUp(service, 'second')
    expect((await change(second.account.id, { roles: ['admin'] })).status).toBe(200)
    // A disabled one does not count.
    expect((await change(second.account.id, { disabled: true })).status).toBe(200)
    expect(await refusal(await change(id, { roles: [] }))).toEqual([409, 'last_administrator'])
    expect((await change(second.account.id, { disabled: false })).status).toBe(200)
    // Control: with a second one, one may go; and the one who is left is the last again.
    expect((await change(second.account.id, { roles: [] })).status).toBe(200)
    expect(await refusal(await change(id, { disabled: true }))).toEqual([409, 'last_administrator'])
  })

  test('two that demote each other at once: one is left', async () => {
    const third = await signUp(service, 'third')
    expect((await change(third.account.id, { roles: ['admin'] })).status).toBe(200)
    const own = (await login(service, 'third', { scope: 'admin' })).access_token
    const answers = await Promise.all([
      change(third.account.id, { roles: [] }),
      change(admin.account.id, { roles: [] }, { token: own }),
    ])
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200).length).toBe(1)
    // Put back as it was, by whoever is left.
    if (statuses[1] === 200)
      expect((await change(admin.account.id, { roles: ['admin'] }, { token: own })).status).toBe(200)
    admin = await adminLogin({ scope: 'admin' })
    expect((await change(third.account.id, { roles: [] })).status).toBe(200)
    expect(await accountOf(admin.account.id)).toMatchObject({ roles: ['admin'], disabled: false })
  })
})

describe('S-D04 a log-in that is too old', () => {
  test('is asked for the password again before it writes, and may still read', async () => {
    const { access_token: token } = await adminLogin({ scope: 'admin' })
    const writes = rows.filter(({ method }) => method !== 'GET')
    expect(writes.length).toBeGreaterThan(4)
    service.clock.advance(REAUTHENTICATION_AGE - 900)
    expect((await change(alice.account.id, { email: 'young@example.com' }, { token })).status).toBe(200)
    const own = await openTestService({
      settings: { rateLimit: 'off', reauthenticationAge: 300, accessTokenLifetime: 3_600 },
    })
    try {
      const old = await administrator(own)
      own.clock.advance(299)
      expect((await own.post('/admin/accounts', { username: 'before' }, { token: old.access_token })).status).toBe(201)
      own.clock.advance(2)
      for (const { method, path } of writes) {
        const refused = await own.request(path, { method, token: old.access_token })
        expect(refused.headers.get('www-authenticate')).toBe(
          'Bearer realm="http://localhost:4000", error="insufficient_user_authentication", max_age=300',
        )
        expect(await refusal(refused)).toEqual([401, 'reauthentication_required'])
      }
      expect((await own.request('/admin/accounts', { token: old.access_token })).status).toBe(200)
      // A refresh is no log-in.
      const refreshed = (await (await own.post('/auth/refresh', { refresh_token: old.refresh_token })).json()) as Tokens
      const again = await own.post('/admin/accounts', { username: 'after' }, { token: refreshed.access_token })
      expect(await refusal(again)).toEqual([401, 'reauthentication_required'])
      const fresh = await login(own, 'admin', { scope: 'admin' })
      expect((await own.post('/admin/accounts', { username: 'after' }, { token: fresh.access_token })).status).toBe(201)
    } finally {
      await own.close()
    }
    admin = await adminLogin({ scope: 'admin' })
  })
})

describe('S-D05 what is for the machine alone', () => {
  test('metrics are for loopback peers, and 404 for everybody else', async () => {
    for (const peer of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) {
      expect([peer, (await service.request('/metrics', { peer })).status]).toEqual([peer, 200])
    }
    for (const peer of ['192.0.2.1', '10.0.0.1', '169.254.1.1', '::2', 'fe80::1', '128.0.0.1', '']) {
      expect([peer, ...(await refusal(await service.request('/metrics', { peer })))]).toEqual([peer, 404, 'not_found'])
    }
  })

  test('whom a proxy on this machine speaks for is no loopback peer', async () => {
    for (const headers of [
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-forwarded-for': '198.51.100.1' },
      { forwarded: 'for=127.0.0.1' },
    ]) {
      expect((await service.request('/metrics', { peer: '127.0.0.1', headers })).status).toBe(404)
    }
    const forged = { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' }
    expect((await service.request('/metrics', { peer: '192.0.2.1', headers: forged })).status).toBe(404)
  })

  test('readiness says yes or no and nothing else', async () => {
    const ready = await service.request('/health/ready')
    expect([ready.status, await ready.text()]).toEqual([200, '{"status":"ok"}'])
  })
})

describe('S-D06 what belongs to another', () => {
  test('another account’s session is absent, in the very words', async () => {
    const mallory = await signUp(service, 'mallory')
    const mine = await login(service, 'alice')
    const other = `/auth/sessions/${mine.session_id}`
    const absent = '/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA'
    const answers = await Promise.all(
      [other, absent, '/auth/sessions/x', `/auth/sessions/${'A'.repeat(500)}`].map((path) =>
        service.request(path, { method: 'DELETE', token: mallory.access_token }),
      ),
    )
    const bodies = await Promise.all(answers.map(async (one) => ({ ...(await one.json()), instance: '' })))
    for (const body of bodies) expect(body).toEqual({ ...bodies[0], code: 'not_found', status: 404 })
    expect((await service.request('/auth/me', { token: mine.access_token })).status).toBe(200)
    const own = await service.request(other, { method: 'DELETE', token: mine.access_token })
    expect(own.status).toBe(204)
    expect((await service.request('/auth/me', { token: mine.access_token })).status).toBe(401)
  })

  test('a list of sessions holds one’s own alone', async () => {
    const { sessions } = (await (await service.request('/auth/sessions', { token: alice.access_token })).json()) as {
      sessions: { session_id: string; current: boolean }[]
    }
    expect(sessions.filter(({ current }) => current).map(({ session_id }) => session_id)).toEqual([alice.session_id])
    expect(sessions.map(({ session_id }) => session_id)).not.toContain(admin.session_id)
  })

  test('an account that is not there is 404 for every operation, whatever the id looks like', async () => {
    for (const id of [
      'AAAAAAAAAAAAAAAAAAAAAA',
      'x',
      `${alice.account.id}x`,
      alice.account.id.slice(0, -1),
      '1',
      '-',
      '%ff',
      'alice',
    ]) {
      for (const [method, path, json] of [
        ['GET', `/admin/accounts/${id}`, undefined],
        ['PATCH', `/admin/accounts/${id}`, { disabled: true }],
        ['POST', `/admin/accounts/${id}/password-reset`, undefined],
        ['DELETE', `/admin/accounts/${id}/sessions`, undefined],
      ] as const) {
        const refused = await service.request(path, { method, token: admin.access_token, ...(json ? { json } : {}) })
        expect([method, id, ...(await refusal(refused))]).toEqual([method, id, 404, 'not_found'])
      }
    }
    expect(await accountOf(alice.account.id)).toMatchObject({ disabled: false })
  })

  test('an id has one spelling', async () => {
    // 16 bytes in 22 characters: the last one has bits to spare, which must be 0.
    const last = alice.account.id.at(-1) ?? ''
    const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const twin = alice.account.id.slice(0, -1) + ALPHABET[ALPHABET.indexOf(last) + 1]
    const refused = await service.request(`/admin/accounts/${twin}`, { token: admin.access_token })
    expect(refused.status).toBe(404)
  })
})

test('S-D07 a demoted administrator’s token loses its power at once', async () => {
  const fourth = await signUp(service, 'fourth')
  expect((await change(fourth.account.id, { roles: ['admin'] })).status).toBe(200)
  const { access_token: token, refresh_token } = await login(service, 'fourth', { scope: 'admin' })
  expect((await service.request('/admin/keys', { token })).status).toBe(200)
  expect((await change(fourth.account.id, { roles: [] })).status).toBe(200)
  expect((await service.request('/admin/keys', { token })).status).toBe(401)
  const refreshed = await service.post('/auth/refresh', { refresh_token })
  if (refreshed.status === 200) {
    const tokens = (await refreshed.json()) as Tokens
    expect(tokens.scope).toBe('')
    expect((await service.request('/admin/keys', { token: tokens.access_token })).status).toBe(403)
  }
})

test('an administrator never sees or chooses a password, and a one-time one is shown once', async () => {
  const token = admin.access_token
  const made = await service.post('/admin/accounts', { username: 'shown-once' }, { token })
  const { account, one_time_password: password } = await made.json()
  expect(password.length).toBeGreaterThanOrEqual(22)
  const looks = await Promise.all([
    service.request(`/admin/accounts/${account.id}`, { token }),
    service.request('/admin/accounts?limit=200', { token }),
  ])
  for (const look of looks) expect(await look.text()).not.toContain(password)
  expect(service.logs.join('\n')).not.toContain(password)
  const login = await service.post('/auth/login', { username: 'shown-once', password })
  expect(await refusal(login)).toEqual([403, 'password_change_required'])
})
