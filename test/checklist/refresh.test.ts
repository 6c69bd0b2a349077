import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeBase62, encodeBase62 } from '../../packages/server/src/domain/base62.ts'
import type { ClaimsHook } from '../../packages/server/src/usecases/claims-hook.ts'
import { createBrowser } from '../support/browser.ts'
import {
  codeOf,
  login,
  openTestService,
  payloadOf,
  register,
  signUp,
  type TestService,
  type Tokens,
} from '../support/service.ts'

const API = 'https://api.example.com'
const FILES = 'https://files.example.com'
/** Seconds: just past the window. */
const PAST = 36

let service: TestService
beforeAll(async () => {
  service = await openTestService({
    settings: {
      rateLimit: 'off',
      audience: [API, FILES],
      defaultScopes: ['profile:read', 'profile:write'],
    },
  })
})
afterAll(() => service.close())

const refresh = (token: string, more: object = {}, at: TestService = service) =>
  at.post('/auth/refresh', { refresh_token: token, ...more })
const refusal = async (response: Response) => [response.status, await codeOf(response)]
const INVALID = [401, 'refresh_token_invalid']
const REUSED = [401, 'refresh_token_reused']

async function refreshed(token: string, more: object = {}, at: TestService = service): Promise<Tokens> {
  const response = await refresh(token, more, at)
  if (response.status !== 200) throw new Error(`refresh: ${response.status} ${await response.text()}`)
  return (await response.json()) as Tokens
}

/** The parts of a refresh token: `ver:1 | kid:1 | sid:16 | gen:4 | secret:16 | mac:16`. */
function bytesOf(token: string): Buffer {
  const body = decodeBase62(token.slice('csn_rt_'.length, -6), 54)
  if (body === undefined) throw new Error('no refresh token')
  return Buffer.from(body)
}

/** Written as ours are, with a checksum that fits: what anybody can make. */
function tokenFrom(body: Uint8Array): string {
  const checked = `csn_rt_${encodeBase62(body, 73)}`
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(checked))
  return checked + encodeBase62(sum, 6)
}

/** The row of the session that a token names. */
function rowOf(token: string, at: TestService = service): Record<string, unknown> {
  const database = new DatabaseSync(join(at.folder, 'countersign.db'), { readOnly: true })
  try {
    const sid = bytesOf(token).subarray(2, 18)
    return { ...database.prepare('SELECT * FROM session WHERE sid = ?').get(sid) }
  } finally {
    database.close()
  }
}

const auditOf = async (session: string) =>
  (await service.service.listAudit({ limit: 200, before: undefined })).filter(({ subject }) => subject === session)

describe('S-R01 rotation', () => {
  test('inside the window the live token is kept; after it there is a new one, and the old one is dead after another window', async () => {
    const first = await signUp(service, 'r01')
    const before = rowOf(first.refresh_token)
    expect((await refreshed(first.refresh_token)).refresh_token).toBe(first.refresh_token)
    expect(rowOf(first.refresh_token)).toEqual(before)
    service.clock.advance(PAST)
    const second = await refreshed(first.refresh_token)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(second.session_id).toBe(first.session_id)
    // At most one rotation in a window: now the new one is kept.
    expect((await refreshed(second.refresh_token)).refresh_token).toBe(second.refresh_token)
    expect(rowOf(second.refresh_token).gen).toBe(1)
    service.clock.advance(PAST)
    expect(await refusal(await refresh(first.refresh_token))).toEqual(REUSED)
    expect(await refusal(await refresh(second.refresh_token))).toEqual(INVALID)
  })

  test('every answer carries a fresh access token of the same session', async () => {
    const first = await signUp(service, 'r01b')
    const kept = await refreshed(first.refresh_token)
    service.clock.advance(PAST)
    const rotated = await refreshed(first.refresh_token)
    const repeated = await refreshed(first.refresh_token)
    const all = [first, kept, rotated, repeated].map(({ access_token }) => payloadOf(access_token))
    expect(new Set(all.map(({ jti }) => jti)).size).toBe(4)
    expect(new Set(all.map(({ sid }) => sid)).size).toBe(1)
  })
})

