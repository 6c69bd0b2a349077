import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AUDIT_EVENTS, type AuditEventName } from '../../packages/server/src/domain/audit.ts'
import type { PasswordHasher } from '../../packages/server/src/ports/password-hasher.ts'
import { createBrowser } from '../support/browser.ts'
import { cheapHasher } from '../support/hashers.ts'
import {
  administrator,
  codeOf,
  login,
  openTestService,
  PASSWORD,
  register,
  signUp,
  type TestService,
  type TestServiceOptions,
  type Tokens,
} from '../support/service.ts'

const NEW = 'eleven quiet harbours sleep'
const WRONG = 'seven purple lanterns drown'
const DAY = 86_400

async function opened(options: TestServiceOptions = {}): Promise<TestService> {
  const service = await openTestService({ plugins: { passwordHasher: cheapHasher() }, ...options })
  onTestFinished(() => service.close().catch(() => undefined))
  return service
}

function withDatabase<T>(service: TestService, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(join(service.folder, 'countersign.db'))
  try {
    return work(database)
  } finally {
    database.close()
  }
}

interface Entry {
  readonly event: string
  readonly result: string
  readonly actor: string | null
  readonly subject: string | null
  readonly requestId: string | null
  readonly at: number
  readonly detail: Readonly<Record<string, unknown>>
  readonly personal: string | null
}

/** The audit log, the oldest entry first. */
function entriesOf(service: TestService): Entry[] {
  const sql =
    'SELECT a.body, p.personal FROM audit a LEFT JOIN audit_personal p USING (slot, sequence) ORDER BY sequence'
  return withDatabase(service, (database) =>
    database
      .prepare(sql)
      .all()
      .map(({ body, personal }) => ({
        ...JSON.parse(String(body)),
        personal: personal === null ? null : String(personal),
      })),
  )
}

