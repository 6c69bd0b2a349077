import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import {
  createLenientVerifier,
  createSigner,
  createVerifier,
  generateSecret,
  generateSigningKey,
  importSecret,
  importSigningKey,
  importVerificationKey,
  JwtError,
  unchecked,
} from '@countersign/jwt'
import { describe, expect, test } from 'vitest'
import { AUDIENCE, b64, certificate, genuine, ISSUER, NOW, OWNERS, pkcs1Pem, spkiPem, sshText } from './forge.ts'

/*
 * The attacks that must fail before there is a token: what is wrong with a key or an option is told when the key or the
 * verifier is made. TypeScript refuses most of these, so the calls here go through a door without types.
 */

const untyped =
  (make: (...args: never[]) => unknown, ...args: unknown[]): (() => unknown) =>
  () =>
    make(...(args as never[]))
const parties = { issuer: ISSUER, audience: AUDIENCE, clock: () => NOW }
const secret = importSecret(OWNERS.HS256.secret ?? Buffer.alloc(0), 'HS256')
const { publicKey: rsaPublic, privateKey: rsaPrivate } = OWNERS.RS256
const jwkOf = (alg: 'RS256' | 'ES256' | 'EdDSA'): Record<string, unknown> => ({
  ...OWNERS[alg].publicKey?.export({ format: 'jwk' }),
})
const verifier = (options: object): (() => unknown) => untyped(createVerifier, { keys: secret, ...parties, ...options })

