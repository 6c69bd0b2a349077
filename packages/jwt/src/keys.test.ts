import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  createAsyncSigner,
  createJwkSet,
  createSigner,
  createVerifier,
  exportJwk,
  exportJwkSet,
  exportPem,
  exportPrivateJwk,
  exportPrivatePem,
  exportSecret,
  generateSecret,
  generateSigningKey,
  importSecret,
  importSigningKey,
  importVerificationKey,
  thumbprint,
} from './index.ts'

const parties = { issuer: 'https://auth.example.com', audience: 'https://api.example.com' }
const ALGORITHMS = ['RS256', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

describe.each(ALGORITHMS)('%s keys', (alg) => {
  test('every form that a private key can take comes back as the same key', async () => {
    const key = await generateSigningKey(alg)
    const pem = exportPrivatePem(key)
    const sealed = exportPrivatePem(key, { passphrase: 'correct horse' })
    expect(sealed).toMatch(/ENCRYPTED/)
    const forms = [
      importSigningKey(pem, alg),
      importSigningKey(sealed, alg, { passphrase: 'correct horse' }),
      importSigningKey(exportPrivateJwk(key), alg),
      importSigningKey(createPrivateKey(pem), alg),
    ]
    const { verify } = createVerifier({ keys: key.verificationKey, ...parties })
    for (const form of forms) {
      expect(form.kid).toBe(key.kid)
      expect(verify(createSigner({ key: form, ...parties }).sign({ sub: 'a' })).claims.sub).toBe('a')
    }
    expect(() => importSigningKey(sealed, alg, { passphrase: 'wrong' })).toThrow(TypeError)
    expect(() => importSigningKey(sealed, alg)).toThrow(TypeError)
  })

  test('every form that a public key can take, and its name is its thumbprint', async () => {
    const key = await generateSigningKey(alg)
    const forms = [exportPem(key), exportJwk(key), createPublicKey(exportPem(key)), exportPem(key.verificationKey)]
    for (const form of forms) expect(importVerificationKey(form, alg).kid).toBe(thumbprint(key))
    expect(importVerificationKey(exportPem(key), alg, { kid: 'mine' }).kid).toBe('mine')
    expect(importVerificationKey({ ...exportJwk(key), kid: 'theirs' }, alg).kid).toBe('theirs')
  })

  test('the public exports of a private key hold no private member', async () => {
    const key = await generateSigningKey(alg, { kid: 'k' })
    const jwk = exportJwk(key)
    for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(Object.hasOwn(jwk, name)).toBe(false)
    expect(jwk).toMatchObject({ kid: 'k', alg, use: 'sig' })
    expect(exportPrivateJwk(key)).toMatchObject({ ...jwk, d: expect.any(String) })
    expect(exportJwkSet([key, key.verificationKey])).toEqual({ keys: [jwk, jwk] })
    expect(createJwkSet(exportJwkSet([key])).keys.map(({ kid }) => kid)).toEqual(['k'])
  })
})

test('the other forms of PEM: PKCS #1 and SEC 1', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pkcs1 = String(rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }))
  const sec1 = String(ec.privateKey.export({ type: 'sec1', format: 'pem' }))
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
  expect(importSigningKey(pkcs1, 'PS256').alg).toBe('PS256')
  expect(importSigningKey(sec1, 'ES256').kid).toBe(importSigningKey(parameters + sec1, 'ES256').kid)
  for (const text of [
    '',
    'key',
    pkcs1 + sec1,
    '-----BEGIN DH PARAMETERS-----\nAA\n-----END DH PARAMETERS-----',
    '-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----',
  ]) {
    expect(() => importSigningKey(text, 'ES256')).toThrow(TypeError)
  }
  expect(() => importSigningKey(pkcs1, 'ES256')).toThrow(TypeError)
})

test('a CryptoKey of WebCrypto', async () => {
  const pair = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const key = importSigningKey(pair.privateKey, 'ES256')
  expect(importVerificationKey(pair.publicKey, 'ES256').kid).toBe(key.kid)
  expect(() => importVerificationKey(pair.privateKey, 'ES256')).toThrow(TypeError)
})

test('B14 B15 a CryptoKey is for what it says', async () => {
  const { subtle } = webcrypto
  const rsa = { name: 'RSA-PSS', hash: 'SHA-384', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }
  const pss = await subtle.generateKey(rsa, true, ['sign', 'verify'])
  const oaep = await subtle.generateKey({ ...rsa, name: 'RSA-OAEP' }, true, ['encrypt', 'decrypt'])
  const ecdh = await subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])
  expect(importVerificationKey(pss.publicKey, 'PS384').kid).toBe(importSigningKey(pss.privateKey, 'PS384').kid)
  const ed = await subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  if (!('publicKey' in ed)) throw new Error('a pair is due')
  expect(importVerificationKey(ed.publicKey, 'Ed25519').kid).toBe(importSigningKey(ed.privateKey, 'EdDSA').kid)
  for (const alg of ['PS256', 'RS384', 'RS256'] as const)
    expect(() => importVerificationKey(pss.publicKey, alg)).toThrow(/another algorithm/)
  expect(() => importVerificationKey(oaep.publicKey, 'PS384')).toThrow(/not for "verify"/)
  expect(() => importSigningKey(ecdh.privateKey, 'ES256')).toThrow(/not for "sign"/)
})

