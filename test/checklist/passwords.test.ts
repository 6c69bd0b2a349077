import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { PasswordHasher } from '../../packages/server/src/ports/password-hasher.ts'
import { cheapHasher, heldHasher } from '../support/hashers.ts'
import { MAIN } from '../support/process.ts'
import {
  addressOf,
  administrator,
  codeOf,
  login,
  openTestService,
  PASSWORD,
  register,
  signUp,
  type TestService,
  type TestServiceOptions,
} from '../support/service.ts'

let service: TestService
beforeAll(async () => {
  service = await openTestService({ settings: { rateLimit: 'off' }, plugins: { passwordHasher: cheapHasher() } })
})
afterAll(() => service.close())

const NEW = 'eleven quiet harbours sleep'
const TALE = 'Blåbærsyltetøy på brødskive om morgenen, '.repeat(30)

const refusal = async (response: Response) => [response.status, await codeOf(response)]
const INVALID = [401, 'credentials_invalid']
const joining = (username: string, password: string, more: object = {}, at = service) =>
  at.post('/auth/register', { username, password, ...more }, { peer: addressOf(username) })
const enter = (username: string, password: string, at = service) =>
  at.post('/auth/login', { username, password }, { peer: addressOf(username) })
const reasons = async (response: Response): Promise<string[]> =>
  ((await response.json()) as { errors: { code: string }[] }).errors.map(({ code }) => code)

async function opened(options: TestServiceOptions): Promise<TestService> {
  const other = await openTestService(options)
  onTestFinished(() => other.close())
  return other
}

/** The stored hash of one account. */
function hashOf(username: string, at = service): string {
  const database = new DatabaseSync(join(at.folder, 'countersign.db'), { readOnly: true })
  try {
    const row = database
      .prepare(
        'SELECT password_hash FROM credential c JOIN account a ON a.slot = c.slot AND a.id = c.account_id WHERE a.username = ?',
      )
      .get(username)
    return String(row?.password_hash)
  } finally {
    database.close()
  }
}

describe('S-P01 length', () => {
  test.each([7, 8, 14])('%i characters are too few for a password that is the only factor', async (length) => {
    const refused = await joining(`p01-${length}`, TALE.slice(0, length))
    expect(refused.status).toBe(422)
    expect(await reasons(refused)).toEqual(['password_too_short'])
  })

  test.each([15, 64, 128, 256])('%i characters are taken, and every one of them counts', async (length) => {
    const password = TALE.slice(0, length)
    expect((await joining(`p01-${length}`, password)).status).toBe(201)
    expect((await enter(`p01-${length}`, password)).status).toBe(200)
    for (const cut of [password.slice(0, -1), `${password}x`, password.slice(1)]) {
      expect(await refusal(await enter(`p01-${length}`, cut))).toEqual(INVALID)
    }
  })

  test.each([257, 1_000])('%i characters are refused with an error of their own', async (length) => {
    const refused = await joining(`p01-${length}`, TALE.slice(0, length))
    expect(refused.status).toBe(422)
    expect(await reasons(refused)).toEqual(['password_too_long'])
    expect(await refusal(await enter('p01-256', TALE.slice(0, length)))).toEqual(INVALID)
  })

  test('a change asks for the same', async () => {
    const { access_token: token } = await signUp(service, 'p01-change')
    const change = (new_password: string) =>
      service.post('/auth/password/change', { current_password: PASSWORD, new_password }, { token })
    expect(await reasons(await change(TALE.slice(0, 14)))).toEqual(['password_too_short'])
    expect(await reasons(await change(TALE.slice(0, 257)))).toEqual(['password_too_long'])
    expect((await change(TALE.slice(0, 256))).status).toBe(200)
  })

  test('the minimum can be set down to 8 and no further', async () => {
    const short = await opened({
      settings: { rateLimit: 'off', passwordMinLength: 8 },
      plugins: { passwordHasher: cheapHasher() },
    })
    expect((await joining('eight', 'g7#kQ2vT', {}, short)).status).toBe(201)
    expect(await reasons(await joining('seven', 'g7#kQ2v', {}, short))).toEqual(['password_too_short'])
    await expect(openTestService({ settings: { passwordMinLength: 7 } })).rejects.toMatchObject({
      code: 'setting_invalid',
    })
  })
})