describe('S-A01 S-A02 the main flows', () => {
  test('leave every secret out of logs, answers to mistakes, audit rows and metrics, and every event in', async () => {
    const service = await opened({ settings: { loginDelayFirst: 60, trustedProxies: ['10.9.0.1'] } })
    const secrets = new Map<string, string>()
    const errors: string[] = []
    const peer = '192.0.2.33'
    const keep = (name: string, secret: string | undefined) => secrets.set(`${name} ${secrets.size}`, secret ?? '')
    const keepTokens = (tokens: Tokens): Tokens => {
      keep('access token', tokens.access_token)
      keep('signature', tokens.access_token.split('.')[2])
      if (tokens.refresh_token !== undefined) keep('refresh token', tokens.refresh_token)
      return tokens
    }
    const fails = async (status: number, pending: Promise<Response>) => {
      const response = await pending
      expect(response.status).toBe(status)
      errors.push(await response.text(), JSON.stringify([...response.headers]))
    }
    /** Does something and says which events it left, with the id of its request where it was one. */
    const seen = new Set<string>()
    const leaves = async <T>(events: readonly AuditEventName[], act: () => Promise<T>): Promise<T> => {
      const before = entriesOf(service).length
      const made = await act()
      const fresh = entriesOf(service).slice(before)
      expect(fresh.map(({ event }) => event)).toEqual(events)
      for (const { event } of fresh) seen.add(event)
      return made
    }

    for (const { event } of entriesOf(service)) seen.add(event)
    keep('first one-time password', service.oneTimePassword)
    keep('password', PASSWORD)
    keep('another password', NEW)
    keep('wrong password', WRONG)

    const admin = keepTokens(await leaves(['account.password_changed'], () => administrator(service)))
    const asAdmin = { token: admin.access_token }
    await leaves(['account.registered'], () => register(service, 'alice', { email: 'alice@example.org' }))
    await leaves(['account.registration_refused'], () => fails(409, register(service, 'ALICE')))
    const alice = keepTokens(await leaves(['login.succeeded'], () => login(service, 'alice')))
    await leaves(['login.refused'], () =>
      fails(401, service.post('/auth/login', { username: 'alice', password: WRONG })),
    )
    // Who types the password into the field of the name.
    await leaves(['login.refused'], () =>
      fails(401, service.post('/auth/login', { username: PASSWORD, password: 'x' })),
    )
    await leaves(['login.refused'], () =>
      fails(
        422,
        service.post('/auth/login', { username: 'alice', password: PASSWORD, audience: 'https://else.where' }),
      ),
    )
    await leaves(['request.foreign_origin'], () =>
      fails(
        403,
        service.post(
          '/auth/login',
          { username: 'alice', password: PASSWORD },
          { headers: { origin: 'https://evil.example' } },
        ),
      ),
    )
    const changeBy = (token: string, current_password: string, new_password: string) =>
      service.post('/auth/password/change', { current_password, new_password }, { token })
    await leaves(['account.password_change_refused'], () => fails(401, changeBy(alice.access_token, WRONG, NEW)))
    await leaves(['account.password_change_refused'], () => fails(422, changeBy(alice.access_token, PASSWORD, 'short')))
    const changed = keepTokens(
      await leaves(['account.password_changed'], async () =>
        (await changeBy(alice.access_token, PASSWORD, NEW)).json(),
      ),
    )

    // Cookies: a log-in that ends the one before, a logout.
    await register(service, 'bob')
    const browser = createBrowser(service)
    for (const events of [['login.succeeded'], ['session.ended', 'login.succeeded']] as const) {
      const answer = await leaves(events, () => browser.login('bob'))
      keepTokens(await answer.json())
      for (const name of ['csn_b', 'csn_rt-', 'csn_device']) keep(name, browser.value(name))
    }
    await leaves(['session.ended'], () => browser.post('/auth/refresh/revoke'))

    // A refresh, reuse, and what comes after it.
    const carol = keepTokens(await signUp(service, 'carol'))
    service.clock.advance(36)
    const refresh = (refresh_token: string) => service.post('/auth/refresh', { refresh_token })
    const second = keepTokens(await (await refresh(carol.refresh_token)).json())
    service.clock.advance(36)
    await leaves(['session.reused'], () => fails(401, refresh(carol.refresh_token)))
    await leaves(['session.refresh_refused'], () => fails(401, refresh(second.refresh_token)))
    await leaves([], () => fails(401, refresh(`${second.refresh_token.slice(0, -8)}AAAAAAAA`)))
    const dora = keepTokens(await signUp(service, 'dora'))
    await leaves(['account.sessions_ended'], () =>
      service.post('/auth/logout-all', undefined, { token: dora.access_token }),
    )

    // The administration.
    const path = `/admin/accounts/${alice.account.id}`
    const patch = (json: object) => service.request(path, { method: 'PATCH', json, ...asAdmin })
    const made = await leaves(['account.created'], () => service.post('/admin/accounts', { username: 'erin' }, asAdmin))
    keep('one-time password', (await made.json()).one_time_password)
    await leaves(['account.roles_changed'], () => patch({ roles: ['clerk'] }))
    await leaves(['account.email_changed'], () => patch({ email: 'alice@example.com' }))
    await leaves(['account.disabled'], () => patch({ disabled: true }))
    await leaves(['account.enabled'], () => patch({ disabled: false }))
    await leaves(['account.sessions_ended_by_administrator'], () =>
      service.request(`${path}/sessions`, { method: 'DELETE', ...asAdmin }),
    )
    const reset = await leaves(['account.password_reset'], () =>
      service.post(`${path}/password-reset`, undefined, asAdmin),
    )
    keep('reset password', (await reset.json()).one_time_password)
    await leaves(['key.rotated'], () => service.post('/admin/keys/rotate', { now: true }, asAdmin))
    const bob = keepTokens(await login(service, 'bob'))
    await leaves(['admin.refused'], () => fails(403, service.request('/admin/keys', { token: bob.access_token })))
    await leaves(['admin.refused'], () => fails(401, service.request('/admin/keys', { token: changed.access_token })))
    const last = entriesOf(service).findLast(({ event }) => event === 'admin.refused')
    expect(last).toMatchObject({ actor: alice.account.id, result: 'refused', detail: { route: '/admin/keys' } })

    // A limit, once however often it is reached.
    const guess = () => service.post('/auth/login', { username: 'bob', password: WRONG }, { peer })
    for (let i = 0; i < 5; i++) await fails(401, guess())
    await leaves(['limit.reached'], async () => {
      for (let i = 0; i < 10; i++) await fails(429, guess())
    })
    expect(entriesOf(service).at(-1)).toMatchObject({
      subject: bob.account.id,
      detail: { limit: expect.stringMatching(/^login/), route: '/auth/login' },
    })
    await leaves(['audit.verified'], () => service.service.verifyAudit())
    await fails(404, service.request(`/auth/nothing?token=${bob.access_token}`))

    // Who, when, from where, by which request.
    for (const entry of entriesOf(service)) {
      expect(Math.abs(entry.at - service.clock.now())).toBeLessThan(DAY * 1000)
      if (entry.event.startsWith('login.') || entry.event === 'account.created') {
        expect(entry.requestId).toMatch(/^[A-Za-z0-9_-]{22}$/)
        expect(entry.personal).toContain('address')
      }
    }
    const metrics = await (await service.request('/metrics', { peer: '127.0.0.1' })).text()
    expect(metrics).toContain('rate_limited')
    const places: Record<string, string> = {
      logs: service.logs.join('\n'),
      errors: errors.join('\n'),
      audit: JSON.stringify(entriesOf(service)),
      metrics,
      statements: service.statements.join('\n'),
    }
    for (const [name, secret] of secrets) {
      expect(secret.length, name).toBeGreaterThanOrEqual(15)
      for (const [place, text] of Object.entries(places))
        expect(text.includes(secret), `${name} in ${place}`).toBe(false)
    }
    // The search finds what is there.
    expect(places.audit).toContain(alice.account.id)
    expect(places.logs).toContain('/auth/refresh')
    for (const name of ['alice@example.org', 'alice@example.com'])
      expect(Object.values(places).join()).not.toContain(name)

    // What only time or another setting brings, and what no act of this version can bring.
    const elsewhere = ['session.repeated_often', 'key.exported', 'key.resealed', 'key.deleted']
    const notYet = ['session.ended_by_administrator', 'key.revoked']
    expect([...seen, ...elsewhere, ...notYet].sort()).toEqual(Object.keys(AUDIT_EVENTS).sort())
  })
})