test('a CryptoKey that is not extractable signs from outside, and does not become one that can be exported', async () => {
  const { subtle } = webcrypto
  const { privateKey, publicKey } = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ])
  expect(() => importSigningKey(privateKey, 'ES256')).toThrow(/not extractable/)
  const keys = importVerificationKey(publicKey, 'ES256', { kid: 'hsm' })
  const { sign } = createAsyncSigner({
    key: {
      alg: 'ES256',
      kid: 'hsm',
      sign: async (input) => new Uint8Array(await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, input)),
    },
    ...parties,
  })
  expect(createVerifier({ keys, ...parties }).verify(await sign({ sub: 'a' })).claims.sub).toBe('a')
})

test('an error of a key says nothing of the key', () => {
  const text = `-----BEGIN PRIVATE KEY-----\n${Buffer.from('a very private thing, indeed').toString('base64')}\n-----END PRIVATE KEY-----`
  try {
    importSigningKey(text, 'ES256')
    expect.fail('the key was read')
  } catch (error) {
    expect(String(error)).toBe('TypeError: importSigningKey: the key cannot be read')
    expect(error).not.toHaveProperty('cause')
  }
})

describe('secrets', () => {
  test('the encodings of one secret are the same secret', () => {
    const bytes = Buffer.alloc(32, 0x61)
    const forms = [
      bytes,
      new Uint8Array(bytes),
      { utf8: bytes.toString() },
      { base64url: bytes.toString('base64url') },
      { base64: bytes.toString('base64') },
      { hex: bytes.toString('hex') },
      { kty: 'oct', k: bytes.toString('base64url') },
    ]
    for (const form of forms) expect(Buffer.from(exportSecret(importSecret(form, 'HS256'))).equals(bytes)).toBe(true)
  })

  test('text that is not exactly of its encoding is refused', () => {
    const good = { base64url: 'A'.repeat(43), base64: `${'A'.repeat(43)}=`, hex: 'a0'.repeat(32) }
    for (const [name, text] of Object.entries(good)) {
      expect(() => importSecret({ [name]: text } as { hex: string }, 'HS256')).not.toThrow()
      for (const bad of [`${text} `, `\n${text}`, `${text.slice(0, -1)}?`, `${text}=`]) {
        expect(() => importSecret({ [name]: bad } as { hex: string }, 'HS256')).toThrow(TypeError)
      }
    }
    expect(() => importSecret({ utf8: `\uD800${'a'.repeat(40)}` }, 'HS256')).toThrow(TypeError)
    expect(() => importSecret({ ...good }, 'HS256')).toThrow(TypeError)
    for (const name of ['constructor', 'toString'])
      expect(() => importSecret({ [name]: 'a'.repeat(40) } as { hex: string }, 'HS256')).toThrow(/name one encoding/)
  })

  test('a later change of the bytes does not change the secret', () => {
    const bytes = Buffer.alloc(32, 1)
    const secret = importSecret(bytes, 'HS256')
    bytes.fill(2)
    expect(exportSecret(secret)).toEqual(new Uint8Array(32).fill(1))
  })

  test('generated ones are as long as the hash, and nameless unless named', async () => {
    for (const [alg, size] of [
      ['HS256', 32],
      ['HS384', 48],
      ['HS512', 64],
    ] as const) {
      const [one, other] = [await generateSecret(alg), await generateSecret(alg, { kid: 'k' })]
      expect([exportSecret(one).length, one.kid, other.kid, one.verificationKey === one]).toEqual([
        size,
        undefined,
        'k',
        true,
      ])
      expect(exportSecret(one)).not.toEqual(exportSecret(other))
    }
  })

  test('a secret has no public half to export', async () => {
    const secret = await generateSecret('HS256')
    for (const exporter of [exportJwk, exportPem, exportPrivateJwk, exportPrivatePem, thumbprint]) {
      expect(() => exporter(secret as never)).toThrow(TypeError)
    }
    expect(() => exportJwkSet([secret as never])).toThrow(TypeError)
    expect(() => thumbprint({ kty: 'oct', k: 'AAAA' })).toThrow(TypeError)
    expect(() => exportSecret({ alg: 'HS256', kid: 'x' } as never)).toThrow(TypeError)
  })
})

test('the size of an RSA key', async () => {
  const key = await generateSigningKey('RS256', { modulusLength: 3072 })
  expect(
    createSigner({ key, ...parties })
      .sign({ sub: 'a' })
      .split('.')[2]?.length,
  ).toBe(512)
  await expect(generateSigningKey('RS256', { modulusLength: 1024 as 2048 })).rejects.toThrow(TypeError)
  await expect(generateSigningKey('ES256', { modulusLength: 2048 })).rejects.toThrow(TypeError)
  await expect(generateSigningKey('HS256' as 'ES256')).rejects.toThrow(TypeError)
  await expect(generateSecret('ES256' as 'HS256')).rejects.toThrow(TypeError)
})

test('a modulus of 2050 bits makes signatures of 257 bytes, which verify', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2050 })
  for (const alg of ['RS256', 'PS256'] as const) {
    const key = importSigningKey(privateKey, alg)
    const token = createSigner({ key, ...parties }).sign({ sub: 'a' })
    expect(createVerifier({ keys: key.verificationKey, ...parties }).verify(token).ok).toBe(true)
  }
})
