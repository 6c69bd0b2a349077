import { sign as nodeSign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  type AsymmetricAlgorithm,
  createAsyncSigner,
  createSigner,
  createVerifier,
  decode,
  type ExternalKey,
  exportPem,
  exportPrivatePem,
  generateSecret,
  generateSigningKey,
  importVerificationKey,
  type JsonObject,
  JwtError,
  type StandardSchema,
} from './index.ts'

const NOW = 1_800_000_000
const parties = { issuer: 'https://auth.example.com', audience: 'https://api.example.com', clock: () => NOW + 0.9 }
const key = await generateSecret('HS256', { kid: 'k' })
const codeOf = (act: () => unknown): unknown => {
  try {
    return act()
  } catch (error) {
    return error instanceof JwtError ? error.code : error
  }
}

describe('what is signed', () => {
  test('iss, aud, iat, exp and jti are filled in', () => {
    const { header, unverifiedClaims } = decode(createSigner({ key, ...parties }).sign({ sub: 'a', scope: 'x' }))
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: 'k' })
    const { jti, ...claims } = unverifiedClaims
    expect(claims).toEqual({
      iss: parties.issuer,
      sub: 'a',
      aud: parties.audience,
      iat: NOW,
      exp: NOW + 600,
      scope: 'x',
    })
    expect(jti).toMatch(/^[\w-]{22}$/)
  })

  test('what the claims state stands, and "undefined" states nothing', () => {
    const stated = { sub: 'a', aud: ['x', 'y'], iat: NOW - 5, exp: NOW + 5, nbf: NOW, jti: 'j' }
    expect(decode(createSigner({ key, ...parties }).sign(stated)).unverifiedClaims).toEqual({
      iss: parties.issuer,
      ...stated,
    })
    const jwt = decode(createSigner({ key, ...parties, lifetime: 60 }).sign({ sub: 'a', scope: undefined }))
    expect(jwt.unverifiedClaims).toMatchObject({ exp: NOW + 60, aud: parties.audience })
    expect('scope' in jwt.unverifiedClaims).toBe(false)
  })

  test('several audiences, another kind, no expiry', () => {
    const several = createSigner({ key, ...parties, audience: ['a', 'b'], typ: 'invite+jwt', allowNoExpiry: true })
    const { header, unverifiedClaims } = decode(several.sign({}))
    expect([header.typ, unverifiedClaims.aud, 'exp' in unverifiedClaims]).toEqual(['invite+jwt', ['a', 'b'], false])
    expect(decode(createSigner({ key, ...parties, audience: ['a'] }).sign({ sub: 'x' })).unverifiedClaims.aud).toBe('a')
  })

  test('two tokens of one second differ by their jti', () => {
    const { sign } = createSigner({ key, ...parties })
    expect(sign({ sub: 'a' })).not.toBe(sign({ sub: 'a' }))
  })
})

describe('what is refused', () => {
  const { sign } = createSigner({ key, ...parties })

  test('passwords, secrets, private keys and card numbers, with where they stand', () => {
    for (const claims of [{ password: 'x' }, { user: { client_secret: 'x' } }, { note: '4111 1111 1111 1111' }]) {
      expect(codeOf(() => sign({ sub: 'a', ...claims }))).toBe('jwt_payload_refused')
    }
    try {
      sign({ sub: 'a', user: { password: 'hunter2hunter2' } })
      expect.fail('it was signed')
    } catch (error) {
      if (!(error instanceof JwtError)) throw error
      expect(error.findings?.map(({ code, path }) => [code, path])).toEqual([['lint_password', '/user/password']])
      expect(JSON.stringify(error) + error.message).not.toContain('hunter2')
    }
  })

  test('an access token about nobody, however its kind is written', () => {
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) {
      const access = createSigner<JsonObject, string>({ key, ...parties, typ })
      expect(codeOf(() => access.sign({ scope: 'x' }))).toBe('jwt_claim_missing')
      expect(decode(access.sign({ sub: 'a' })).header.typ).toBe(typ)
    }
  })

  test('a token over 4096 bytes', () => {
    const sizeWith = (length: number): number => sign({ sub: 'a', x: 'x'.repeat(length) }).length
    const room = Array.from({ length: 60 }, (_, index) => 2740 + 4 * index)
    const fitting = room.filter((length) => codeOf(() => sizeWith(length)) !== 'jwt_too_large')
    expect(Math.max(...fitting.map(sizeWith))).toBeLessThanOrEqual(4096)
    expect(Math.max(...fitting.map(sizeWith))).toBeGreaterThan(4080)
    expect(fitting.length).toBeLessThan(room.length)
  })

  test('what is no object', () => {
    for (const claims of [null, [], 'sub', 1, undefined]) {
      expect(codeOf(() => sign(claims as never))).toBe('jwt_claim_invalid')
    }
  })

  test('what the claims schema refuses', () => {
    const schema: StandardSchema<{ tenant: string }> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) =>
          typeof (value as { tenant?: unknown }).tenant === 'string'
            ? { value: { tenant: String((value as { tenant: string }).tenant) } }
            : { issues: [{ message: 'a tenant is due', path: ['tenant'] }] },
      },
    }
    const typed = createSigner({ key, ...parties, claims: schema })
    expect(decode(typed.sign({ sub: 'a', tenant: 't' })).unverifiedClaims.tenant).toBe('t')
    try {
      typed.sign({ sub: 'a', tenant: 1 as never })
      expect.fail('it was signed')
    } catch (error) {
      if (!(error instanceof JwtError)) throw error
      expect([error.code, error.issues]).toEqual([
        'jwt_claims_refused',
        [{ message: 'a tenant is due', path: ['tenant'] }],
      ])
    }
  })
})

