import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import { decodeBase62 } from '../../packages/server/src/domain/base62.ts'
import type { PasswordHasher } from '../../packages/server/src/ports/password-hasher.ts'
import { createBrowser } from '../support/browser.ts'
import {
  addressOf,
  administrator,
  codeOf,
  login,
  openTestService,
  PASSWORD,
  payloadOf,
  register,
  signUp,
  type TestService,
  type Tokens,
} from '../support/service.ts'

let service: TestService
let admin: Tokens
beforeAll(async () => {
  service = await openTestService({ settings: { rateLimit: 'off' } })
  admin = await administrator(service)
})
afterAll(() => service.close())

const refresh = (token: string) => service.post('/auth/refresh', { refresh_token: token })
const refusal = async (response: Response) => [response.status, await codeOf(response)]
const INVALID = [401, 'refresh_token_invalid']

/** By refresh token and by access token, here and now. */
async function expectDead({ refresh_token, access_token: token }: Tokens): Promise<void> {
  const me = await service.request('/auth/me', { token })
  expect(me.headers.get('www-authenticate')).toContain('error="invalid_token"')
  expect(await refusal(me)).toEqual([401, 'token_invalid'])
  expect(await refusal(await refresh(refresh_token))).toEqual(INVALID)
}

async function expectAlive({ refresh_token, access_token: token }: Tokens): Promise<void> {
  expect((await service.request('/auth/me', { token })).status).toBe(200)
  expect((await refresh(refresh_token)).status).toBe(200)
}

/** The parts of a refresh token: `ver:1 | kid:1 | sid:16 | gen:4 | secret:16 | mac:16`. */
function bytesOf(token: string): Buffer {
  const body = decodeBase62(token.slice('csn_rt_'.length, -6), 54)
  if (body === undefined) throw new Error('no refresh token')
  return Buffer.from(body)
}

/** Every value of every table, the bytes as Latin-1 so that they can be searched. */
function everythingStored(): string {
  const database = new DatabaseSync(join(service.folder, 'countersign.db'), { readOnly: true })
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
    return tables
      .flatMap(({ name }) => database.prepare(`SELECT * FROM ${String(name)}`).all())
      .flatMap((row) => Object.values(row))
      .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)))
      .join('\n')
  } finally {
    database.close()
  }
}

describe('S-S04 what is random in tokens and ids', () => {
  test('secrets, ids and bindings never repeat, and no byte of them stands still', async () => {
    // The hash is what takes time and says nothing here; the plug-in is the one that an application may give.
    const quick = await openTestService({
      settings: { rateLimit: 'off' },
      plugins: { passwordHasher: { hash: async () => 'none', verify: async () => 'match' } },
    })
    try {
      await register(quick, 'alice')
      const parts = { secret: [] as Buffer[], sid: [] as Buffer[], jti: [] as Buffer[] }
      for (let i = 0; i < 500; i++) {
        const tokens = await login(quick, 'alice')
        const body = bytesOf(tokens.refresh_token)
        // Generation 0, and nothing that tells the time: version, key, session, generation, secret, MAC.
        expect([body[0], body.readUInt32BE(18)]).toEqual([1, 0])
        expect(body.subarray(2, 18).toString('base64url')).toBe(tokens.session_id)
        parts.secret.push(body.subarray(22, 38))
        parts.sid.push(body.subarray(4, 18))
        parts.jti.push(Buffer.from(String(payloadOf(tokens.access_token).jti), 'base64url'))
      }
      expect(parts.secret[0]).toHaveLength(16)
      expect(parts.sid[0]).toHaveLength(14)
      for (const values of Object.values(parts)) {
        expect(new Set(values.map((bytes) => bytes.toString('hex'))).size).toBe(500)
        for (let i = 0; i < (values[0]?.length ?? 0); i++) {
          // Of 256 values 500 draws see 220 on average; a time or a counter would be seen at once.
          expect(new Set(values.map((bytes) => bytes[i])).size).toBeGreaterThan(180)
        }
      }
    } finally {
      await quick.close()
    }
  })

  test('an access token tells the session’s id, which opens nothing', async () => {
    const alice = await signUp(service, 's04')
    const { sid } = payloadOf(alice.access_token)
    expect(sid).toBe(alice.session_id)
    for (const text of [String(sid), `csn_rt_${String(sid)}`]) {
      expect(await refusal(await refresh(text))).toEqual(INVALID)
      expect((await service.request('/auth/me', { token: text })).status).toBe(401)
    }
    await expectAlive(alice)
  })
})