describe('keys', () => {
  const NO_KEYS = [
    undefined,
    null,
    '',
    Buffer.alloc(0),
    false,
    0,
    {},
    [],
    [undefined],
    [''],
    'secret',
    rsaPublic,
    spkiPem(OWNERS.RS256),
    () => secret,
  ]

  test.each(['A04', 'A05', 'B11'])('%s: a verifier without a typed key cannot be made', (_id) => {
    for (const keys of NO_KEYS) expect(verifier({ keys })).toThrow(TypeError)
    expect(createVerifier({ keys: [secret], ...parties }).verify(genuine(OWNERS.HS256)).ok).toBe(true)
  })

  test('A06 A10 B22: there is no list of algorithms to get wrong', () => {
    for (const algorithms of [['none', 'RS256'], [], 'HS256', [undefined]])
      expect(verifier({ algorithms })).toThrow(TypeError)
    for (const alg of ['none', 'None', '', undefined, null, 'HS257', 'toString', '__proto__', ['HS256']]) {
      expect(untyped(importSecret, Buffer.alloc(64, 1), alg)).toThrow(TypeError)
      expect(untyped(importVerificationKey, rsaPublic, alg)).toThrow(TypeError)
    }
    expect(verifier({})).not.toThrow()
  })

  const PEMS = [spkiPem(OWNERS.RS256), pkcs1Pem(), certificate(), spkiPem(OWNERS.ES256), spkiPem(OWNERS.EdDSA)]
  const FRONTS = [
    '',
    ' ',
    '\n',
    '\t',
    '\uFEFF',
    '\u00A0',
    '\u200B',
    '"',
    "'",
    '\0',
    '# comment\n',
    'Bag Attributes\n  a: b\n',
  ]
  const control = (): void =>
    expect(() => importSecret({ utf8: 'correct horse battery staple, and more' }, 'HS256')).not.toThrow()

  test('B01 B02 B03 B04 B05: a PEM is no secret, whatever stands in front', () => {
    for (const pem of PEMS.flatMap((text) => FRONTS.map((front) => front + text))) {
      expect(untyped(importSecret, pem, 'HS256')).toThrow(TypeError)
      expect(untyped(importSecret, { utf8: pem }, 'HS256')).toThrow(TypeError)
      expect(untyped(importSecret, Buffer.from(pem), 'HS256')).toThrow(TypeError)
      expect(untyped(importSecret, { base64: Buffer.from(pem).toString('base64') }, 'HS256')).toThrow(TypeError)
    }
    expect(importVerificationKey(`\n ${PEMS[0]}`, 'RS256').kid).toBe(importVerificationKey(certificate(), 'RS256').kid)
    control()
  })

  test('B06: OpenSSH text is no secret, and the message says what it is', () => {
    const others = [
      'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAA',
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAA',
    ]
    const rfc4716 = `---- BEGIN SSH2 PUBLIC KEY ----\n${'A'.repeat(64)}\n---- END SSH2 PUBLIC KEY ----`
    for (const text of [sshText(), ` ${sshText()}`, rfc4716, ...others]) {
      expect(untyped(importSecret, { utf8: text }, 'HS256')).toThrow(/SSH/)
    }
    control()
  })

  test('B07: a JWK or a set as text is no secret', () => {
    const jwk = JSON.stringify(jwkOf('RS256'))
    for (const text of [jwk, ` ${jwk}`, `{"keys":[${jwk}]}`, `\n{\n"keys" : [${jwk}]}`]) {
      expect(untyped(importSecret, { utf8: text }, 'HS256')).toThrow(/JWK/)
    }
    control()
  })

  test('B08: DER, base64 and raw bytes of a public key', () => {
    const spki = rsaPublic?.export({ type: 'spki', format: 'der' }) ?? Buffer.alloc(0)
    const edwards = OWNERS.EdDSA.publicKey?.export({ type: 'spki', format: 'der' }) ?? Buffer.alloc(0)
    const x509 = Buffer.from(certificate().replace(/-----.*-----|\s/g, ''), 'base64')
    for (const bytes of [spki, edwards, x509]) {
      expect(untyped(importSecret, bytes, 'HS256')).toThrow(TypeError)
      expect(untyped(importSecret, { utf8: bytes.toString('base64') }, 'HS256')).toThrow(TypeError)
    }
    // Raw bytes say nothing of what they are: so nothing but `importSecret` makes a secret of them.
    for (const keys of [edwards.subarray(-32), edwards.subarray(-32).toString('base64')])
      expect(verifier({ keys })).toThrow(TypeError)
    control()
  })

  test('B12 B13: secrets of no bytes, and of fewer than the hash has', () => {
    for (const empty of [
      '',
      Buffer.alloc(0),
      new Uint8Array(),
      { utf8: '' },
      { base64url: '' },
      { hex: '' },
      { kty: 'oct', k: '' },
    ]) {
      expect(untyped(importSecret, empty, 'HS256')).toThrow(TypeError)
      expect(untyped(importSecret, empty, 'HS256', { allowShortKey: true })).toThrow(TypeError)
    }
    for (const [size, alg] of [
      [1, 'HS256'],
      [16, 'HS256'],
      [31, 'HS256'],
      [32, 'HS384'],
      [47, 'HS384'],
      [32, 'HS512'],
      [63, 'HS512'],
    ] as const) {
      expect(untyped(importSecret, Buffer.alloc(size, 1), alg)).toThrow(TypeError)
      expect(() => importSecret(Buffer.alloc(size, 1), alg, { allowShortKey: true })).not.toThrow()
    }
    expect(untyped(importSecret, { utf8: 'secret' }, 'HS256')).toThrow(TypeError)
    for (const [size, alg] of [
      [32, 'HS256'],
      [48, 'HS384'],
      [64, 'HS512'],
    ] as const)
      expect(() => importSecret(Buffer.alloc(size, 1), alg)).not.toThrow()
  })

  test('B14 B15: "alg", "use" and "key_ops" of a JWK bind', () => {
    const jwk = jwkOf('RS256')
    for (const more of [
      { alg: 'PS256' },
      { alg: 'RS512' },
      { alg: 1 },
      { use: 'enc' },
      { use: null },
      { key_ops: ['encrypt'] },
      { key_ops: [] },
      { key_ops: 'verify' },
      { key_ops: ['sign, verify'] },
    ]) {
      expect(untyped(importVerificationKey, { ...jwk, ...more }, 'RS256')).toThrow(TypeError)
    }
    expect(() =>
      importVerificationKey({ ...jwk, kty: 'RSA', alg: 'RS256', use: 'sig', key_ops: ['verify'] }, 'RS256'),
    ).not.toThrow()
    expect(() => importVerificationKey({ ...jwkOf('EdDSA'), kty: 'OKP', alg: 'Ed25519' }, 'EdDSA')).not.toThrow()
  })

  test('B16: another curve', () => {
    const on = (namedCurve: string): object => generateKeyPairSync('ec', { namedCurve }).publicKey
    for (const [curve, alg] of [
      ['P-384', 'ES256'],
      ['P-256', 'ES512'],
      ['secp256k1', 'ES256'],
      ['P-521', 'ES384'],
    ] as const) {
      expect(untyped(importVerificationKey, on(curve), alg)).toThrow(TypeError)
    }
    for (const [curve, alg] of [
      ['P-256', 'ES256'],
      ['P-384', 'ES384'],
      ['P-521', 'ES512'],
    ] as const) {
      expect(untyped(importVerificationKey, on(curve), alg)).not.toThrow()
    }
    for (const other of [generateKeyPairSync('ed448').publicKey, generateKeyPairSync('x25519').publicKey]) {
      expect(untyped(importVerificationKey, other, 'EdDSA')).toThrow(TypeError)
    }
  })

  test('B17 B18 F10: RSA of 1024 and 16,384 bits, exponents 1, 3 and even', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
    for (const material of [
      short.publicKey,
      short.publicKey.export({ format: 'jwk' }),
      String(short.publicKey.export({ type: 'spki', format: 'pem' })),
    ]) {
      expect(untyped(importVerificationKey, material, 'RS256')).toThrow(TypeError)
      expect(untyped(importVerificationKey, material, 'RS256', { allowShortKey: true })).not.toThrow()
    }
    expect(untyped(importSigningKey, short.privateKey, 'RS256')).toThrow(TypeError)
    for (const e of ['AQ', 'Aw', 'AQAA', 'AQAAAAE', 'EQ']) {
      expect(untyped(importVerificationKey, { ...jwkOf('RS256'), e }, 'RS256')).toThrow(TypeError)
    }
    const long = { kty: 'RSA', e: 'AQAB', n: b64(Buffer.alloc(2048, 0xff)) }
    expect(untyped(importVerificationKey, long, 'RS256')).toThrow(TypeError)
    expect(untyped(importVerificationKey, jwkOf('RS256'), 'RS256')).not.toThrow()
  })

  test('B19: points off the curve, coordinates of another length', () => {
    const jwk = jwkOf('ES256')
    const zeros = b64(Buffer.alloc(32))
    const x = Buffer.from(String(jwk.x), 'base64url')
    const forms = [
      { y: jwk.x },
      { x: zeros, y: zeros },
      { x: b64(x.subarray(1)) },
      { x: b64(Buffer.concat([Buffer.alloc(1), x])) },
      { x: `${jwk.x}=` },
      { x: 1 },
      { y: undefined },
    ]
    for (const form of forms) expect(untyped(importVerificationKey, { ...jwk, ...form }, 'ES256')).toThrow(TypeError)
    expect(untyped(importVerificationKey, { ...jwkOf('EdDSA'), x: b64(Buffer.alloc(31, 1)) }, 'EdDSA')).toThrow(
      TypeError,
    )
    expect(untyped(importVerificationKey, jwk, 'ES256')).not.toThrow()
  })

  test('B20: a private key where a public one is due is refused with a hint', () => {
    const pem = String(rsaPrivate?.export({ type: 'pkcs8', format: 'pem' }))
    for (const material of [pem, rsaPrivate, { ...rsaPrivate?.export({ format: 'jwk' }) }]) {
      expect(untyped(importVerificationKey, material, 'RS256')).toThrow(/importSigningKey/)
      expect(untyped(importSigningKey, material, 'RS256')).not.toThrow()
    }
    expect(verifier({ keys: importSigningKey(pem, 'RS256') })).toThrow(/verificationKey/)
    expect(verifier({ keys: importSigningKey(pem, 'RS256').verificationKey })).not.toThrow()
  })

  test('halves that do not belong together are no signing key', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
    const own = { ...OWNERS.ES256.privateKey?.export({ format: 'jwk' }) }
    expect(untyped(importSigningKey, { ...own, d: other.d }, 'ES256')).toThrow(TypeError)
    const edwards = { ...OWNERS.EdDSA.privateKey?.export({ format: 'jwk' }) }
    const stranger = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
    expect(untyped(importSigningKey, { ...edwards, x: stranger.x }, 'EdDSA')).toThrow(TypeError)
    expect(untyped(importSigningKey, own, 'ES256')).not.toThrow()
    expect(untyped(importSigningKey, edwards, 'EdDSA')).not.toThrow()
  })

  test('keys print as alg and kid, and JSON has no more', async () => {
    const { inspect } = await import('node:util')
    for (const key of [
      await generateSecret('HS256', { kid: 'a' }),
      await generateSigningKey('ES256', { kid: 'a' }),
      importVerificationKey(createPublicKey(spkiPem(OWNERS.RS256)), 'RS256', { kid: 'a' }),
    ]) {
      expect(JSON.parse(JSON.stringify(key))).toEqual({ alg: key.alg, kid: 'a' })
      expect(inspect(key, { showHidden: true, depth: 9 })).not.toMatch(/KeyObject|handle/i)
      expect(() => Object.assign(key, { alg: 'HS512' })).toThrow(TypeError)
    }
  })
})

