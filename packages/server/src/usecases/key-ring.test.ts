import { randomBytes } from 'node:crypto'
import { createJwkSet, createSigner, createVerifier, decode, generateSigningKey } from '@countersign/jwt'
import type { AccessTokenClaims } from '@countersign/protocol'
import { describe, expect, test } from 'vitest'
import { createMemoryState, type MemoryState } from '../adapters/memory/state.ts'
import { createMemoryStores } from '../adapters/memory/stores.ts'
import { AuthError } from '../domain/errors.ts'
import { MasterKeyError } from '../domain/key-wrap.ts'
import { createMasterKeys, type MasterKeys } from '../domain/master-keys.ts'
import type { KeyPolicy } from './key-policy.ts'
import { createKeyRing } from './key-ring.ts'
import { createKeySafe } from './key-safe.ts'

const ISSUER = 'https://auth.example.com'
const API = 'https://api.example.com'
const OTHER = 'https://other.example.com'
const START = 1_800_000_000_000
const HOUR = 3_600_000
const DAY = 24 * HOUR
const ONE = createMasterKeys(new Map([[1, randomBytes(32)]]))
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }

/** One service; several on the same `state` share a database. */
function service(
  given: {
    readonly state?: MemoryState
    readonly at?: number
    readonly policy?: Partial<KeyPolicy>
    readonly audiences?: readonly string[]
    readonly masterKeys?: MasterKeys
  } = {},
) {
  const state = given.state ?? createMemoryState()
  const time = { wall: given.at ?? START, mono: 0 }
  const clock = { wall: () => time.wall, mono: () => time.mono }
  const stores = createMemoryStores(clock.wall, state)
  const made: string[] = []
  const masterKeys = given.masterKeys ?? ONE
  const safe = createKeySafe({ masterKeys, random, issuer: ISSUER, generateKey: (alg) => generateSigningKey(alg) })
  const policy = {
    algorithm: 'ES256',
    accessTokenLifetime: 600,
    keyPeriod: (30 * DAY) / 1000,
    keyLead: (2 * DAY) / 1000,
    ...given.policy,
  }
  const audiences = given.audiences ?? [API, OTHER]
  const onPublished = ({ kid }: { kid: string }) => void made.push(kid)
  const ring = createKeyRing({ issuer: ISSUER, audiences, keys: stores.keys, safe, clock, policy, onPublished })
  const claims = (aud: string | readonly string[] = API): AccessTokenClaims => {
    const iat = Math.floor(time.wall / 1000)
    return { iss: ISSUER, sub: 'AAAAAAAAAAAAAAAAAAAAAA', aud, iat, exp: iat + 600, jti: 'j', client_id: 'first-party' }
  }
  return {
    ring,
    state,
    stores,
    time,
    safe,
    made,
    claims,
    sign: (aud?: string | string[]) => ring.sign(claims(aud), time.wall),
  }
}

const kidOf = (token: string) => decode(token).header.kid
const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work()
    return 'passed'
  } catch (error) {
    return error instanceof AuthError ? error.code : error instanceof MasterKeyError ? error.fault : `other: ${error}`
  }
}

describe.each([
  ...['HS256', 'HS384', 'HS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
])('%s', (algorithm) => {
  test('S-K01 signs, verifies, and shows public members alone', async () => {
    const { ring, sign, claims } = service({ policy: { algorithm } })
    await ring.refresh()
    const token = await sign()
    expect(decode(token).header).toMatchObject({ alg: algorithm, typ: 'at+jwt' })
    expect(ring.verify(token)).toEqual(claims())
    expect(ring.tryVerify(`${token.slice(0, -8)}AAAAAAAA`)).toMatchObject({ ok: false, code: 'jwt_signature_invalid' })

    const { keys } = ring.jwkSet()
    expect(keys).toHaveLength(algorithm.startsWith('HS') ? 0 : 2)
    for (const jwk of keys) {
      expect(jwk).toMatchObject({ alg: algorithm, use: 'sig', kid: expect.stringMatching(/^[\w-]{43}$/) })
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) expect(jwk).not.toHaveProperty(secret)
    }
    if (keys.length > 0) {
      const elsewhere = createVerifier({
        keys: createJwkSet(ring.jwkSet()),
        issuer: ISSUER,
        audience: API,
        clock: () => START / 1000,
      })
      expect(elsewhere.tryVerify(token).ok).toBe(true)
    }
  })
})