describe('S-S05 after a logout', () => {
  test('refresh token and access token are refused at once, those of other sessions are not', async () => {
    const alice = await signUp(service, 's05')
    const other = await login(service, 's05')
    await expectAlive(alice)
    expect((await service.post('/auth/logout', undefined, { token: alice.access_token })).status).toBe(204)
    await expectDead(alice)
    await expectAlive(other)
    // 204 again, and with an access token that was handed out by an earlier refresh too.
    expect((await service.post('/auth/logout', undefined, { token: alice.access_token })).status).toBe(204)
  })

  test('a logout asks signature and exp alone; without them it is refused', async () => {
    const alice = await signUp(service, 's05b')
    const forged = `${alice.access_token.slice(0, -6)}AAAAAA`
    expect((await service.post('/auth/logout', undefined, { token: forged })).status).toBe(401)
    expect((await service.post('/auth/logout')).status).toBe(401)
    await expectAlive(alice)
  })

  test('logout-all ends every session of the account and nobody else’s', async () => {
    const one = await signUp(service, 's05c')
    const two = await login(service, 's05c')
    const bob = await signUp(service, 's05d')
    expect((await service.post('/auth/logout-all', undefined, { token: one.access_token })).status).toBe(204)
    await expectDead(one)
    await expectDead(two)
    await expectAlive(bob)
    const anew = await login(service, 's05c')
    expect(payloadOf(anew.access_token).ver).toBe(Number(payloadOf(one.access_token).ver) + 1)
  })

  test('/auth/refresh/revoke takes any generation of the session', async () => {
    const first = await signUp(service, 's05e')
    let live = first.refresh_token
    for (let i = 0; i < 3; i++) {
      service.clock.advance(36)
      live = (await (await refresh(live)).json()).refresh_token
    }
    const revoke = (refresh_token: string) => service.post('/auth/refresh/revoke', { refresh_token })
    expect((await revoke(first.refresh_token)).status).toBe(204)
    expect(await refusal(await refresh(live))).toEqual(INVALID)
    // Junk, an ended session, nothing at all: 204 as well (RFC 7009 section 2.2).
    for (const text of [live, 'junk', `${live.slice(0, -1)}x`]) expect((await revoke(text)).status).toBe(204)
    expect((await service.post('/auth/refresh/revoke')).status).toBe(204)
  })
})

