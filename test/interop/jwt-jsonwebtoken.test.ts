import {
  createSigner,
  createVerifier,
  exportPem,
  exportPrivatePem,
  exportSecret,
  generateSecret,
  generateSigningKey,
  importSecret,
} from '@countersign/jwt'
import jsonwebtoken from 'jsonwebtoken'
import { describe, expect, test } from 'vitest'

const ISSUER = 'https://auth.example.com'
const AUDIENCE = 'https://api.example.com'
const parties = { issuer: ISSUER, audience: AUDIENCE }
/** All that jsonwebtoken offers; it has no EdDSA. */
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'] as const
const HMAC = ['HS256', 'HS384', 'HS512'] as const
const CLAIMS = { sub: 'Zoë Ωmega 😀', name: 'é = e\u0301', 鍵: ['ключ'] }

const theirToken = (alg: jsonwebtoken.Algorithm, key: jsonwebtoken.Secret | jsonwebtoken.PrivateKey): string =>
  jsonwebtoken.sign(CLAIMS, key, {
    algorithm: alg,
    issuer: ISSUER,
    audience: AUDIENCE,
    expiresIn: 300,
    header: { alg, typ: 'at+jwt' },
  })
const theirVerdict = (
  alg: jsonwebtoken.Algorithm,
  token: string,
  key: jsonwebtoken.Secret | jsonwebtoken.PublicKey,
): unknown => jsonwebtoken.verify(token, key, { algorithms: [alg], issuer: ISSUER, audience: AUDIENCE })

describe('jsonwebtoken and ours, both ways', () => {
  test.each(ASYMMETRIC)('%s', async (alg) => {
    const key = await generateSigningKey(alg)
    expect(theirVerdict(alg, createSigner({ key, ...parties }).sign(CLAIMS), exportPem(key))).toMatchObject(CLAIMS)
    const { tryVerify } = createVerifier({ keys: key.verificationKey, ...parties })
    const token = theirToken(alg, exportPrivatePem(key))
    expect(tryVerify(token)).toMatchObject({ ok: true, claims: CLAIMS })
    expect(tryVerify(theirToken(alg, exportPrivatePem(await generateSigningKey(alg))))).toMatchObject({
      code: 'jwt_signature_invalid',
    })
  })

  test.each(HMAC)('%s', async (alg) => {
    const secret = await generateSecret(alg)
    const bytes = Buffer.from(exportSecret(secret))
    expect(theirVerdict(alg, createSigner({ key: secret, ...parties }).sign(CLAIMS), bytes)).toMatchObject(CLAIMS)
    const { tryVerify } = createVerifier({ keys: secret, ...parties })
    expect(tryVerify(theirToken(alg, bytes))).toMatchObject({ ok: true, claims: CLAIMS })
    expect(tryVerify(theirToken(alg, Buffer.alloc(bytes.length, 1)))).toMatchObject({ code: 'jwt_signature_invalid' })
  })

  test('a secret that is a text there is the UTF-8 bytes of it here', () => {
    const text = 'eine Zeichenkette mit Ümläuten, die lang genug ist'
    const keys = importSecret({ utf8: text }, 'HS256')
    expect(createVerifier({ keys, ...parties }).verify(theirToken('HS256', text)).claims.sub).toBe(CLAIMS.sub)
    expect(theirVerdict('HS256', createSigner({ key: keys, ...parties }).sign(CLAIMS), text)).toMatchObject(CLAIMS)
  })
})