describe('the first start', () => {
  test('makes a key that signs and a successor that waits, and tells of both', async () => {
    const { ring, made } = service()
    expect(ring.canSign()).toBe(false)
    await ring.refresh()
    expect(ring.canSign()).toBe(true)
    expect(
      ring
        .list()
        .map(({ state }) => state)
        .sort(),
    ).toEqual(['active', 'published'])
    expect(made).toHaveLength(2)
    await ring.refresh()
    expect(made).toHaveLength(2)
  })

  test('S-K08 services that start at once on an empty store agree on one key', async () => {
    const state = createMemoryState()
    const services = Array.from({ length: 6 }, (_, index) => service({ state, at: START + index * 80 }))
    await Promise.all(services.map(({ ring }) => ring.refresh()))
    expect(state.keys.size).toBe(2)
    const tokens = await Promise.all(services.map(({ sign }) => sign()))
    expect(new Set(tokens.map(kidOf)).size).toBe(1)
    for (const { ring } of services) for (const token of tokens) expect(ring.tryVerify(token).ok).toBe(true)
  })

  test('before the rows were read nothing is signed or judged', async () => {
    const { ring, sign } = service()
    expect(await codeOf(() => sign())).toBe('service_busy')
    expect(await codeOf(() => ring.verify('x'))).toBe('service_busy')
    expect(ring.needsRefresh()).toBe(true)
    await ring.refresh()
    expect(await codeOf(() => sign())).toBe('passed')
    expect(await codeOf(() => ring.verify('x'))).toBe('token_invalid')
  })

  test('S-K05 with another master key it refuses, and makes no key', async () => {
    const { ring, state } = service()
    await ring.refresh()
    const before = [...state.keys]
    const wrong = createMasterKeys(new Map([[1, randomBytes(32)]]))
    expect(await codeOf(() => service({ state, masterKeys: wrong }).ring.refresh())).toBe('unreadable')
    const missing = createMasterKeys(new Map([[2, randomBytes(32)]]))
    expect(await codeOf(() => service({ state, masterKeys: missing }).ring.refresh())).toBe('key_missing')
    expect([...state.keys]).toEqual(before)
    expect(await codeOf(() => service({ state }).ring.refresh())).toBe('passed')
  })

  test('S-K04 the rows show no private key', async () => {
    for (const algorithm of ['ES256', 'HS256']) {
      const { ring, state, safe } = service({ policy: { algorithm } })
      await ring.refresh()
      for (const row of state.keys.values()) {
        const secret = Buffer.from(safe.openSecret(row))
        expect(Buffer.from(row.wrapped).includes(secret)).toBe(false)
        expect(JSON.stringify(row)).not.toContain('"d"')
      }
    }
  })

  test('a key that somebody wrote into the store without the master key counts for nothing', async () => {
    const { ring, state } = service()
    await ring.refresh()
    const [row] = state.keys.values()
    const foreign = service()
    await foreign.ring.refresh()
    const [planted] = foreign.state.keys.values()
    if (row === undefined || planted === undefined) throw new TypeError('no rows')
    const wrapped = row.wrapped
    state.keys.set(planted.kid, { ...planted, wrapped, epoch: 9 })
    expect(await codeOf(() => service({ state }).ring.refresh())).toBe('unreadable')
    state.keys.delete(planted.kid)
    state.keys.set(row.kid, { ...row, publicJwk: planted.publicJwk })
    expect(await codeOf(() => service({ state }).ring.refresh())).toBe('unreadable')
    state.keys.set(row.kid, row)
    expect(await codeOf(() => service({ state }).ring.refresh())).toBe('passed')
  })
})