describe('S-S07 a changed or reset password', () => {
  const NEW = 'eleven quiet harbours sleep'

  test('ends every session, raises the version and gives the caller a new session', async () => {
    const caller = await signUp(service, 's07')
    const other = await login(service, 's07')
    const bystander = await signUp(service, 's07b')
    const wrong = await service.post(
      '/auth/password/change',
      { current_password: `${PASSWORD}!`, new_password: NEW },
      { token: caller.access_token },
    )
    expect(await refusal(wrong)).toEqual([401, 'credentials_invalid'])
    await expectAlive(other)

    const changed = await service.post(
      '/auth/password/change',
      { current_password: PASSWORD, new_password: NEW },
      { token: caller.access_token },
    )
    expect(changed.status).toBe(200)
    const anew = (await changed.json()) as Tokens
    expect(anew.session_id).not.toBe(caller.session_id)
    expect(payloadOf(anew.access_token).ver).toBe(Number(payloadOf(caller.access_token).ver) + 1)
    await expectDead(caller)
    await expectDead(other)
    await expectAlive(anew)
    await expectAlive(bystander)
    const old = await service.post('/auth/login', { username: 's07', password: PASSWORD })
    expect(await refusal(old)).toEqual([401, 'credentials_invalid'])
    expect((await service.post('/auth/login', { username: 's07', password: NEW })).status).toBe(200)
  })

  test('a reset by an administrator ends every session, and only its one-time password opens the next', async () => {
    const victim = await signUp(service, 's07c')
    await expectAlive(victim)
    const reset = await service.post(`/admin/accounts/${victim.account.id}/password-reset`, undefined, {
      token: admin.access_token,
    })
    expect(reset.status).toBe(200)
    await expectDead(victim)
    const { one_time_password: once } = await reset.json()
    const direct = await service.post('/auth/login', { username: 's07c', password: once })
    expect(await refusal(direct)).toEqual([403, 'password_change_required'])
    const body = { username: 's07c', current_password: once, new_password: NEW }
    expect((await service.post('/auth/password/change', body)).status).toBe(200)
    expect(await refusal(await service.post('/auth/password/change', body))).toEqual([401, 'credentials_invalid'])
  })

  test('a log-in that was under way with the old password does not survive the change', async () => {
    // A hasher that can be held between the check of a password and the session that follows.
    const held: PromiseWithResolvers<void>[] = []
    const passwordHasher: PasswordHasher = {
      hash: async (password) => `plain:${password}`,
      async verify(password, hash) {
        await held.pop()?.promise
        return hash === `plain:${password}` ? 'match' : 'no_match'
      },
    }
    const slow = await openTestService({ settings: { rateLimit: 'off' }, plugins: { passwordHasher } })
    try {
      const { access_token: token } = await signUp(slow, 'alice')
      const logIn = () => slow.post('/auth/login', { username: 'alice', password: PASSWORD, transport: 'body' })
      const underWay = async (meanwhile: () => Promise<void>) => {
        const gate = Promise.withResolvers<void>()
        held.push(gate)
        const login = logIn()
        while (held.length > 0) await systemTimers.sleep(0)
        await meanwhile()
        gate.resolve()
        return login
      }
      expect((await underWay(async () => {})).status).toBe(200)
      const late = await underWay(async () => {
        const body = { current_password: PASSWORD, new_password: NEW }
        expect((await slow.post('/auth/password/change', body, { token })).status).toBe(200)
      })
      expect(await refusal(late)).toEqual([401, 'credentials_invalid'])
    } finally {
      await slow.close()
    }
  })
})

