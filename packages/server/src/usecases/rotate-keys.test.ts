import { randomBytes } from 'node:crypto'
import { decode, generateSigningKey } from '@countersign/jwt'
import type { AccessTokenClaims } from '@countersign/protocol'
import { describe, expect, test } from 'vitest'
import { createMemoryState, type MemoryState } from '../adapters/memory/state.ts'
import { createMemoryStores } from '../adapters/memory/stores.ts'
import { AuthError } from '../domain/errors.ts'
import { createMasterKeys } from '../domain/master-keys.ts'
import { createAudit } from './audit.ts'
import { createKeyRing } from './key-ring.ts'
import { createKeySafe } from './key-safe.ts'
import { createListAudit } from './list-audit.ts'
import { createRotateKeys, disposeKeys } from './rotate-keys.ts'

const ISSUER = 'https://auth.example.com'
const API = 'https://api.example.com'
const START = 1_800_000_000_000
const DAY = 86_400_000
const BY = { actor: 'cli' }
const masterKeys = createMasterKeys(new Map([[1, randomBytes(32)]]))
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }

function service(algorithm = 'ES256', state: MemoryState = createMemoryState(), brokenLog = false) {
  const time = { wall: START }
  const now = () => time.wall
  const stores = createMemoryStores(now, state)
  const safe = createKeySafe({ masterKeys, random, issuer: ISSUER, generateKey: (alg) => generateSigningKey(alg) })
  const policy = { algorithm, accessTokenLifetime: 600, keyPeriod: (30 * DAY) / 1000, keyLead: (2 * DAY) / 1000 }
  const clock = { wall: now, mono: now }
  const keys = stores.keys
  const ring = createKeyRing({ issuer: ISSUER, audiences: [API], keys, safe, clock, policy })
  const log = brokenLog ? { ...stores.audit, append: () => Promise.reject(new Error('full')) } : stores.audit
  const audit = createAudit({ log, masterKeys, random, report: { error() {} } })
  const rotate = createRotateKeys({ keys, ring, safe, audit, now, policy })
  const sign = async (aud = API) => {
    const iat = Math.floor(now() / 1000)
    const claims: AccessTokenClaims = { iss: ISSUER, sub: 's', aud, iat, exp: iat + 600, jti: 'j', client_id: 'c' }
    const token = await ring.sign(claims, now())
    return { token, kid: decode(token).header.kid }
  }
  const states = () =>
    ring
      .list()
      .map(({ state }) => state)
      .sort()
  const events = async () => (await createListAudit({ log: stores.audit })({ limit: 99 })).map(({ event }) => event)
  return {
    ring,
    rotate,
    sign,
    state,
    stores,
    time,
    states,
    events,
    dispose: () => disposeKeys({ keys, ring, audit, now, policy }),
  }
}

const codeOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work()
    return 'passed'
  } catch (error) {
    return error instanceof AuthError ? error.code : `other: ${error}`
  }
}