test('S-A02 keys that are exported and sealed anew, and a session that repeats too often', async () => {
  const audience = 'https://api.example.com'
  const key = (fill: number) =>
    Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 41 + fill) % 256)).toString('base64')
  const settings = { signingAlgorithm: 'HS256', audience: [audience], rateLimit: 'off' } as const
  const first = await opened({ settings: { ...settings, masterKeys: [`1:${key(3)}`] } })
  const [exported] = await first.service.keys.exportSecrets(audience, { actor: 'cli' })
  await first.service.close()

  const rolled = await opened({
    folder: first.folder,
    settings: { ...settings, masterKeys: [`2:${key(9)}`, `1:${key(3)}`], refreshGrace: 1 },
  })
  const events = () => entriesOf(rolled)
  expect(events().find(({ event }) => event === 'key.exported')).toMatchObject({ actor: 'cli', subject: exported?.kid })
  expect(events().filter(({ event }) => event === 'key.resealed').length).toBeGreaterThanOrEqual(4)
  expect(JSON.stringify(events())).not.toContain(String(exported?.k))

  let { refresh_token } = await signUp(rolled, 'alice')
  const refresh = async () => (await (await rolled.post('/auth/refresh', { refresh_token })).json()).refresh_token
  for (let i = 0; i < 7; i++) {
    rolled.clock.advance(2)
    const next = await refresh()
    expect(await refresh()).toBe(next)
    refresh_token = next
  }
  expect(events().map(({ event }) => event)).toContain('session.repeated_often')
})

test('S-A03 what callers send cannot break a line or forge one', async () => {
  const service = await opened({ settings: { rateLimit: 'off', trustedProxies: ['10.9.0.1'] } })
  await register(service, 'alice')
  const agent = 'curl\u001b[31m {"level":"error"}\t"end'
  const ask = (id: string, peer: string) =>
    service.post(
      '/auth/login',
      { username: 'alice', password: PASSWORD },
      { peer, headers: { 'user-agent': agent, 'x-request-id': id } },
    )
  const good = 'trace-0123.abc_DEF'
  const taken = await ask(good, '10.9.0.1')
  expect(taken.headers.get('x-request-id')).toBe(good)
  for (const [id, peer] of [
    [good, '192.0.2.1'],
    ['short', '10.9.0.1'],
    ['x'.repeat(65), '10.9.0.1'],
    ['line\u001b[2Jbreak', '10.9.0.1'],
    ['"},{"a":"b', '10.9.0.1'],
  ] as const) {
    const response = await ask(id, peer)
    expect(response.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9_-]{22}$/)
    expect(response.headers.get('x-request-id')).not.toBe(id)
  }
  for (const username of ['a\nb', '\u001b[2J', '"},{"level":"error']) {
    const response = await service.post('/auth/login', { username, password: WRONG })
    expect(response.status).toBe(401)
    await service.post('/auth/register', { username: `${username}\u0000`, password: PASSWORD })
  }
  for (const { personal } of entriesOf(service)) {
    expect([...(personal ?? '')].filter((sign) => sign < ' ' || sign === '\u007f')).toEqual([])
    if (personal !== null) expect(JSON.parse(personal)).toBeTypeOf('object')
  }
  for (const line of service.logs) {
    expect(line.split('\n')).toHaveLength(1)
    expect(line).not.toContain('\u001b')
  }
})