describe('S-R02 reuse', () => {
  test('an old token after the window ends the session, and the audit log says so', async () => {
    const first = await signUp(service, 'r02')
    const other = await login(service, 'r02')
    service.clock.advance(PAST)
    const second = await refreshed(first.refresh_token)
    service.clock.advance(PAST)
    expect(await refusal(await refresh(first.refresh_token))).toEqual(REUSED)
    expect(await refusal(await refresh(first.refresh_token))).toEqual(INVALID)
    expect(await refusal(await refresh(second.refresh_token))).toEqual(INVALID)
    expect((await service.request('/auth/me', { token: second.access_token })).status).toBe(401)
    expect(rowOf(second.refresh_token).revoked_at).toBeTypeOf('number')
    const events = (await auditOf(first.session_id)).map(({ event, result }) => [event, result])
    expect(events).toContainEqual(['session.reused', 'refused'])
    // The other session of the same account is none of the thief's.
    expect((await refresh(other.refresh_token)).status).toBe(200)
  })

  test('a grandparent ends it even inside the window of its grandchild', async () => {
    const first = await signUp(service, 'r02b')
    service.clock.advance(PAST)
    const second = await refreshed(first.refresh_token)
    service.clock.advance(PAST)
    const third = await refreshed(second.refresh_token)
    // The control: the parent is inside its window.
    expect((await refreshed(second.refresh_token)).refresh_token).toBe(third.refresh_token)
    expect(await refusal(await refresh(first.refresh_token))).toEqual(REUSED)
    expect(await refusal(await refresh(third.refresh_token))).toEqual(INVALID)
  })

  test('just before the end of the window a predecessor is still honest', async () => {
    const first = await signUp(service, 'r02c')
    service.clock.advance(PAST)
    const second = await refreshed(first.refresh_token)
    service.clock.advance(32)
    expect((await refreshed(first.refresh_token)).refresh_token).toBe(second.refresh_token)
    expect((await refresh(second.refresh_token)).status).toBe(200)
  })
})

test('S-R03 eight parallel uses, 150 times over: one living successor, byte for byte, and one rotation', async () => {
  let live = (await signUp(service, 'r03')).refresh_token
  for (let round = 1; round <= 150; round++) {
    service.clock.advance(PAST)
    const answers = await Promise.all(Array.from({ length: 8 }, () => refreshed(live)))
    const successors = new Set(answers.map(({ refresh_token }) => refresh_token))
    expect(successors.size).toBe(1)
    const [next = ''] = successors
    expect(next).not.toBe(live)
    live = next
  }
  expect(rowOf(live)).toMatchObject({ gen: 150, grace_n: 7, revoked_at: null })
})

test('S-R04 a lost answer, repeated inside the grace, is given again byte for byte, and the session lives on', async () => {
  const first = await signUp(service, 'r04')
  service.clock.advance(PAST)
  const lost = await refreshed(first.refresh_token)
  service.clock.advance(30)
  const repeated = await refreshed(first.refresh_token)
  expect(repeated.refresh_token).toBe(lost.refresh_token)
  expect(repeated.refresh_expires_in).toBeLessThanOrEqual(lost.refresh_expires_in - 29)
  service.clock.advance(PAST)
  expect((await refresh(lost.refresh_token)).status).toBe(200)
})

test('S-R05 after a restart an old token is still refused and a live one still good', async () => {
  let running = await openTestService({ settings: { rateLimit: 'off' } })
  try {
    const honest = await signUp(running, 'alice')
    const stolen = await login(running, 'alice')
    running.clock.advance(PAST)
    const next = await refreshed(stolen.refresh_token, {}, running)
    running = await running.restart()
    running.clock.advance(PAST)
    expect(await refusal(await refresh(stolen.refresh_token, {}, running))).toEqual(REUSED)
    expect(await refusal(await refresh(next.refresh_token, {}, running))).toEqual(INVALID)
    running = await running.restart()
    expect(await refusal(await refresh(stolen.refresh_token, {}, running))).toEqual(INVALID)
    expect((await refresh(honest.refresh_token, {}, running)).status).toBe(200)
  } finally {
    await running.close()
  }
})

test('S-R06 S-R11 the database cannot commit: 503, nothing consumed, no cookie cleared, and the repeat succeeds', async () => {
  const alone = await openTestService({ settings: { rateLimit: 'off' } })
  const intruder = new DatabaseSync(join(alone.folder, 'countersign.db'))
  try {
    const body = await signUp(alone, 'alice')
    const browser = createBrowser(alone)
    await browser.login('alice')
    alone.clock.advance(PAST)
    // This one's answer is lost: the client holds the first token when the outage begins.
    const lost = await refreshed(body.refresh_token, {}, alone)
    const before = rowOf(body.refresh_token, alone)

    intruder.exec('BEGIN IMMEDIATE')
    const failed = await Promise.all([refresh(body.refresh_token, {}, alone), browser.post('/auth/refresh')])
    for (const response of failed) {
      expect(response.headers.get('retry-after')).toBe('2')
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await refusal(response)).toEqual([503, 'store_unavailable'])
    }
    expect(rowOf(body.refresh_token, alone)).toEqual(before)
    // The outage lasts longer than the window; then the lock is let go of.
    alone.clock.advance(300)
    intruder.exec('ROLLBACK')

    expect((await browser.post('/auth/refresh')).status).toBe(200)
    const repeated = await refreshed(body.refresh_token, {}, alone)
    expect(repeated.refresh_token).toBe(lost.refresh_token)
    alone.clock.advance(61 + PAST)
    expect((await refreshed(lost.refresh_token, {}, alone)).refresh_token).not.toBe(lost.refresh_token)
  } finally {
    intruder.close()
    await alone.close()
  }
}, 30_000)