test.each([
  ['lower case', 'only lower case letters'],
  ['digits', '739164820573916'],
  ['emoji', '😀😎🤖👾👽💀🎃🦊🐻🐼🐨🐯🦁🐮🐷'],
  ['spaces', 'w i t h m a n y s p a c e s'],
  ['Cyrillic', 'Пароль, который никто не знает'],
])('S-P02 no rule of composition: %s', async (name, password) => {
  expect((await joining(`p02-${name.replace(' ', '-')}`, password)).status).toBe(201)
  expect((await enter(`p02-${name.replace(' ', '-')}`, password)).status).toBe(200)
})

describe('S-P03 what is guessed first', () => {
  const GUESSES = [
    ['1qaz2wsx3edc4rfv', 'password_common'],
    ['iloveyouiloveyou', 'password_repeated'],
    ['sunshine!!!!!!!!', 'password_padded'],
    ['password12345678', 'password_padded'],
    ['it is P03-Robin who writes', 'password_contains_username'],
    ['write to robin.hood now', 'password_contains_email'],
    ['my countersign password', 'password_contains_service_name'],
    ['the one for LOCALHOST here', 'password_contains_service_name'],
  ] as const
  const NAMES = { email: 'robin.hood@example.org' }

  test.each(GUESSES)('%s is refused as %s', async (password, code) => {
    const refused = await joining('p03-robin', password, NAMES)
    expect(refused.status).toBe(422)
    const problem = await refused.json()
    expect(problem).toMatchObject({ code: 'password_refused', errors: [{ pointer: '/password', code }] })
    expect(JSON.stringify(problem)).not.toContain(password)
  })

  test('at a change too, where the old password is refused as well', async () => {
    expect((await joining('p03-robin', PASSWORD, NAMES)).status).toBe(201)
    const { access_token: token } = await login(service, 'p03-robin')
    const change = (new_password: string) =>
      service.post('/auth/password/change', { current_password: PASSWORD, new_password }, { token })
    for (const [password, code] of GUESSES) expect(await reasons(await change(password))).toEqual([code])
    expect(await reasons(await change(PASSWORD))).toEqual(['password_unchanged'])
    expect((await service.request('/auth/me', { token })).status).toBe(200)
    expect((await change(NEW)).status).toBe(200)
  })
})

describe('S-P04 spaces, case and Unicode', () => {
  test('outer spaces and case count', async () => {
    const password = '  Two spaces on each side  '
    expect((await joining('p04', password)).status).toBe(201)
    for (const other of [password.trim(), password.trimStart(), password.toLowerCase()]) {
      expect(await refusal(await enter('p04', other))).toEqual(INVALID)
    }
    expect((await enter('p04', password)).status).toBe(200)
  })

  test.each([
    ['NFC', 'NFD'],
    ['NFD', 'NFC'],
  ] as const)('set in %s, given in %s: the same password', async (set, given) => {
    const password = 'Ærlighet är bäst à la carte'
    expect(password.normalize(set)).not.toBe(password.normalize(given))
    expect((await joining(`p04-${set}`, password.normalize(set))).status).toBe(201)
    expect((await enter(`p04-${set}`, password.normalize(given))).status).toBe(200)
    expect(await refusal(await enter(`p04-${set}`, password.normalize('NFKD').replace('Æ', 'A')))).toEqual(INVALID)
  })
})

describe('S-P05 nothing is cut', () => {
  test('two passwords equal in their first 72 bytes differ', async () => {
    const start = 'seventy-two bytes are where another hash stops reading, and this is it..'
    expect(Buffer.byteLength(start)).toBe(72)
    expect((await joining('p05', `${start}one`)).status).toBe(201)
    expect(await refusal(await enter('p05', `${start}two`))).toEqual(INVALID)
    expect(await refusal(await enter('p05', start))).toEqual(INVALID)
    expect((await enter('p05', `${start}one`)).status).toBe(200)
  })

  test('a NUL ends nothing: it is refused in a new password and wrong in any other', async () => {
    expect(await reasons(await joining('p05-nul', `${PASSWORD}\0more`))).toEqual(['password_malformed'])
    await signUp(service, 'p05-nul')
    for (const tail of ['\0', '\0more']) {
      expect(await refusal(await enter('p05-nul', PASSWORD + tail))).toEqual(INVALID)
    }
    expect((await enter('p05-nul', PASSWORD)).status).toBe(200)
  })
})

