import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createSigner,
  createVerifier,
  decode,
  generateSecret,
  generateSigningKey,
  importSecret,
  JwtError,
} from './index.ts'

const NOW = 1_800_000_000
const parties = { issuer: 'https://auth.example.com', audience: 'https://api.example.com', clock: () => NOW }
const registered = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'])
const claims = fc.dictionary(
  fc.string({ unit: 'binary', maxLength: 8 }).filter((name) => !registered.has(name)),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 6 },
)

describe('for any claims', async () => {
  const hmac = await generateSecret('HS256')
  const ec = await generateSigningKey('ES256')

  test.each([
    ['HS256', hmac, hmac],
    ['ES256', ec, ec.verificationKey],
  ] as const)('%s: what is signed is what is verified', (_alg, key, keys) => {
    const { sign } = createSigner({ key, ...parties })
    const { verify } = createVerifier({ keys, ...parties })
    let signed = 0
    fc.assert(
      fc.property(claims, fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (more, sub) => {
        const given = { ...more, sub }
        let token: string
        try {
          token = sign(given)
        } catch (error) {
          if (error instanceof JwtError) return // too large, or what a token must not carry
          throw error
        }
        signed++
        const written = JSON.parse(JSON.stringify(given))
        expect(verify(token).claims).toEqual({
          ...written,
          iss: parties.issuer,
          aud: parties.audience,
          iat: NOW,
          exp: NOW + 600,
          jti: expect.any(String),
        })
        expect(decode(token).unverifiedClaims).toEqual(verify(token).claims)
      }),
      { numRuns: 400 },
    )
    expect(signed).toBeGreaterThan(300)
  })
})

test('for any text: a refusal with a code, never an exception', async () => {
  const { tryVerify } = createVerifier({ keys: await generateSecret('HS256'), ...parties })
  const part = fc.oneof(
    fc.stringMatching(/^[\w-]{0,30}$/),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
    fc.string({ unit: 'binary' }),
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('.')),
    fc.anything(),
  )
  fc.assert(
    fc.property(text, (token) => {
      expect(tryVerify(token as string)).toMatchObject({ ok: false, code: expect.any(String) })
    }),
    { numRuns: 3000 },
  )
})

test('for any material: a secret, or a TypeError', () => {
  const material = fc.oneof(
    fc.anything(),
    fc.uint8Array({ maxLength: 70 }),
    fc.record({ utf8: fc.string({ unit: 'binary', maxLength: 70 }) }),
    fc.record({ kty: fc.constant('oct'), k: fc.base64String() }),
  )
  let made = 0
  fc.assert(
    fc.property(material, (value) => {
      try {
        importSecret(value as Uint8Array, 'HS256')
        made++
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
  expect(made).toBeGreaterThan(0)
})