describe('S-A04 who can write to the database', () => {
  const TAMPERINGS: Record<string, readonly [sql: string, problem: string, at: number]> = {
    'changes an entry': [
      "UPDATE audit SET body = replace(body, 'account.registered', 'login.succeeded') WHERE sequence = 5",
      'changed',
      5,
    ],
    'changes its time': ['UPDATE audit SET at = at + 1 WHERE sequence = 4', 'changed', 4],
    'changes whose address it was': [
      "UPDATE audit_personal SET personal = replace(personal, '198.18', '10.10') WHERE sequence = 5",
      'changed',
      5,
    ],
    'takes one out': ['DELETE FROM audit WHERE sequence = 4', 'missing', 4],
    'takes out the first': ['DELETE FROM audit WHERE sequence = 1', 'missing', 1],
    'takes one out and closes the gap': [
      'DELETE FROM audit WHERE sequence = 5; UPDATE audit SET sequence = sequence - 1 WHERE sequence = 6',
      '',
      5,
    ],
    'swaps two': [
      'UPDATE audit SET sequence = 1000 WHERE sequence = 4; UPDATE audit SET sequence = 4 WHERE sequence = 5; UPDATE audit SET sequence = 5 WHERE sequence = 1000',
      'reordered',
      4,
    ],
    'repeats an old one at the end': [
      'INSERT INTO audit SELECT slot, (SELECT max(sequence) + 1 FROM audit), at, body, mac_kid, mac FROM audit WHERE sequence = 3',
      '',
      0,
    ],
    'names another master key': ['UPDATE audit SET mac_kid = 9 WHERE sequence = 6', '', 6],
  }

  test.each(Object.keys(TAMPERINGS))('and %s is found out', async (name) => {
    const [sql = '', problem = '', at = 0] = TAMPERINGS[name] ?? []
    const service = await opened({ settings: { rateLimit: 'off' } })
    await signUp(service, 'alice')
    await signUp(service, 'bob')
    const before = await service.service.verifyAudit()
    expect(before.fault).toBeUndefined()
    expect(before.checked).toBeGreaterThanOrEqual(6)
    const place = at === 0 ? entriesOf(service).length + 1 : at
    withDatabase(service, (database) => database.exec(sql))
    const { fault } = await service.service.verifyAudit()
    expect(fault?.sequence).toBe(place)
    if (problem !== '') expect(fault?.problem).toBe(problem)
  })

  test('erasing a person’s part is no tampering', async () => {
    const service = await opened({ settings: { rateLimit: 'off' } })
    await signUp(service, 'alice')
    withDatabase(service, (database) => database.exec('DELETE FROM audit_personal'))
    const verdict = await service.service.verifyAudit()
    expect(verdict.fault).toBeUndefined()
    expect(verdict.erased).toBeGreaterThan(0)
  })
})

test('S-A07 an error nobody expected is logged, answered with 500 and nothing else, and the service lives', async () => {
  const inner = cheapHasher()
  const failing: PasswordHasher & { fails: boolean } = {
    fails: false,
    hash: inner.hash,
    async verify(password, hash) {
      if (failing.fails) throw new RangeError('the inside of the machine at /srv/secret.ts:42')
      return inner.verify(password, hash)
    },
  }
  const service = await opened({ plugins: { passwordHasher: failing } })
  await register(service, 'alice')
  failing.fails = true
  for (let i = 0; i < 12; i++) {
    const response = await service.post(
      '/auth/login',
      { username: 'alice', password: PASSWORD },
      { peer: `10.0.0.${i}` },
    )
    const text = await response.clone().text()
    expect([response.status, await codeOf(response)]).toEqual([500, 'internal_error'])
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    for (const inside of ['RangeError', 'machine', 'secret.ts', ' at ']) expect(text).not.toContain(inside)
  }
  const logged = service.logs.filter((line) => line.includes('the inside of the machine'))
  expect(logged).toHaveLength(12)
  expect(logged.join()).not.toContain(PASSWORD)
  failing.fails = false
  // Twelve faults of ours are no failures of hers.
  expect((await service.post('/auth/login', { username: 'alice', password: PASSWORD })).status).toBe(200)
})