describe('S-S08 the list of one’s sessions', () => {
  test('shows them with the last use rounded down to the hour, and each can be ended', async () => {
    const here = await signUp(service, 's08')
    const there = await login(service, 's08')
    service.clock.advance(2 * 3600 + 17)
    const { refresh_token } = await (await refresh(there.refresh_token)).json()
    const fresh = await login(service, 's08')
    const listed = await service.request('/auth/sessions', { token: fresh.access_token })
    expect(listed.status).toBe(200)
    const { sessions } = await listed.json()
    expect(sessions).toHaveLength(3)
    for (const session of sessions) {
      expect(Object.keys(session).sort()).toEqual(
        'address client_id created_at current expires_at last_used_at session_id transport user_agent'
          .split(' ')
          .sort(),
      )
      expect(session.last_used_at % 3600).toBe(0)
      expect(session.current).toBe(session.session_id === fresh.session_id)
    }
    const one = (id: string) => service.request(`/auth/sessions/${id}`, { method: 'DELETE', token: fresh.access_token })
    expect((await one(there.session_id)).status).toBe(204)
    await expectDead({ ...there, refresh_token })
    expect(await refusal(await one(there.session_id))).toEqual([404, 'not_found'])
    expect((await refresh(here.refresh_token)).status).toBe(200)
  })

  test('another account’s session is 404, just as one that does not exist, and lives on', async () => {
    const mallory = await signUp(service, 's08m')
    const alice = await signUp(service, 's08a')
    const end = (id: string) =>
      service.request(`/auth/sessions/${id}`, { method: 'DELETE', token: mallory.access_token })
    const foreign = await end(alice.session_id)
    const absent = await end('AAAAAAAAAAAAAAAAAAAAAA')
    const strip = async (response: Response) => ({ ...(await response.json()), instance: '' })
    expect([foreign.status, absent.status]).toEqual([404, 404])
    expect(await strip(foreign)).toEqual(await strip(absent))
    expect((await end('..%2fme')).status).toBe(400)
    await expectAlive(alice)
    expect((await end(mallory.session_id)).status).toBe(204)
    await expectDead(mallory)
  })

  test('an administrator ends all of an account, by a recent log-in only', async () => {
    const alice = await signUp(service, 's08x')
    const endAll = (token: string) =>
      service.request(`/admin/accounts/${alice.account.id}/sessions`, { method: 'DELETE', token })
    expect((await endAll(alice.access_token)).status).toBe(403)
    await expectAlive(alice)
    const fresh = await login(service, 'admin', { scope: 'admin' })
    service.clock.advance(3601)
    const { access_token: late } = await (await refresh(fresh.refresh_token)).json()
    expect(await refusal(await endAll(late))).toEqual([401, 'reauthentication_required'])
    const recent = await login(service, 'admin', { scope: 'admin' })
    expect((await endAll(recent.access_token)).status).toBe(204)
    await expectDead(alice)
  })
})

describe('S-S09 S-R07 the ends of a session', () => {
  const DAY = 86_400

  test('idle: dead after 14 days without a refresh, alive a moment before', async () => {
    const used = await signUp(service, 's09')
    const unused = await login(service, 's09')
    service.clock.advance(14 * DAY - 60)
    const { refresh_token: next } = await (await refresh(used.refresh_token)).json()
    service.clock.advance(61)
    expect(await refusal(await refresh(unused.refresh_token))).toEqual(INVALID)
    expect((await refresh(next)).status).toBe(200)
  })

  test('absolute: dead after 90 days however often it is used, and no token outlives it', async () => {
    const start = service.clock.now()
    let live = (await signUp(service, 's09b')).refresh_token
    for (let day = 10; day < 90; day += 10) {
      service.clock.advance(10 * DAY)
      const response = await refresh(live)
      expect(response.status).toBe(200)
      const body = await response.json()
      live = body.refresh_token
      const left = 90 - day
      expect(Math.abs(body.refresh_expires_in - Math.min(14, left) * DAY)).toBeLessThanOrEqual(60)
    }
    service.clock.advance(10 * DAY - 120)
    const last = await (await refresh(live)).json()
    // The access token ends with its session: it is cut from ten minutes to what is left.
    expect(last.expires_in).toBeLessThanOrEqual(120)
    expect(Number(payloadOf(last.access_token).exp) * 1000).toBeLessThanOrEqual(start + 90 * DAY * 1000 + 5_000)
    service.clock.advance(121)
    expect(await refusal(await refresh(last.refresh_token))).toEqual(INVALID)
    expect((await service.request('/auth/me', { token: last.access_token })).status).toBe(401)
  })
})