describe('rotate', () => {
  test('a successor that was published for the lead signs at once, and another waits', async () => {
    const { ring, rotate, sign, time, states, events } = service()
    await ring.refresh()
    const old = await sign()
    const waiting = ring.list().find(({ state }) => state === 'published')?.kid
    time.wall += 2 * DAY
    expect(await rotate({}, BY)).toEqual([waiting])
    expect((await sign()).kid).toBe(waiting)
    expect(ring.tryVerify(old.token).ok).toBe(false) // it expired two days ago
    expect(states()).toEqual(['active', 'published', 'retiring'])
    expect(await events()).toEqual(['key.rotated'])
  })

  test('a younger one needs `now`, and tokens of the old key go on verifying', async () => {
    const { ring, rotate, sign, time, state } = service()
    await ring.refresh()
    const old = await sign()
    time.wall += 1_000
    const before = [...state.keys]
    expect(await codeOf(() => rotate({}, BY))).toBe('key_too_young')
    expect([...state.keys]).toEqual(before)
    expect(await codeOf(() => rotate({ now: true }, BY))).toBe('passed')
    expect((await sign()).kid).not.toBe(old.kid)
    expect(ring.tryVerify(old.token).ok).toBe(true)
  })

  test('the further successor waits for at least the lead', async () => {
    const { rotate, ring, time } = service()
    await rotate({ now: true }, BY)
    const { activates_at } = ring.list().find(({ state }) => state === 'published') ?? { activates_at: 0 }
    expect(activates_at * 1000).toBeGreaterThanOrEqual(time.wall + 2 * DAY)
  })

  test('of services that rotate at the same moment, one does', async () => {
    const first = service()
    await first.ring.refresh()
    const others = [service('ES256', first.state), service('ES256', first.state), service('ES256', first.state)]
    for (const { ring } of others) await ring.refresh()
    const answers = await Promise.all([first, ...others].map(({ rotate }) => rotate({ now: true }, BY)))
    expect(new Set(answers.flat()).size).toBe(1)
    expect(first.state.keys.size).toBe(3)
    for (const { ring } of [first, ...others]) await ring.refresh()
    expect(new Set(await Promise.all([first, ...others].map(async ({ sign }) => (await sign()).kid))).size).toBe(1)
  })

  test('several in a row work', async () => {
    const { rotate, sign, time, states } = service()
    const kids = new Set<unknown>()
    for (let times = 0; times < 5; times += 1) {
      await rotate({ now: true }, BY)
      kids.add((await sign()).kid)
      time.wall += 1
    }
    expect(kids.size).toBe(5)
    expect(states().filter((state) => state === 'active')).toHaveLength(1)
  })

  test('shared secrets rotate for every audience', async () => {
    const { ring, rotate, sign, states } = service('HS256')
    await ring.refresh()
    const before = [await sign(API), await sign(ISSUER)]
    expect(await rotate({ now: true }, BY)).toHaveLength(2)
    const after = [await sign(API), await sign(ISSUER)]
    expect(new Set([...before, ...after].map(({ kid }) => kid)).size).toBe(4)
    for (const { token } of [...before, ...after]) expect(ring.tryVerify(token).ok).toBe(true)
    expect(states()).toEqual(['active', 'active', 'published', 'published', 'retiring', 'retiring'])
  })

  test('S-A06 without an audit log nothing is rotated', async () => {
    const { ring, rotate, sign, state } = service('ES256', createMemoryState(), true)
    await ring.refresh()
    const { kid } = await sign()
    const before = [...state.keys]
    expect(await codeOf(() => rotate({ now: true }, BY))).toBe('store_unavailable')
    expect([...state.keys]).toEqual(before)
    expect((await sign()).kid).toBe(kid)
  })
})

describe('dispose', () => {
  test.each(['ES256', 'HS256'])('%s: a key is deleted a period after it went, and not before', async (algorithm) => {
    const { ring, state, sign, time, dispose, events } = service(algorithm)
    await ring.refresh()
    const { kid } = await sign()
    time.wall += 30 * DAY
    await ring.refresh()
    time.wall += ring.keep
    expect(await dispose()).toBe(0)
    time.wall += 30 * DAY + 1
    await ring.refresh()
    expect(state.keys.has(String(kid))).toBe(true)
    expect(await dispose()).toBe(algorithm === 'ES256' ? 1 : 2)
    expect((await events()).filter((event) => event === 'key.deleted')).toHaveLength(algorithm === 'ES256' ? 1 : 2)
    expect(state.keys.has(String(kid))).toBe(false)
    await ring.refresh()
    expect(ring.tryVerify((await sign()).token).ok).toBe(true)
  })

  test('after a change of algorithm the keys of the old one go too', async () => {
    const old = service('HS256')
    await old.ring.refresh()
    const pairs = service('ES256', old.state)
    pairs.time.wall += 1_000
    await pairs.ring.refresh()
    for (let months = 0; months < 4; months += 1) {
      pairs.time.wall += 30 * DAY
      await pairs.ring.refresh()
      await pairs.dispose()
      expect(pairs.ring.tryVerify((await pairs.sign()).token).ok).toBe(true)
    }
    const algorithms = [...pairs.state.keys.values()].map(({ alg }) => alg)
    expect(new Set(algorithms)).toEqual(new Set(['ES256']))
  })
})