describe('options', () => {
  test('E12: an expectation that is not there is a mistake, not a check that passes', () => {
    for (const nothing of ['', [], null, undefined, 0, false, {}, [''], [undefined]]) {
      expect(verifier({ issuer: nothing })).toThrow(TypeError)
      expect(verifier({ audience: nothing })).toThrow(TypeError)
      expect(verifier({ typ: nothing })).toThrow(TypeError)
      expect(untyped(createSigner, { key: secret, ...parties, issuer: nothing })).toThrow(TypeError)
      expect(untyped(createSigner, { key: secret, ...parties, audience: nothing })).toThrow(TypeError)
    }
    expect(verifier({ audience: ['a', 'b'] })).not.toThrow()
    expect(verifier({ issuer: ['a', 'b'] })).toThrow(TypeError)
    expect(verifier({ issuer: unchecked })).toThrow(TypeError)
    expect(untyped(createLenientVerifier, { keys: secret, issuer: ISSUER, audience: AUDIENCE })).toThrow(TypeError)
    expect(
      untyped(createLenientVerifier, { keys: secret, issuer: unchecked, audience: unchecked, typ: unchecked }),
    ).not.toThrow()
  })

  test('E13: a tolerance is a number of seconds from 0 to 300', () => {
    for (const clockTolerance of [Number.NaN, Number.POSITIVE_INFINITY, -1, 301, '10', '10x', null]) {
      expect(verifier({ clockTolerance })).toThrow(TypeError)
    }
    for (const maxTokenAge of [Number.NaN, Number.POSITIVE_INFINITY, 0, -1, '60'])
      expect(verifier({ maxTokenAge })).toThrow(TypeError)
    for (const maxTokenLength of [Number.NaN, 0, 1.5, '8192']) expect(verifier({ maxTokenLength })).toThrow(TypeError)
    expect(verifier({ clockTolerance: 300, maxTokenAge: 60, maxTokenLength: 100 })).not.toThrow()
  })

  test('E14 E15: no RegExp and no function stands for an expectation', () => {
    for (const value of [/x/g, /(a+)+$/, () => true]) {
      expect(verifier({ audience: value })).toThrow(TypeError)
      expect(verifier({ audience: [value] })).toThrow(TypeError)
      expect(verifier({ issuer: value })).toThrow(TypeError)
      expect(verifier({ typ: value })).toThrow(TypeError)
    }
    expect(verifier({ audience: 'x' })).not.toThrow()
  })

  test('an unknown or misspelt option is refused, and so is one that does not exist yet', () => {
    for (const name of [
      'audiance',
      'aud',
      'algorithms',
      'ignoreExpiration',
      'cache',
      'engine',
      'lint',
      'allowNoExpiry',
    ]) {
      expect(verifier({ [name]: true })).toThrow(TypeError)
      if (name !== 'allowNoExpiry')
        expect(untyped(createSigner, { key: secret, ...parties, [name]: true })).toThrow(TypeError)
    }
    expect(untyped(importSecret, Buffer.alloc(32, 1), 'HS256', { id: 'x' })).toThrow(TypeError)
  })

  test('a clock that is broken keeps no token alive', () => {
    const { tryVerify } = createVerifier({ keys: secret, ...parties, clock: () => Number.NaN })
    expect(() => tryVerify(genuine(OWNERS.HS256))).toThrow(TypeError)
  })
})

