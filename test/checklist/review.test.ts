import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../packages/server/src/adapters/system/clock.ts'
import { systemRandom } from '../../packages/server/src/adapters/system/random.ts'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import { createCliServices } from '../../packages/server/src/cli-services.ts'
import { resolveSettings } from '../../packages/server/src/config/load.ts'
import { createCountersign } from '../../packages/server/src/countersign.ts'
import { readMasterKeys } from '../../packages/server/src/data-folder.ts'
import {
  codeOf,
  cookiesOf,
  ISSUER,
  login,
  openTestService,
  PASSWORD,
  payloadOf,
  register,
  signUp,
  type TestService,
} from '../support/service.ts'

/* What an attacker found who read the service line by line. */

describe('S-N05 a refusal by a limit', () => {
  let service: TestService
  beforeAll(async () => {
    service = await openTestService({ settings: { loginsPerMinute: 1 } })
    for (const name of ['alice', 'bob']) await register(service, name)
  })
  afterAll(() => service.close())

  const JUNK = `csn_device=1.abc.${'A'.repeat(43)}`
  const attempt = async (username: string, cookie = '') => {
    const from = service.statements.length
    const headers = { ...(cookie === '' ? {} : { cookie }) }
    const { status } = await service.post(
      '/auth/login',
      { username, password: PASSWORD },
      { peer: '192.0.2.7', headers },
    )
    return [status, service.statements.slice(from)]
  }

  test('asks nothing of the store, whether there is such an account or not, so its time tells nothing', async () => {
    await attempt('nobody')
    await attempt('nobody') // the first refusal of a minute is put on record
    for (const name of ['nobody', 'alice', 'no one', 'bob', 'nobody']) {
      expect(await attempt(name)).toEqual([429, []])
      expect(await attempt(name, JUNK)).toEqual([429, []])
    }
  })

  test('the control: a device of the owner is let in by the same address, which takes a look at the account', async () => {
    service.clock.advance(60)
    const answer = await service.post('/auth/login', { username: 'alice', password: PASSWORD, transport: 'cookie' })
    const device = cookiesOf(answer).get('csn_device') ?? ''
    await attempt('nobody')
    expect((await attempt('alice'))[0]).toBe(429)
    expect((await attempt('alice', `csn_device=${device}`))[0]).toBe(200)
    expect((await attempt('bob', `csn_device=${device}`))[0]).toBe(429)
  })
})

/** Seconds: just past the window. */
const PAST = 36
const refresh = (service: TestService, token: string, more: object = {}) =>
  service.post('/auth/refresh', { refresh_token: token, ...more })

describe('S-D07 S-R11 a change of roles that meets a refresh', () => {
  /** Does `work` when the account is about to be read, after the session has moved. */
  async function inTheGap(service: TestService, token: string, work: (database: DatabaseSync) => void) {
    const database = new DatabaseSync(join(service.folder, 'countersign.db'))
    const { statements } = service
    let moved = false
    statements.push = (text) => {
      if (moved && /FROM account/.test(text)) work(database)
      moved = text.includes('UPDATE session SET\n')
      return Array.prototype.push.call(statements, text)
    }
    try {
      return await refresh(service, token)
    } finally {
      database.close()
      statements.push = Array.prototype.push
    }
  }

  test('does not end the session, whose version moves along; one that raises the version alone does', async () => {
    const service = await openTestService({ settings: { rateLimit: 'off' } })
    try {
      const { refresh_token } = await signUp(service, 'alice')
      service.clock.advance(PAST)
      // What another process commits: the three writes of a change of roles.
      const met = await inTheGap(service, refresh_token, (database) =>
        database.exec(`BEGIN IMMEDIATE; UPDATE account SET roles = '["clerk"]', ver = ver + 1 WHERE username = 'alice';
          UPDATE session SET ver = ver + 1 WHERE revoked_at IS NULL; COMMIT`),
      )
      expect(met.status).toBe(200)
      const tokens = await met.json()
      expect(tokens.account.roles).toEqual(['clerk'])
      expect((await service.request('/auth/me', { token: tokens.access_token })).status).toBe(200)

      service.clock.advance(PAST)
      const over = await inTheGap(service, tokens.refresh_token, (database) =>
        database.exec("UPDATE account SET ver = ver + 1 WHERE username = 'alice'"),
      )
      expect([over.status, await codeOf(over)]).toEqual([401, 'refresh_token_invalid'])
    } finally {
      await service.close()
    }
  })
})