describe('the clock alone moves keys', () => {
  test('S-K02 a scheduled start takes effect without a reading, and no token is refused over a rotation', async () => {
    const { ring, time, sign, claims } = service()
    await ring.refresh()
    const before = await sign()
    const set = ring.jwkSet()
    expect(ring.jwkSet()).toBe(set)
    time.wall = START + 30 * DAY
    const after = await sign()
    expect(kidOf(after)).not.toBe(kidOf(before))
    expect(set.keys.map(({ kid }) => kid)).toContain(kidOf(after))
    expect(ring.tryVerify(after)).toMatchObject({ ok: true })
    const old = await ring.sign({ ...claims(), exp: Math.floor(time.wall / 1000) + 600 }, time.wall - 2_000)
    expect(kidOf(old)).toBe(kidOf(before))
    expect(ring.tryVerify(old).ok).toBe(true)
    expect(
      ring
        .list()
        .map(({ state }) => state)
        .sort(),
    ).toEqual(['active', 'retiring'])
  })

  test('a retired key goes when its last token has expired', async () => {
    const { ring, time, sign } = service()
    await ring.refresh()
    const first = kidOf(await sign())
    time.wall = START + 30 * DAY
    await ring.refresh()
    expect(ring.jwkSet().keys.map(({ kid }) => kid)).toContain(first)
    time.wall += ring.keep
    expect(ring.jwkSet().keys.map(({ kid }) => kid)).not.toContain(first)
    expect(ring.list().find(({ kid }) => kid === first)?.state).toBe('removed')
    expect(ring.keep).toBeGreaterThanOrEqual(600_000 + HOUR)
  })

  test('with the store away for a day it still switches in time', async () => {
    const { ring, time, sign } = service()
    await ring.refresh()
    const first = kidOf(await sign())
    time.wall = START + 31 * DAY
    expect(kidOf(await sign())).not.toBe(first)
  })

  test('it asks to be refreshed after half a minute, sooner for a key that it does not know', async () => {
    const { ring, time, sign } = service()
    await ring.refresh()
    expect(ring.pollInterval).toBe(30_000)
    time.mono = 6_000
    expect(ring.needsRefresh()).toBe(false)
    const stranger = service()
    await stranger.ring.refresh()
    expect(ring.tryVerify(await stranger.sign())).toEqual({ ok: false, code: 'jwt_key_not_found' })
    expect(ring.needsRefresh()).toBe(true)
    await ring.refresh()
    expect(ring.age()).toBe(0)
    expect(ring.tryVerify(await sign()).ok).toBe(true)
    time.mono += 29_999
    expect(ring.needsRefresh()).toBe(false)
    time.mono += 1
    expect(ring.needsRefresh()).toBe(true)
  })

  test('periods of seconds work, and pile no keys up', async () => {
    const { ring, time, sign } = service({ policy: { keyPeriod: 2, keyLead: 1, accessTokenLifetime: 3 } })
    expect(ring.pollInterval).toBe(250)
    const kids = new Set<unknown>()
    for (let tick = 0; tick < 160; tick += 1) {
      await ring.refresh()
      kids.add(kidOf(await sign()))
      time.wall += 250
    }
    expect(kids.size).toBe(21) // the first is dated back by half a period
    expect(ring.jwkSet().keys.length).toBeLessThanOrEqual(9)
  })
})

describe('what a token must be', () => {
  test.each<[string, Partial<AccessTokenClaims>, string]>([
    ['a foreign audience', { aud: 'https://elsewhere.example.com' }, 'jwt_claim_mismatch'],
    ['expired', { iat: START / 1000 - 700, exp: START / 1000 - 100 }, 'jwt_expired'],
    ['from the future', { iat: START / 1000 + 500, exp: START / 1000 + 900 }, 'jwt_not_yet_valid'],
  ])('%s', async (_name, change, code) => {
    const { ring, safe, stores, sign, claims } = service()
    await ring.refresh()
    const key = (await stores.keys.list()).find(({ kid }) =>
      ring.list().some((k) => k.kid === kid && k.state === 'active'),
    )
    if (key === undefined) throw new TypeError('no key')
    const signer = createSigner({ key: safe.open(key), issuer: ISSUER, audience: API })
    const { iss: _ours, ...rest } = { ...claims(), ...change }
    const verdict = ring.tryVerify(signer.sign(rest))
    expect(verdict).toMatchObject({ ok: false, code })
    expect(ring.tryVerify(await sign()).ok).toBe(true)
  })

  test('one for several audiences is good where each of them is', async () => {
    const { ring, sign } = service()
    await ring.refresh()
    expect(ring.verify(await sign([API, OTHER])).aud).toEqual([API, OTHER])
    expect(ring.verify(await sign(ISSUER)).aud).toBe(ISSUER)
  })
})