describe('S-R11 a refusal for another reason', () => {
  test('429 clears no cookie and ends no session', async () => {
    const limited = await openTestService()
    try {
      await register(limited, 'alice')
      const browser = createBrowser(limited)
      await browser.login('alice')
      const statuses: number[] = []
      for (let i = 0; i < 40; i++) {
        const response = await browser.post('/auth/refresh')
        statuses.push(response.status)
        if (response.status === 200) continue
        expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
        expect(response.headers.getSetCookie()).toEqual([])
        expect(await refusal(response)).toEqual([429, 'rate_limited'])
      }
      expect(statuses.slice(0, 30)).toEqual(Array(30).fill(200))
      expect(statuses).toContain(429)
      limited.clock.advance(61)
      expect((await browser.post('/auth/refresh')).status).toBe(200)
    } finally {
      await limited.close()
    }
  })

  test('a claims hook that fails for longer than the window costs nobody the session', async () => {
    const state = { fails: false, calls: 0 }
    const claims: ClaimsHook = () => {
      state.calls += 1
      if (state.fails) throw new Error('the application is out of order')
      return { tenant: 'north' }
    }
    const hooked = await openTestService({ settings: { rateLimit: 'off' }, plugins: { claims } })
    try {
      const first = await signUp(hooked, 'alice')
      hooked.clock.advance(PAST)
      state.fails = true
      for (let i = 0; i < 3; i++) {
        const failed = await refresh(first.refresh_token, {}, hooked)
        expect(await refusal(failed)).toEqual([500, 'internal_error'])
        hooked.clock.advance(PAST)
      }
      state.fails = false
      state.calls = 0
      const next = await refreshed(first.refresh_token, {}, hooked)
      expect(payloadOf(next.access_token)).toMatchObject({ tenant: 'north' })
      expect(next.refresh_token).not.toBe(first.refresh_token)
      expect(state.calls).toBe(1)
    } finally {
      await hooked.close()
    }
  })
})

describe('S-R08 a wish that is refused', () => {
  const WIDER = [422, 'scope_not_allowed']
  const ELSEWHERE = [422, 'audience_not_allowed']

  test('neither rotates nor ends the session; a narrower one is granted', async () => {
    const { refresh_token } = await signUp(service, 'r08', { scope: 'profile:read', audience: API })
    service.clock.advance(PAST)
    const before = rowOf(refresh_token)
    for (const scope of ['profile:read profile:write', 'admin', 'profile:read admin', '', 'profile:read  ', '"']) {
      expect([scope, ...(await refusal(await refresh(refresh_token, { scope })))]).toEqual([scope, ...WIDER])
    }
    for (const audience of [FILES, [API, FILES], 'https://evil.example', service.issuer, '', `${API}/`]) {
      expect(await refusal(await refresh(refresh_token, { audience }))).toEqual(ELSEWHERE)
    }
    expect(rowOf(refresh_token)).toEqual(before)
    const granted = await refreshed(refresh_token, { scope: 'profile:read', audience: API })
    expect(payloadOf(granted.access_token)).toMatchObject({ scope: 'profile:read', aud: API })
    expect(granted.refresh_token).not.toBe(refresh_token)
  })

  test('a narrowed answer does not narrow the session', async () => {
    const first = await signUp(service, 'r08b', { audience: [API, FILES] })
    const narrow = await refreshed(first.refresh_token, { scope: 'profile:read', audience: FILES })
    expect(payloadOf(narrow.access_token)).toMatchObject({ scope: 'profile:read', aud: FILES })
    const whole = await refreshed(first.refresh_token)
    expect(payloadOf(whole.access_token)).toMatchObject({ scope: 'profile:read profile:write', aud: [API, FILES] })
  })

  test('its answer does not tell a thief whether his copy is still live', async () => {
    const first = await signUp(service, 'r08c')
    service.clock.advance(PAST)
    const second = await refreshed(first.refresh_token)
    service.clock.advance(PAST)
    for (const token of [first.refresh_token, second.refresh_token]) {
      expect(await refusal(await refresh(token, { scope: 'admin' }))).toEqual(WIDER)
    }
    expect((await refresh(second.refresh_token)).status).toBe(200)
  })
})

