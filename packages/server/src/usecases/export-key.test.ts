import { randomBytes } from 'node:crypto'
import { createVerifier, decode, generateSigningKey, importSecret } from '@countersign/jwt'
import { expect, test } from 'vitest'
import { createMemoryStores } from '../adapters/memory/stores.ts'
import { AuthError } from '../domain/errors.ts'
import { createMasterKeys } from '../domain/master-keys.ts'
import { createAudit } from './audit.ts'
import { createExportSecrets } from './export-key.ts'
import { createKeyRing } from './key-ring.ts'
import { createKeySafe } from './key-safe.ts'
import { createListAudit } from './list-audit.ts'

const ISSUER = 'https://auth.example.com'
const API = 'https://api.example.com'
const OTHER = 'https://other.example.com'
const START = 1_800_000_000_000
const BY = { actor: 'cli' }
const masterKeys = createMasterKeys(new Map([[1, randomBytes(32)]]))
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }

async function setUp(algorithm: string, brokenLog = false) {
  const now = () => START
  const { keys, audit: store } = createMemoryStores(now)
  const safe = createKeySafe({ masterKeys, random, issuer: ISSUER, generateKey: (alg) => generateSigningKey(alg) })
  const policy = { algorithm, accessTokenLifetime: 600, keyPeriod: 2_592_000, keyLead: 172_800 }
  const clock = { wall: now, mono: now }
  const ring = createKeyRing({ issuer: ISSUER, audiences: [API, OTHER], keys, safe, clock, policy })
  await ring.refresh()
  const log = brokenLog ? { ...store, append: () => Promise.reject(new Error('full')) } : store
  const audit = createAudit({ log, masterKeys, random, report: { error() {} } })
  const exportSecrets = createExportSecrets({ issuer: ISSUER, keys, safe, audit, now, keep: ring.keep })
  const times = { iat: START / 1000, exp: START / 1000 + 600 }
  const sign = (aud: string) => ring.sign({ iss: ISSUER, sub: 's', aud, ...times, jti: 'j', client_id: 'c' }, START)
  return { exportSecrets, sign, list: createListAudit({ log: store }) }
}

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'passed'
  } catch (error) {
    return error instanceof AuthError ? error.code : `other: ${error}`
  }
}

test("an audience's secrets, the active one first, verify its tokens and no other's", async () => {
  const { exportSecrets, sign } = await setUp('HS256')
  const secrets = await exportSecrets(API, BY)
  const token = await sign(API)
  expect(secrets).toHaveLength(2)
  expect(secrets[0]).toEqual({
    kty: 'oct',
    kid: decode(token).header.kid,
    alg: 'HS256',
    use: 'sig',
    k: expect.any(String),
  })
  const [first, second] = secrets.map((jwk) => importSecret({ kty: 'oct', ...jwk }, 'HS256'))
  if (first === undefined || second === undefined) throw new TypeError('no secrets')
  const api = createVerifier({
    keys: [first, second],
    issuer: ISSUER,
    audience: [API, OTHER],
    clock: () => START / 1000,
  })
  expect(api.tryVerify(token).ok).toBe(true)
  expect(api.tryVerify(await sign(OTHER))).toMatchObject({ ok: false, code: 'jwt_key_not_found' })
})

test.each([
  ["the issuer's own are never given out", 'HS256', ISSUER],
  ['an audience that is not configured has none', 'HS256', 'https://elsewhere.example.com'],
  ['where key pairs sign there are none', 'ES256', API],
])('%s', async (_name, algorithm, audience) => {
  const { exportSecrets } = await setUp(algorithm)
  expect(await codeOf(() => exportSecrets(audience, BY))).toBe('not_found')
  const control = await setUp('HS256')
  expect(await codeOf(() => control.exportSecrets(API, BY))).toBe('passed')
})

test('S-K09 it is in the audit log, and without one nothing is given out', async () => {
  const { exportSecrets, list } = await setUp('HS384')
  const secrets = await exportSecrets(API, BY)
  const rows = await list({ limit: 9 })
  expect(rows.map(({ event, subject }) => [event, subject])).toEqual(
    [...secrets].reverse().map(({ kid }) => ['key.exported', kid]),
  )
  const told = JSON.stringify(rows)
  for (const { k } of secrets) expect(told).not.toContain(k)
  const broken = await setUp('HS384', true)
  expect(await codeOf(() => broken.exportSecrets(API, BY))).toBe('store_unavailable')
})