describe('S-R08 an audience that is served no more', () => {
  const API = 'https://api.example.com'
  const FILES = 'https://files.example.com'

  test('is gone with the next token; a session that has no other is over, and is no theft', async () => {
    let service = await openTestService({ settings: { rateLimit: 'off', audience: [API, FILES] } })
    const { folder } = service
    try {
      const one = await signUp(service, 'alice')
      const both = await login(service, 'alice', { audience: [API, FILES] })
      await service.service.close()
      const at = { value: PAST * 1000 }
      service = await openTestService({ folder, at, settings: { rateLimit: 'off', audience: [FILES] } })
      // A wish for it is refused before anything moves.
      const wish = await refresh(service, both.refresh_token, { audience: API })
      expect([wish.status, await codeOf(wish)]).toEqual([422, 'audience_not_allowed'])
      const narrowed = await refresh(service, both.refresh_token)
      expect(narrowed.status).toBe(200)
      const { access_token, refresh_token } = await narrowed.json()
      expect((await service.request('/auth/me', { token: access_token })).status).toBe(200)
      service.clock.advance(PAST)
      expect((await refresh(service, refresh_token)).status).toBe(200)

      for (let i = 0; i < 2; i++) {
        const over = await refresh(service, one.refresh_token)
        expect([over.status, await codeOf(over)]).toEqual([401, 'refresh_token_invalid'])
        service.clock.advance(PAST)
      }
    } finally {
      await service.close()
      rmSync(folder, { recursive: true })
    }
  })

  test('where each has a secret of its own, a session of several goes on with the first', async () => {
    let service = await openTestService({ settings: { rateLimit: 'off', audience: [API, FILES] } })
    const { folder } = service
    try {
      await register(service, 'alice')
      const both = await login(service, 'alice', { audience: [API, FILES] })
      await service.service.close()
      const settings = { rateLimit: 'off', audience: [API, FILES], signingAlgorithm: 'HS256' } as const
      service = await openTestService({ folder, at: { value: PAST * 1000 }, settings })
      const wish = await refresh(service, both.refresh_token, { audience: [API, FILES] })
      expect([wish.status, await codeOf(wish)]).toEqual([422, 'audience_not_allowed'])
      const first = await (await refresh(service, both.refresh_token)).json()
      expect(payloadOf(first.access_token).aud).toBe(API)
      service.clock.advance(PAST)
      const second = await (await refresh(service, first.refresh_token, { audience: FILES })).json()
      expect(payloadOf(second.access_token).aud).toBe(FILES)
    } finally {
      await service.close()
      rmSync(folder, { recursive: true })
    }
  })
})

test('S-X02 S-D05 metrics are asked for by address, never by a name that a foreign page made point here', async () => {
  const service = await openTestService({ settings: { rateLimit: 'off' } })
  const metrics = (host: string) => service.request(`http://${host}/metrics`, { peer: '127.0.0.1' })
  try {
    for (const host of ['localhost:4000', 'localhost', '127.0.0.1:4000', '[::1]:4000']) {
      expect([host, (await metrics(host)).status]).toEqual([host, 200])
    }
    for (const host of ['rebound.example:4000', 'localhost.example', 'a.localhost', '127.0.0.1.example']) {
      const refused = await metrics(host)
      expect([host, refused.status, await codeOf(refused)]).toEqual([host, 421, 'host_unknown'])
    }
  } finally {
    await service.close()
  }
})

describe('S-P10 the first administrator’s one-time password is made only where it is shown', () => {
  const services = createCliServices({
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    cores: 2,
    logTo: { write: () => undefined },
    untilStopped: () => new AbortController().signal,
  })
  const configOf = (folder: string, port = 4000) => ({
    settings: resolveSettings({ issuer: ISSUER, dataDir: folder, port, logLevel: 'silent' }),
    plugins: undefined,
    cwd: folder,
  })

  test('a command on an empty folder makes none; the first start after it does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-review-'))
    try {
      const cli = await services.open(configOf(folder))
      expect((await cli.accounts.list({ limit: 50, cursor: undefined })).accounts).toEqual([])
      await cli.close()
      const started = await openTestService({ folder })
      expect(started.oneTimePassword).toMatch(/^[0-9a-z-]{34}$/)
      await started.close()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('inside an application it is made with the password of the settings, and not without', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-review-'))
    const statusOfLogin = async (more: object) => {
      const embedded = createCountersign({ issuer: ISSUER, dataDir: folder, logLevel: 'silent', ...more })
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'admin', password: PASSWORD, scope: 'admin' }),
      }
      const { status } = await embedded.fetch(new Request(`${ISSUER}/auth/login`, init))
      await embedded.close()
      return status
    }
    try {
      expect(await statusOfLogin({})).toBe(401)
      expect(await statusOfLogin({ adminPassword: PASSWORD })).toBe(200)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a start on a port that is taken makes nothing at all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-review-'))
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      const starting = services.serve(configOf(folder, port), () => undefined)
      await expect(starting).rejects.toMatchObject({ faults: [{ code: 'settings_conflict' }] })
      expect(readdirSync(folder)).toEqual([])
    } finally {
      other.close()
      rmSync(folder, { recursive: true })
    }
  })
})