describe('S-R09 tokens that are not ours', () => {
  test('a forged MAC for a known session touches no store and leaves it alive', async () => {
    const { refresh_token, session_id } = await signUp(service, 'r09')
    const real = bytesOf(refresh_token)
    expect(tokenFrom(real)).toBe(refresh_token)
    const forge = (change: (body: Buffer) => void) => {
      const body = Buffer.from(real)
      change(body)
      return tokenFrom(body)
    }
    const forged = [
      ...Array.from({ length: 16 }, (_, i) => forge((body) => body.writeUInt8((body[38 + i] ?? 0) ^ 1, 38 + i))),
      forge((body) => body.fill(0, 38)),
      forge((body) => body.writeUInt32BE(1, 18)), // ahead
      forge((body) => body.writeUInt32BE(0xffff_ffff, 18)),
      forge((body) => body.fill(7, 22, 38)), // another secret
      forge((body) => body.writeUInt8((body[10] ?? 0) ^ 1, 10)), // another session
      forge((body) => body.writeUInt8(2, 0)), // another version
      tokenFrom(Buffer.concat([real.subarray(0, 2), Buffer.from(session_id, 'base64url'), Buffer.alloc(36)])),
    ]
    service.clock.advance(PAST)
    const before = service.statements.length
    for (const token of forged) {
      expect(await refusal(await refresh(token))).toEqual(INVALID)
      expect((await service.post('/auth/refresh/revoke', { refresh_token: token })).status).toBe(204)
    }
    // A master key that nobody has: "later", since it may be on its way here, and no store either.
    expect((await refresh(forge((body) => body.writeUInt8(77, 1)))).status).toBe(503)
    expect(service.statements.length).toBe(before)
    expect((await refreshed(refresh_token)).refresh_token).not.toBe(refresh_token)
    expect(service.statements.length).toBeGreaterThan(before)
  })

  test('one flipped character at any place is refused without the store', async () => {
    const { refresh_token } = await signUp(service, 'r09b')
    const before = service.statements.length
    for (let at = 0; at < refresh_token.length; at++) {
      const other = refresh_token[at] === 'A' ? 'B' : 'A'
      const flipped = refresh_token.slice(0, at) + other + refresh_token.slice(at + 1)
      expect(await refusal(await refresh(flipped))).toEqual(INVALID)
    }
    for (const text of [
      refresh_token.toUpperCase(),
      ` ${refresh_token}`,
      `${refresh_token}0`,
      refresh_token.slice(0, -1),
    ]) {
      expect(await refusal(await refresh(text))).toEqual(INVALID)
    }
    expect(service.statements.length).toBe(before)
    expect((await refresh(refresh_token)).status).toBe(200)
  })

  test('5,000 junk tokens cost no statement', async () => {
    const before = service.statements.length
    for (let i = 0; i < 5_000; i++) {
      const body = Buffer.alloc(54, i & 255)
      body.writeUInt16BE(0x0101, 0)
      body.writeUInt32BE(i, 40)
      const response = await refresh(i % 2 === 0 ? tokenFrom(body) : `csn_rt_${'z'.repeat(i % 100)}`)
      if (response.status !== 401) throw new Error(`junk was answered with ${response.status}`)
    }
    expect(service.statements.length).toBe(before)
  })
})

test('S-R13 lifetimes are spread over 80 to 100 % and are what the token says', async () => {
  let live = (await signUp(service, 'r13')).refresh_token
  const lifetimes: number[] = []
  for (let i = 0; i < 1000; i++) {
    service.clock.advance(PAST)
    const at = service.clock.now() / 1000
    const { access_token, expires_in, refresh_token } = await refreshed(live)
    const { exp, iat } = payloadOf(access_token) as { exp: number; iat: number }
    expect(exp - iat).toBe(expires_in)
    expect(Math.abs(exp - at - expires_in)).toBeLessThanOrEqual(1)
    lifetimes.push(expires_in)
    live = refresh_token
  }
  expect(Math.min(...lifetimes)).toBeGreaterThanOrEqual(480)
  expect(Math.max(...lifetimes)).toBeLessThanOrEqual(600)
  // A tenth of the span each: a thousand draws leave none of them empty, and none with a quarter of all.
  const tenths = Map.groupBy(lifetimes, (seconds) => Math.min(9, Math.floor((seconds - 480) / 12)))
  expect(tenths.size).toBe(10)
  for (const tenth of tenths.values()) expect(tenth.length).toBeLessThan(250)

  // Asking again inside the window gives one value, however often: nobody can wait for the longest.
  const again = await Promise.all(Array.from({ length: 20 }, () => refreshed(live)))
  expect(new Set(again.map(({ expires_in }) => expires_in)).size).toBe(1)
})