describe('S-P06 the stored hash', () => {
  const STRONG = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$([A-Za-z0-9+/]{22})\$[A-Za-z0-9+/]{43}$/

  test('argon2id with the parameters in its text and a salt of its own', async () => {
    const real = await opened({ settings: { rateLimit: 'off' } })
    for (const name of ['one', 'two']) expect((await register(real, name)).status).toBe(201)
    const salts = ['one', 'two'].map((name) => STRONG.exec(hashOf(name, real))?.[1] ?? '')
    expect(salts.map((salt) => Buffer.from(salt, 'base64').length)).toEqual([16, 16])
    expect(salts[0]).not.toBe(salts[1])
  })

  test('a weaker one is upgraded at the log-in that proves the password, and at no other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const weak = await openTestService({
      folder,
      settings: { rateLimit: 'off' },
      plugins: { passwordHasher: cheapHasher() },
    })
    await signUp(weak, 'alice')
    await weak.close()

    const real = await opened({ folder, settings: { rateLimit: 'off' } })
    const before = hashOf('alice', real)
    expect(before).toContain('m=256,t=1')
    expect(await refusal(await enter('alice', NEW, real))).toEqual(INVALID)
    expect(hashOf('alice', real)).toBe(before)
    expect((await enter('alice', PASSWORD, real)).status).toBe(200)
    expect(hashOf('alice', real)).toMatch(STRONG)
    expect((await enter('alice', PASSWORD, real)).status).toBe(200)
    expect(await refusal(await enter('alice', NEW, real))).toEqual(INVALID)
  })

  test('a right password gets in though the upgrade fails', async () => {
    const inner = cheapHasher()
    const broken: PasswordHasher & { fails: boolean } = {
      fails: false,
      async hash(password) {
        if (broken.fails) throw new Error(`no room for ${password}`)
        return inner.hash(password)
      },
      async verify(password, hash) {
        const match = await inner.verify(password, hash)
        return match === 'match' ? 'match_outdated' : match
      },
    }
    const outdated = await opened({ settings: { rateLimit: 'off' }, plugins: { passwordHasher: broken } })
    await signUp(outdated, 'alice')
    const before = hashOf('alice', outdated)
    broken.fails = true
    expect((await enter('alice', PASSWORD, outdated)).status).toBe(200)
    expect(await refusal(await enter('alice', NEW, outdated))).toEqual(INVALID)
    expect(hashOf('alice', outdated)).toBe(before)
    expect(outdated.logs.join('\n')).not.toContain(PASSWORD)
    broken.fails = false
    expect((await enter('alice', PASSWORD, outdated)).status).toBe(200)
    expect(hashOf('alice', outdated)).not.toBe(before)
  })
})

describe('S-P07 a storm of log-ins', () => {
  test('slows neither a refresh nor the health check, and memory stays bounded', async () => {
    const real = await opened({ settings: { rateLimit: 'off' } })
    let { refresh_token } = await signUp(real, 'bystander')
    const before = process.memoryUsage().rss
    const storm = Array.from({ length: 50 }, (_, i) => enter(`nobody-${i}`, PASSWORD, real))
    const taken: number[] = []
    let highest = before
    for (let round = 0; round < 15; round++) {
      const at = performance.now()
      expect((await real.request('/health/ready')).status).toBe(200)
      const answer = await real.post('/auth/refresh', { refresh_token })
      refresh_token = (await answer.json()).refresh_token
      taken.push((performance.now() - at) / 2)
      highest = Math.max(highest, process.memoryUsage().rss)
    }
    // The storm was still on: the last of fifty waits for most of a second.
    const last = await Promise.race([Promise.all(storm), Promise.resolve('waiting')])
    expect(last).toBe('waiting')
    taken.sort((a, b) => a - b)
    expect(taken[7]).toBeLessThan(100)
    // Fifty hashes at once would take 50 × 19 MiB.
    expect(highest - before).toBeLessThan(300 * 2 ** 20)
    for (const response of await Promise.all(storm)) expect(await refusal(response)).toEqual(INVALID)
  })

  test('who finds the line full is told to come back, and it counts as no failure', async () => {
    const passwordHasher = cheapHasher({ maxWaiting: 3 })
    const small = await opened({ settings: { loginsPerMinute: 1000 }, plugins: { passwordHasher } })
    await signUp(small, 'alice')
    const storm = await Promise.all(Array.from({ length: 40 }, (_, i) => enter(`somebody-${i % 10}`, NEW, small)))
    const busy = storm.filter(({ status }) => status === 503)
    expect(busy.length).toBeGreaterThan(20)
    expect(storm.filter(({ status }) => status === 401).length).toBeGreaterThan(0)
    for (const response of busy) {
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await codeOf(response)).toBe('service_busy')
    }
    expect((await enter('alice', PASSWORD, small)).status).toBe(200)
  })
})