describe('signing', () => {
  const signer = createSigner({ key: secret, ...parties })
  const claim = (claims: object): unknown => {
    try {
      return untyped(signer.sign, claims)() && 'signed'
    } catch (error) {
      return error instanceof JwtError ? [error.code, error.claim] : error
    }
  }

  test('H01: no signing with what is no signing key', () => {
    const publicKey = importVerificationKey(spkiPem(OWNERS.RS256), 'RS256')
    for (const key of [
      undefined,
      null,
      '',
      'secret',
      Buffer.alloc(32),
      rsaPrivate,
      spkiPem(OWNERS.RS256),
      publicKey,
      { alg: 'none' },
      { alg: 'HS256', kid: 'x' },
    ]) {
      expect(untyped(createSigner, { key, ...parties })).toThrow(TypeError)
    }
    expect(untyped(createSigner, { key: secret, ...parties })).not.toThrow()
  })

  test('H02: times are whole seconds', () => {
    for (const time of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      'tomorrow',
      '1',
      new Date(NOW * 1000),
      null,
      -1,
      1.5,
      2 ** 53,
      [NOW],
    ]) {
      for (const name of ['exp', 'nbf', 'iat'])
        expect(claim({ sub: 'a', [name]: time })).toEqual(['jwt_claim_invalid', name])
    }
    expect(claim({ sub: 'a', exp: NOW + 60, nbf: NOW, iat: NOW })).toBe('signed')
    expect(untyped(signer.sign, { sub: 'a', exp: new Date(NOW * 1000) })).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringContaining('not a Date') }) }),
    )
    for (const lifetime of [0, -1, 1.5, '600', Number.NaN, null])
      expect(untyped(createSigner, { key: secret, ...parties, lifetime })).toThrow(TypeError)
    expect(untyped(createSigner, { key: secret, ...parties, lifetime: 60, allowNoExpiry: true })).toThrow(TypeError)
  })

  test('H03: nothing in options or claims reaches the header', () => {
    expect(untyped(createSigner, { key: secret, ...parties, header: { alg: 'none' } })).toThrow(TypeError)
    const token = createSigner({ key: secret, ...parties }).sign({
      sub: 'a',
      alg: 'none',
      crit: ['x'],
      kid: 'x',
      typ: 'JWT',
    })
    expect(createVerifier({ keys: secret, ...parties }).verify(token).header).toEqual({ alg: 'HS256', typ: 'at+jwt' })
  })

  test('claims that JSON would change on the way are refused by name', () => {
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    const values = [
      Number.NaN,
      1n,
      () => 1,
      Symbol('x'),
      new Date(0),
      new Map(),
      { a: [Number.POSITIVE_INFINITY] },
      cycle,
      Buffer.from('x'),
      { toJSON: () => 'x' },
    ]
    for (const value of values) expect(claim({ sub: 'a', x: value })).toEqual(['jwt_claim_invalid', 'x'])
    expect(claim({ sub: 'a', x: { a: [1, null, true, 'ü', { b: undefined }] }, y: undefined })).toBe('signed')
    expect(claim({ sub: 'a', iss: 'https://other.example' })).toEqual(['jwt_claim_invalid', 'iss'])
    expect(claim({})).toEqual(['jwt_claim_missing', 'sub'])
    for (const sub of ['', 1, null]) expect(claim({ sub })).toEqual(['jwt_claim_invalid', 'sub'])
    for (const aud of ['', [], [1], {}]) expect(claim({ sub: 'a', aud })).toEqual(['jwt_claim_invalid', 'aud'])
  })
})