describe('two master keys while they are rolled', () => {
  const KEYS = [1, 2].map(
    (id) => `${id}:${Buffer.from(`master key number ${id} of this test`.padEnd(40, '.')).toString('base64')}`,
  )
  const [one = '', two = ''] = KEYS
  let behind: TestService
  let before: TestService
  let after: TestService
  beforeAll(async () => {
    behind = await openTestService({ settings: { rateLimit: 'off', masterKeys: [one] } })
    const { folder } = behind
    before = await openTestService({ folder, settings: { rateLimit: 'off', masterKeys: [one, two] } })
    after = await openTestService({ folder, settings: { rateLimit: 'off', masterKeys: [two, one] } })
  })
  afterAll(async () => {
    await after.close()
    await before.close()
    await behind.close()
  })
  const advance = () => {
    for (const one of [behind, before, after]) one.clock.advance(PAST)
  }

  test('S-R03 services with different active keys answer with identical bytes, and the next refresh works at both', async () => {
    await register(before, 'alice')
    for (const [first, second] of [
      [before, after],
      [after, before],
    ] as const) {
      let { refresh_token: live } = await login(first, 'alice')
      advance()
      const winner = await refreshed(live, {}, first)
      const loser = await refreshed(live, {}, second)
      expect(loser.refresh_token).toBe(winner.refresh_token)
      expect(bytesOf(winner.refresh_token)[1]).toBe(first === before ? 1 : 2)
      live = winner.refresh_token
      advance()
      // Both at the same time, several each.
      const answers = await Promise.all(
        [0, 1, 2, 3, 4, 5].map((i) => refreshed(live, {}, i % 2 === 0 ? first : second)),
      )
      expect(new Set(answers.map(({ refresh_token }) => refresh_token)).size).toBe(1)
      expect(rowOf(live, behind)).toMatchObject({ gen: 2, revoked_at: null })
      live = answers[0]?.refresh_token ?? ''
      for (const at of [first, second]) {
        advance()
        live = (await refreshed(live, {}, at)).refresh_token
      }
      expect(rowOf(live, behind)).toMatchObject({ gen: 4, revoked_at: null })
    }
  })

  test('what a dropped key sealed is over, and what the newer one sealed lives on', async () => {
    let running = await openTestService({ settings: { rateLimit: 'off', masterKeys: [one] } })
    const { folder } = running
    const withKeys = async (...masterKeys: string[]) => {
      await running.service.close()
      running = await openTestService({ folder, settings: { rateLimit: 'off', masterKeys } })
    }
    try {
      const old = await signUp(running, 'alice')
      await withKeys(one, two)
      await withKeys(two, one)
      const young = await login(running, 'alice')
      expect((await refresh(old.refresh_token, {}, running)).status).toBe(200)
      await withKeys(two)
      expect(await refusal(await refresh(old.refresh_token, {}, running))).toEqual(INVALID)
      const revoked = await running.post('/auth/refresh/revoke', { refresh_token: old.refresh_token })
      expect(revoked.status).toBe(204)
      expect((await refresh(young.refresh_token, {}, running)).status).toBe(200)
    } finally {
      await running.close()
      rmSync(folder, { recursive: true })
    }
  })

  test('a service that was not given the newest key yet says "later", and neither refuses nor ends', async () => {
    const { refresh_token } = await login(after, 'alice')
    expect(bytesOf(refresh_token)[1]).toBe(2)
    const browser = createBrowser(after)
    await browser.login('alice')
    const cookie = browser.cookieHeader('/auth/refresh') ?? ''
    for (const path of ['/auth/refresh', '/auth/refresh/revoke']) {
      const byBody = await behind.post(path, { refresh_token })
      const headers = { cookie, origin: behind.issuer, 'x-csn-csrf': '1' }
      const byCookie = await behind.post(path, undefined, { headers })
      for (const response of [byBody, byCookie]) {
        expect(response.headers.get('retry-after')).toBe('2')
        expect(response.headers.getSetCookie()).toEqual([])
        expect(await refusal(response)).toEqual([503, 'store_unavailable'])
      }
    }
    expect((await refresh(refresh_token, {}, before)).status).toBe(200)
    expect((await browser.post('/auth/refresh')).status).toBe(200)
  })
})