describe('S-P08 changing it', () => {
  test('takes the current one, and the right one', async () => {
    const { access_token: token } = await signUp(service, 'p08')
    const change = (body: object) => service.post('/auth/password/change', body, { token })
    const missing = await change({ new_password: NEW })
    expect([missing.status, await reasons(missing)]).toEqual([422, ['member_missing']])
    expect(await refusal(await change({ current_password: '', new_password: NEW }))).toEqual(INVALID)
    expect(await refusal(await change({ current_password: NEW, new_password: NEW }))).toEqual(INVALID)
    expect((await enter('p08', PASSWORD)).status).toBe(200)
    expect((await change({ current_password: PASSWORD, new_password: NEW })).status).toBe(200)
  })

  test('is never asked for by age, and there are no hints and no questions', async () => {
    const aged = await opened({ plugins: { passwordHasher: cheapHasher() } })
    await signUp(aged, 'alice')
    aged.clock.advance(3 * 365 * 86_400)
    expect((await enter('alice', PASSWORD, aged)).status).toBe(200)
    for (const member of ['password_hint', 'question', 'answer']) {
      const refused = await joining('p08-hint', PASSWORD, { [member]: 'my first cat' })
      expect([refused.status, await reasons(refused)]).toEqual([422, ['member_unknown']])
    }
  })

  test('a log-in in flight with the old password does not survive it', async () => {
    const hasher = heldHasher(cheapHasher({ cores: 4 }))
    const held = await opened({ settings: { rateLimit: 'off' }, plugins: { passwordHasher: hasher } })
    const alice = await signUp(held, 'alice')
    const sessions = async (token: string) =>
      (await (await held.request('/auth/sessions', { token })).json()).sessions.length
    const login = hasher.holdNext()
    const flying = enter('alice', PASSWORD, held)
    await login.reached
    const changed = await held.post(
      '/auth/password/change',
      { current_password: PASSWORD, new_password: NEW },
      { token: alice.access_token },
    )
    expect(changed.status).toBe(200)
    login.release()
    const answer = await flying
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await refusal(answer)).toEqual(INVALID)
    const { access_token } = await changed.json()
    expect(await sessions(access_token)).toBe(1)

    // The control: held for as long, with nothing changed meanwhile.
    const second = hasher.holdNext()
    const slow = enter('alice', NEW, held)
    await second.reached
    second.release()
    expect((await slow).status).toBe(200)
    expect(await sessions(access_token)).toBe(2)
  })

  test('nor does one that meets a disabled account or an ended version', async () => {
    const hasher = heldHasher(cheapHasher({ cores: 4 }))
    const held = await opened({ settings: { rateLimit: 'off' }, plugins: { passwordHasher: hasher } })
    const admin = await administrator(held)
    const token = admin.access_token
    const acts: ((path: string) => Promise<Response>)[] = [
      (path) => held.request(`${path}/sessions`, { method: 'DELETE', token }),
      (path) => held.request(path, { method: 'PATCH', json: { disabled: true }, token }),
      (path) => held.post(`${path}/password-reset`, undefined, { token }),
    ]
    for (const [i, act] of acts.entries()) {
      const name = `somebody-${i}`
      const { account } = await signUp(held, name)
      const login = hasher.holdNext()
      const flying = enter(name, PASSWORD, held)
      await login.reached
      expect((await act(`/admin/accounts/${account.id}`)).ok).toBe(true)
      login.release()
      expect(await refusal(await flying)).toEqual(INVALID)
    }
  })
})