describe('createAsyncSigner', () => {
  test.each(['RS256', 'PS256'] as const)('%s off the event loop', async (alg) => {
    const rsa = await generateSigningKey(alg)
    const signer = createAsyncSigner({ key: rsa, ...parties })
    const tokens = await Promise.all(Array.from({ length: 5 }, (_, index) => signer.sign({ sub: `s${index}` })))
    const { verify } = createVerifier({ keys: rsa.verificationKey, ...parties })
    expect(tokens.map((token) => verify(token).claims.sub)).toEqual(['s0', 's1', 's2', 's3', 's4'])
    await expect(signer.sign({ sub: 'a', password: 'x' })).rejects.toMatchObject({ code: 'jwt_payload_refused' })
  })

  const external = async (alg: AsymmetricAlgorithm, hash: string | null) => {
    const own = await generateSigningKey(alg)
    const pem = exportPrivatePem(own)
    const held: ExternalKey = {
      alg,
      kid: 'kms',
      sign: async (input) => nodeSign(hash, input, alg === 'ES256' ? { key: pem, dsaEncoding: 'ieee-p1363' } : pem),
    }
    return { own, pem, held }
  }

  test.each([
    ['ES256', 'sha256'],
    ['EdDSA', null],
    ['Ed25519', null],
    ['RS256', 'sha256'],
  ] as const)('an external %s key', async (alg, hash) => {
    const { own, held } = await external(alg, hash)
    const signer = createAsyncSigner({ key: held, ...parties })
    const token = await signer.sign({ sub: 'a' })
    expect(decode(token).header).toEqual({ alg: alg === 'Ed25519' ? 'EdDSA' : alg, typ: 'at+jwt', kid: 'kms' })
    const published = importVerificationKey(exportPem(own), alg, { kid: 'kms' })
    expect(createVerifier({ keys: published, ...parties }).verify(token).claims.sub).toBe('a')
    expect(createVerifier({ keys: own.verificationKey, ...parties }).tryVerify(token)).toMatchObject({
      code: 'jwt_key_not_found',
    })
  })

  test('a key that fails, or gives what is no signature, has not signed', async () => {
    const { pem, held } = await external('ES256', 'sha256')
    const faults: ((input: Uint8Array) => unknown)[] = [
      () => Promise.reject(new Error('the HSM is away')),
      () => {
        throw new Error('at once')
      },
      async (input) => nodeSign('sha256', input, pem), // DER, as a KMS gives it
      async () => new Uint8Array(),
      async () => 'signature',
      async () => undefined,
    ]
    for (const sign of faults) {
      const signer = createAsyncSigner({ key: { ...held, sign: sign as ExternalKey['sign'] }, ...parties })
      await expect(signer.sign({ sub: 'a' })).rejects.toMatchObject({ name: 'JwtError', code: 'jwt_signing_failed' })
    }
    await expect(createAsyncSigner({ key: held, ...parties }).sign({ sub: 'a' })).resolves.toMatch(/^eyJ/)
  })

  test('other keys belong in createSigner', async () => {
    const ec = await generateSigningKey('ES256')
    for (const wrong of [
      ec,
      key,
      {},
      { alg: 'HS256', kid: 'x', sign: async () => new Uint8Array(32) },
      { alg: 'ES256', kid: '', sign: () => 1 },
    ]) {
      expect(() => createAsyncSigner({ key: wrong as never, ...parties })).toThrow(TypeError)
    }
  })
})