test('S-S11 a token in the query, a form field or an unexpected header is not read', async () => {
  const { access_token: token, refresh_token } = await signUp(service, 's11')
  const query = `access_token=${token}&token=${token}&refresh_token=${refresh_token}`
  expect(await refusal(await service.request(`/auth/me?${query}`))).toEqual([401, 'token_missing'])
  expect(await refusal(await service.post(`/auth/refresh?${query}`))).toEqual(INVALID)
  for (const name of ['x-access-token', 'x-auth-token', 'x-authorization', 'proxy-authorization', 'cookie']) {
    const headers = { [name]: name === 'cookie' ? `access_token=${token}; csn_session=${token}` : `Bearer ${token}` }
    expect(await refusal(await service.request('/auth/me', { headers }))).toEqual([401, 'token_missing'])
  }
  for (const name of ['x-refresh-token', 'cookie']) {
    const headers = { [name]: name === 'cookie' ? `csn_rt=${refresh_token}` : refresh_token }
    expect(await refusal(await service.post('/auth/refresh', undefined, { headers }))).toEqual(INVALID)
  }
  const form = await service.request('/auth/logout', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `access_token=${token}`,
  })
  expect(form.status).toBe(401)
  // A refresh token is no bearer token, nor an access token a refresh token.
  expect((await service.request('/auth/me', { token: refresh_token })).status).toBe(401)
  expect(await refusal(await refresh(token))).toEqual(INVALID)
  expect((await service.request('/auth/me', { token })).status).toBe(200)
})

test('S-S12 the tables hold hashes of secrets and no secret', async () => {
  const body = await signUp(service, 's12')
  service.clock.advance(36)
  const next = await (await refresh(body.refresh_token)).json()
  const browser = createBrowser(service)
  await register(service, 's12b')
  const { access_token } = await (await browser.login('s12b')).json()
  const { one_time_password: once } = await (
    await service.post(
      '/admin/accounts',
      { username: 's12c' },
      { token: (await login(service, 'admin', { scope: 'admin' })).access_token },
    )
  ).json()

  const stored = everythingStored()
  const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
  const secrets = {
    password: PASSWORD,
    one_time_password: once,
    access_token,
    access_signature: access_token.split('.')[2] ?? '',
    binding: browser.value('csn_b'),
    binding_bytes: latin1(Buffer.from(browser.value('csn_b'), 'base64url').subarray(16)),
    refresh_cookie: browser.value('csn_rt-'),
    device_cookie: browser.value('csn_device'),
    first_refresh_token: body.refresh_token,
    first_secret: latin1(bytesOf(body.refresh_token).subarray(22, 38)),
    live_refresh_token: next.refresh_token,
    live_secret: latin1(bytesOf(next.refresh_token).subarray(22, 38)),
    live_mac: latin1(bytesOf(next.refresh_token).subarray(38)),
  }
  for (const [name, secret] of Object.entries(secrets)) {
    expect(secret.length, name).toBeGreaterThanOrEqual(16)
    expect(stored.includes(secret), name).toBe(false)
  }
  // The search does find what is there: the hashes of the binding and of the live secret with its generation.
  const live = bytesOf(next.refresh_token).subarray(18, 38)
  expect(stored).toContain(latin1(createHash('sha256').update(live).digest()))
  expect(stored).toContain(latin1(createHash('sha256').update(browser.value('csn_b')).digest()))
  expect(stored).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
})

test('S-S03 a log-in by body gives a new session each time and leaves the others alone', async () => {
  const first = await signUp(service, 's03')
  const second = await login(service, 's03')
  expect(second.session_id).not.toBe(first.session_id)
  expect(second.refresh_token).not.toBe(first.refresh_token)
  await expectAlive(first)
  await expectAlive(second)
})

test('S-S09 a session without a refresh token ends with its access token', async () => {
  await register(service, 's09n')
  const response = await service.post(
    '/auth/login',
    { username: 's09n', password: PASSWORD, transport: 'none' },
    { peer: addressOf('s09n') },
  )
  const { access_token: token, ...rest } = await response.json()
  expect(rest).not.toHaveProperty('refresh_token')
  expect(response.headers.getSetCookie()).toEqual([])
  expect((await service.request('/auth/me', { token })).status).toBe(200)
  service.clock.advance(601)
  expect((await service.request('/auth/me', { token })).status).toBe(401)
})