describe('S-P10 the first administrator', () => {
  const START = { settings: { rateLimit: 'off' as const }, plugins: { passwordHasher: cheapHasher() } }

  test('gets a random one-time password, good for one thing and 24 hours', async () => {
    const first = await opened(START)
    const other = await opened(START)
    expect(first.oneTimePassword).toMatch(/^\S{15,}$/)
    expect(first.oneTimePassword).not.toBe(other.oneTimePassword)
    for (const guess of ['', 'admin', 'password', 'countersign', 'changeme', other.oneTimePassword]) {
      expect(await refusal(await enter('admin', guess, first))).toEqual(INVALID)
    }
    expect(await refusal(await enter('admin', first.oneTimePassword, first))).toEqual([403, 'password_change_required'])
    const change = (at: TestService) =>
      at.post('/auth/password/change', { username: 'admin', current_password: at.oneTimePassword, new_password: NEW })
    expect((await change(first)).status).toBe(200)
    expect(await refusal(await change(first))).toEqual(INVALID)
    other.clock.advance(24 * 3600 + 1)
    expect(await refusal(await change(other))).toEqual(INVALID)
  })

  test('an empty password in the settings is none', async () => {
    const empty = await opened({ ...START, settings: { ...START.settings, adminPassword: '' } })
    expect(empty.oneTimePassword).toMatch(/^\S{15,}$/)
    expect(await refusal(await enter('admin', '', empty))).toEqual(INVALID)
  })

  test.each([
    [{ adminPassword: 'password12345678' }, 'adminPassword is refused: password_padded'],
    [{ adminUsername: 'robin', adminPassword: 'robin robin robin!' }, 'adminPassword is refused: password_contains'],
    [{ adminUsername: 'ad\u034fmin' }, 'adminUsername is refused: '],
  ])('%j stops the start and names the reason, not the value', async (settings, message) => {
    const error = await openTestService({ ...START, settings: { ...START.settings, ...settings } }).then(
      (started) => started.close(),
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ name: 'ConfigError', code: 'setting_invalid' })
    expect(String(error)).toContain(message)
    for (const value of Object.values(settings)) expect(String(error)).not.toContain(value)
  })

  test('S-A01 it is printed once, at the first start, and is in no log', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const start = async (more: Record<string, string> = {}) => {
      const child = spawn(process.execPath, ['--conditions=@countersign/source', MAIN, 'serve'], {
        cwd: folder,
        env: {
          PATH: process.env.PATH,
          COUNTERSIGN_PORT: '0',
          COUNTERSIGN_ISSUER: 'http://localhost:4000',
          COUNTERSIGN_DATA_DIR: folder,
          COUNTERSIGN_LOG_LEVEL: 'debug',
          ...more,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      return await untilReady(child)
    }
    const first = await start({ COUNTERSIGN_ADMIN_PASSWORD: '' })
    const [, once = ''] = /one-time password\s+(\S+)/.exec(first.out) ?? []
    expect(once.length).toBeGreaterThanOrEqual(15)
    expect(first.out.split(once)).toHaveLength(2)
    expect(first.err).not.toContain(once)
    const second = await start()
    expect([second.out, second.err].join()).not.toMatch(/one-time/)

    const chosen = 'password12345678'
    const refused = await start({ COUNTERSIGN_DATA_DIR: join(folder, 'other'), COUNTERSIGN_ADMIN_PASSWORD: chosen })
    expect(refused.status).not.toBe(0)
    expect(refused.err).toContain('password_padded')
    expect(refused.out + refused.err).not.toContain(chosen)
  })
})

/** Lets it start, asks it to stop and gives what it said. */
async function untilReady(child: ChildProcess): Promise<{ out: string; err: string; status: number | null }> {
  child.stdout?.on('data', (part) => {
    if (String(part).includes('Ctrl-C stops')) child.kill('SIGTERM')
  })
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve))
  if (child.stdout === null || child.stderr === null) throw new Error('no streams')
  const [out, err, status] = await Promise.all([text(child.stdout), text(child.stderr), gone])
  return { out, err, status }
}
