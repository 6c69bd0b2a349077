import { KeyObject } from 'node:crypto'
import { afterAll, describe, expect, test, vi } from 'vitest'

/*
 * Every call of node:crypto gets a bare KeyObject. From Node 24.18 on, any wrapper costs as much again as an RSA
 * verification, and it creeps back in silently.
 */

const seen = vi.hoisted(() => ({ keys: [] as unknown[] }))
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>()
  const noting =
    <A extends unknown[], R>(at: number, call: (...args: A) => R) =>
    (...args: A): R => {
      seen.keys.push(args[at])
      return call(...args)
    }
  return {
    ...crypto,
    createHmac: noting(1, crypto.createHmac as (...args: unknown[]) => unknown),
    sign: noting(2, crypto.sign as (...args: unknown[]) => unknown),
    verify: noting(2, crypto.verify as (...args: unknown[]) => unknown),
  }
})
const { createSigner, createVerifier, generateSecret, generateSigningKey } = await import('./index.ts')
afterAll(() => vi.doUnmock('node:crypto'))

const parties = { issuer: 'https://auth.example.com', audience: 'https://api.example.com' }

describe('each algorithm signs and verifies by a bare key', () => {
  test.each([
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
    'Ed25519',
  ] as const)('%s', async (alg) => {
    const key = await generateSigningKey(alg)
    seen.keys.length = 0
    const token = createSigner({ key, ...parties }).sign({ sub: 'a' })
    expect(createVerifier({ keys: key.verificationKey, ...parties }).verify(token).claims.sub).toBe('a')
    expect(seen.keys.length).toBe(2)
    expect(seen.keys.every((used) => used instanceof KeyObject)).toBe(true)
  })

  test.each(['HS256', 'HS384', 'HS512'] as const)('%s', async (alg) => {
    const key = await generateSecret(alg)
    seen.keys.length = 0
    const token = createSigner({ key, ...parties }).sign({ sub: 'a' })
    expect(createVerifier({ keys: key, ...parties }).verify(token).claims.sub).toBe('a')
    expect(seen.keys.length).toBe(2)
    expect(seen.keys.every((used) => used instanceof KeyObject)).toBe(true)
  })
})