test('S-T04 an application that tells no client address has limits by account alone, and is told so once', async () => {
  const service = await openTestService()
  try {
    await register(service, 'alice')
    const attempt = (username: string, password: string, peer?: string) => {
      const headers = { 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body: JSON.stringify({ username, password }) }
      return service.service.app(new Request(`${ISSUER}/auth/login`, init), { clientAddress: peer })
    }
    const statuses = async (count: number, one: () => Promise<Response>) => {
      const seen: number[] = []
      for (let i = 0; i < count; i++) seen.push((await one()).status)
      return seen
    }
    // One attacker does not use up what everybody shares …
    let name = 0
    expect(await statuses(25, () => attempt(`nobody${name++}`, 'wrong'))).toEqual(Array(25).fill(401))
    expect((await attempt('alice', PASSWORD)).status).toBe(200)
    // … and still has five tries for an account.
    expect((await statuses(7, () => attempt('alice', 'wrong'))).filter((status) => status === 401)).toHaveLength(5)
    expect(service.logs.filter((line) => line.includes('no client address'))).toHaveLength(1)
    // What was told and is no address is one: no text of a client's choice is a way around.
    const told = await statuses(30, () => attempt(`nobody${name++}`, 'wrong', `junk${name}`))
    expect(told.filter((status) => status === 401)).toHaveLength(20)
  } finally {
    await service.close()
  }
})

test('S-K08 S-K05 a start that meets another one on an empty folder takes its master key, and is not refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-review-'))
  const [database, masterKeys] = [join(folder, 'countersign.db'), join(folder, 'master.key')]
  const secret = Buffer.from(systemRandom.bytes(32)).toString('base64')
  try {
    const none = { masterKeys: undefined }
    const meeting = {
      folder,
      masterKeys,
      // The other one comes in at the moment when we look for the database.
      get database() {
        writeFileSync(masterKeys, `7:${secret}\n`)
        writeFileSync(database, '')
        return database
      },
    }
    expect(readMasterKeys(none, meeting, systemRandom).ids).toEqual([7])
    rmSync(masterKeys)
    expect(() => readMasterKeys(none, { folder, masterKeys, database }, systemRandom)).toThrow(/is missing/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('S-T08 a logout that is repeated without end does not write without end', async () => {
  const service = await openTestService({ settings: { rateLimit: 'off' } })
  try {
    const { access_token: token, refresh_token } = await signUp(service, 'alice')
    const from = service.statements.length
    for (let i = 0; i < 40; i++) {
      expect((await service.post('/auth/logout', undefined, { token })).status).toBe(204)
      expect((await service.post('/auth/refresh/revoke', { refresh_token })).status).toBe(204)
    }
    const entries = service.statements.slice(from).filter((text) => text.includes('INSERT INTO revocation'))
    expect(entries.length).toBeGreaterThanOrEqual(1)
    expect(entries.length).toBeLessThan(8)
  } finally {
    await service.close()
  }
})

test('S-R08 a wish that cannot be granted is refused before a password changes', async () => {
  const audience = ['https://api.example.com', 'https://files.example.com']
  const service = await openTestService({ settings: { rateLimit: 'off', audience, signingAlgorithm: 'HS256' } })
  const change = (more: object) =>
    service.post('/auth/password/change', {
      username: 'admin',
      current_password: service.oneTimePassword,
      new_password: PASSWORD,
      ...more,
    })
  try {
    for (const wish of [{ audience }, { audience: 'https://other.example.com' }, { scope: 'a"b' }]) {
      expect((await change(wish)).status).toBe(422)
    }
    expect((await change({ audience: audience[1] })).status).toBe(200)
  } finally {
    await service.close()
  }
})

test('S-S07 a claims hook that fails changes no password and ends no session', async () => {
  const hook = { fails: false }
  const claims = () => {
    if (hook.fails) throw new Error('the directory is away')
    return {}
  }
  const service = await openTestService({ settings: { rateLimit: 'off' }, plugins: { claims } })
  try {
    const { access_token: token, refresh_token } = await signUp(service, 'alice')
    const passwords = { current_password: PASSWORD, new_password: 'eleven quiet harbours sleep' }
    hook.fails = true
    expect((await service.post('/auth/password/change', passwords, { token })).status).toBe(500)
    hook.fails = false
    expect((await service.request('/auth/me', { token })).status).toBe(200)
    expect((await refresh(service, refresh_token)).status).toBe(200)
    expect((await service.post('/auth/password/change', passwords, { token })).status).toBe(200)
    expect((await service.request('/auth/me', { token })).status).toBe(401)
  } finally {
    await service.close()
  }
})

test('S-D05 a proxy on this machine that tells no client does not show the metrics to the world', async () => {
  const service = await openTestService({ settings: { issuer: 'https://auth.example.com' } })
  const statusOf = async (url: string) => (await service.request(url, { peer: '127.0.0.1' })).status
  try {
    expect(await statusOf('http://auth.example.com/metrics')).toBe(404)
    expect(await statusOf('http://127.0.0.1:4000/metrics')).toBe(200)
    expect(await statusOf('http://[::1]:4000/metrics')).toBe(200)
    expect(await statusOf('http://192.0.2.1:4000/metrics')).toBe(404)
  } finally {
    await service.close()
  }
})