describe('shared secrets', () => {
  const HS = { algorithm: 'HS256' } as const

  test('one for each audience, the issuer among them, with random names', async () => {
    const { ring, state, sign } = service({ policy: HS })
    await ring.refresh()
    const purposes = [...state.keys.values()].map(({ purpose }) => purpose)
    expect(new Set(purposes)).toEqual(new Set([`access:${ISSUER}`, `access:${API}`, `access:${OTHER}`]))
    expect(purposes).toHaveLength(6)
    for (const { kid } of state.keys.values()) expect(kid).toMatch(/^[\w-]{22}$/)
    const kids = await Promise.all([ISSUER, API, OTHER].map(async (audience) => kidOf(await sign(audience))))
    expect(new Set(kids).size).toBe(3)
    expect(ring.list().map(({ audience }) => audience)).toContain(API)
  })

  test('a token for several audiences is refused: each could mint for the others', async () => {
    const { ring, sign } = service({ policy: HS })
    await ring.refresh()
    expect(await codeOf(() => sign([API, OTHER]))).toBe('audience_not_allowed')
    expect(await codeOf(() => sign([API]))).toBe('passed')
    expect(await codeOf(() => sign(API))).toBe('passed')
  })

  test("what one audience's secret signs counts for no other, and not for the issuer", async () => {
    const { ring, state, safe, claims } = service({ policy: HS })
    await ring.refresh()
    const row = [...state.keys.values()].find(({ purpose }) => purpose === `access:${API}`)
    if (row === undefined) throw new TypeError('no key')
    const thief = createSigner({ key: safe.open(row), issuer: ISSUER, audience: API })
    const minted = (aud: string | readonly string[]) => {
      const { iss: _ours, ...rest } = claims(aud)
      return ring.tryVerify(thief.sign(rest)).ok
    }
    expect([minted(ISSUER), minted(OTHER), minted([API, ISSUER]), minted([API, OTHER])]).toEqual([
      false,
      false,
      false,
      false,
    ])
    expect(minted(API)).toBe(true)
  })
})

describe('a changed algorithm', () => {
  test.each([
    ['ES256', 'EdDSA'],
    ['ES256', 'HS256'],
    ['HS256', 'ES256'],
    ['HS256', 'HS512'],
  ])('%s to %s: the new key signs at once, and tokens of the old one verify until they expire', async (from, to) => {
    const before = service({ policy: { algorithm: from } })
    await before.ring.refresh()
    const old = await before.sign()
    const after = service({ state: before.state, at: START + 60_000, policy: { algorithm: to } })
    await after.ring.refresh()
    const fresh = await after.sign()
    expect(decode(fresh).header.alg).toBe(to)
    expect(after.ring.tryVerify(old).ok).toBe(true)
    expect(after.ring.tryVerify(fresh).ok).toBe(true)

    // A service that started before the change learns of it and follows, whatever its own setting says.
    before.time.wall = START + 90_000
    await before.ring.refresh()
    expect(decode(await before.sign()).header.alg).toBe(to)
    expect(before.state.keys.size).toBe(after.state.keys.size)

    // The old algorithm's waiting successor never takes over again.
    after.time.wall = START + 45 * DAY
    await after.ring.refresh()
    expect(decode(await after.sign()).header.alg).toBe(to)
    for (const { alg, state } of after.ring.list()) if (alg !== to) expect(state).toBe('removed')
  })
})

test('a rolled master key: rows are sealed anew under the active one, and both still open', async () => {
  const first = service()
  await first.ring.refresh()
  const secrets = new Map([
    [2, randomBytes(32)],
    [1, randomBytes(32)],
  ])
  const state = createMemoryState()
  const one = createMasterKeys(new Map([[1, secrets.get(1) ?? randomBytes(32)]]))
  const old = service({ state, masterKeys: one })
  await old.ring.refresh()
  const rolled = service({ state, masterKeys: createMasterKeys(secrets) })
  await rolled.ring.refresh()
  expect([...state.keys.values()].map(({ wrapped }) => wrapped[1])).toEqual([2, 2])
  expect(await codeOf(() => old.sign())).toBe('passed')
  const alone = service({ state, masterKeys: createMasterKeys(new Map([[2, secrets.get(2) ?? randomBytes(32)]])) })
  await alone.ring.refresh()
  expect(alone.ring.tryVerify(await old.sign()).ok).toBe(true)
})
