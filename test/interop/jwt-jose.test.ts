import {
  createJwkSet,
  createSigner,
  createVerifier,
  decode,
  exportJwk,
  exportJwkSet,
  exportPem,
  exportPrivateJwk,
  exportPrivatePem,
  exportSecret,
  generateSecret,
  generateSigningKey,
  importSigningKey,
  importVerificationKey,
  thumbprint,
} from '@countersign/jwt'
import * as jose from 'jose'
import { describe, expect, test } from 'vitest'

const ISSUER = 'https://auth.example.com'
const AUDIENCE = 'https://api.example.com'
const parties = { issuer: ISSUER, audience: AUDIENCE }
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
const HMAC = ['HS256', 'HS384', 'HS512'] as const
/** Texts that a wrong conversion between characters and bytes would change. */
const CLAIMS = {
  sub: 'Zoë Ωmega 😀',
  name: 'é = e\u0301',
  鍵: ['ключ', { '🔑': '\u0000\u2028"\\' }],
  n: 1.5e300,
  t: true,
  z: null,
}

const joseToken = (alg: string, key: jose.CryptoKey | Uint8Array, kid?: string): Promise<string> =>
  new jose.SignJWT({ ...CLAIMS })
    .setProtectedHeader({ alg, typ: 'at+jwt', ...(kid === undefined ? {} : { kid }) })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(key)
const expectations = { ...parties, typ: 'at+jwt', requiredClaims: ['jti'] }

describe('jose and ours, both ways', () => {
  test.each(ASYMMETRIC)('%s: our key, our token, in jose', async (alg) => {
    const key = await generateSigningKey(alg)
    const token = createSigner({ key, ...parties }).sign(CLAIMS)
    const keys = [
      await jose.importJWK({ ...exportJwk(key) }, alg),
      await jose.importSPKI(exportPem(key), alg),
      jose.createLocalJWKSet({
        keys: exportJwkSet([await generateSigningKey('ES256'), key]).keys.map((jwk) => ({ ...jwk })),
      }),
    ]
    for (const verificationKey of keys) {
      const options = { ...expectations, algorithms: [alg] }
      const { payload } =
        typeof verificationKey === 'function'
          ? await jose.jwtVerify(token, verificationKey, options)
          : await jose.jwtVerify(token, verificationKey, options)
      expect(payload).toMatchObject(CLAIMS)
    }
    expect(jose.decodeProtectedHeader(token)).toEqual(decode(token).header)
    expect(await jose.calculateJwkThumbprint({ ...exportJwk(key) })).toBe(thumbprint(key))
  })

  test.each(ASYMMETRIC)('%s: their key, their token, in ours', async (alg) => {
    const pair = await jose.generateKeyPair(alg, { extractable: true })
    const jwk = { ...(await jose.exportJWK(pair.publicKey)), kty: String((await jose.exportJWK(pair.publicKey)).kty) }
    const token = await joseToken(alg, pair.privateKey)
    const spki = await jose.exportSPKI(pair.publicKey)
    for (const material of [jwk, spki, pair.publicKey]) {
      const { claims } = createVerifier({ keys: importVerificationKey(material, alg), ...parties }).verify(token)
      expect(claims).toMatchObject(CLAIMS)
    }
    const set = createJwkSet({ keys: [{ ...jwk, kid: 'k', alg }] })
    const named = await joseToken(alg, pair.privateKey, 'k')
    expect(createVerifier({ keys: set, ...parties }).verify(named).header.kid).toBe('k')
  })

  test.each(ASYMMETRIC)('%s: private keys travel', async (alg) => {
    const ours = await generateSigningKey(alg)
    const verifier = createVerifier({ keys: ours.verificationKey, ...parties })
    const asJwk = await jose.importJWK({ ...exportPrivateJwk(ours) }, alg)
    const asPem = await jose.importPKCS8(exportPrivatePem(ours), alg)
    for (const key of [asJwk, asPem]) expect(verifier.verify(await joseToken(alg, key)).ok).toBe(true)

    const theirs = await jose.generateKeyPair(alg, { extractable: true })
    const key = importSigningKey(await jose.exportPKCS8(theirs.privateKey), alg)
    const { payload } = await jose.jwtVerify(
      createSigner({ key, ...parties }).sign(CLAIMS),
      theirs.publicKey,
      expectations,
    )
    expect(payload.sub).toBe(CLAIMS.sub)
  })

  test.each(HMAC)('%s, both ways', async (alg) => {
    const secret = await generateSecret(alg, { kid: 'k' })
    const bytes = exportSecret(secret)
    const { payload } = await jose.jwtVerify(
      createSigner({ key: secret, ...parties }).sign(CLAIMS),
      bytes,
      expectations,
    )
    expect(payload).toMatchObject(CLAIMS)
    expect(createVerifier({ keys: secret, ...parties }).verify(await joseToken(alg, bytes, 'k')).claims).toMatchObject(
      CLAIMS,
    )
  })

  test('"Ed25519" (RFC 9864) is read as "EdDSA", and "EdDSA" is what is written', async () => {
    const key = await generateSigningKey('Ed25519')
    const token = createSigner({ key, ...parties }).sign(CLAIMS)
    expect(decode(token).header.alg).toBe('EdDSA')
    const theirs = await joseToken(
      'Ed25519',
      (await jose.importJWK({ ...exportPrivateJwk(key), alg: 'Ed25519' }, 'Ed25519')) as jose.CryptoKey,
    )
    expect(decode(theirs).header.alg).toBe('Ed25519')
    expect(createVerifier({ keys: key.verificationKey, ...parties }).verify(theirs).ok).toBe(true)
    expect(
      createVerifier({ keys: createJwkSet({ keys: [{ ...exportJwk(key), alg: 'Ed25519' }] }), ...parties }).verify(
        token,
      ).ok,
    ).toBe(true)
  })

  test('what one of them changes, neither accepts', async () => {
    const key = await generateSigningKey('ES256')
    const token = createSigner({ key, ...parties }).sign(CLAIMS)
    const [header = '', , signature = ''] = token.split('.')
    const forged = `${header}.${Buffer.from('{"sub":"admin"}').toString('base64url')}.${signature}`
    await expect(jose.jwtVerify(forged, await jose.importSPKI(exportPem(key), 'ES256'))).rejects.toThrow()
    expect(createVerifier({ keys: key.verificationKey, ...parties }).tryVerify(forged)).toMatchObject({
      code: 'jwt_signature_invalid',
    })
  })
})
