import { existsSync, readdirSync, readFileSync } from 'node:fs'
import {
  type Algorithm,
  createJwkSet,
  createSigner,
  createVerifier,
  importSecret,
  importSigningKey,
  importVerificationKey,
  type Jwk,
  type Secret,
  thumbprint,
  type VerificationKey,
} from '@countersign/jwt'
import { describe, expect, test } from 'vitest'
import { fromDerSignature, toDerSignature } from '../packages/jwt/src/der.ts'
import { openJwkSet } from '../packages/jwt/src/jwk-set.ts'
import { parseJws, verifySignature } from '../packages/jwt/src/jws.ts'
import { createKeyRing, type KeyRing } from '../packages/jwt/src/key-ring.ts'
import { openSigningKey, openVerificationKey } from '../packages/jwt/src/keys.ts'
import { hmac } from '../packages/jwt/src/primitives.ts'

/*
 * The vectors hold payloads that are no Claims Sets, so they go through the JWS layer: the steps that a verifier takes
 * before it reads a payload, with the keys that the public functions import.
 */

const FOLDER = new URL('../vectors/', import.meta.url)
const read = <T>(path: string): T => JSON.parse(readFileSync(new URL(path, FOLDER), 'utf8'))

type Verdict = 'valid' | 'invalid' | 'acceptable'
interface Case {
  readonly tcId: number
  readonly comment: string
  readonly result: Verdict
  readonly jws?: string
  readonly jwe?: string
  readonly key?: string
  readonly msg?: string
  readonly sig?: string
  readonly tag?: string
}
type JwkOrSet = Jwk | { readonly keys: readonly Jwk[] }
interface Group {
  readonly type: string
  readonly comment?: string
  readonly public?: JwkOrSet
  readonly private?: JwkOrSet
  readonly publicKeyPem?: string
  readonly publicKey?: { readonly publicExponent?: string }
  readonly sha?: string
  readonly mgfSha?: string
  readonly sLen?: number
  readonly tagSize?: number
  readonly tests: readonly Case[]
}
interface File {
  readonly numberOfTests: number
  readonly testGroups: readonly Group[]
}

const isSet = (key: JwkOrSet): key is { readonly keys: readonly Jwk[] } => 'keys' in key

function ringOf(keys: readonly VerificationKey[]): KeyRing {
  return createKeyRing(keys.map((key) => openVerificationKey(key)).filter((key) => key !== undefined))
}

function accepts(token: string, ring: KeyRing): boolean {
  const jws = parseJws(token, 100_000)
  if (typeof jws === 'string') return false
  const key = ring.find(jws.header)
  return typeof key !== 'string' && verifySignature(jws, key)
}

/** A raw signature, as the engine sees it: exact length, then the bare key. */
function acceptsRaw(key: VerificationKey, message: string, signature: string): boolean {
  const handle = openVerificationKey(key)
  if (handle === undefined) throw new Error('the key is of another library')
  const signingInput = Buffer.from(message, 'hex')
  return verifySignature(
    { header: { alg: key.alg }, payload: signingInput, signature: Buffer.from(signature, 'hex'), signingInput },
    handle,
  )
}

function importOrUndefined(material: Jwk | string, alg: Algorithm): VerificationKey | undefined {
  try {
    if (alg === 'HS256' || alg === 'HS384' || alg === 'HS512') {
      return typeof material === 'string' ? undefined : importSecret(material, alg)
    }
    return importVerificationKey(material, alg)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** The algorithm of a JWK that does not say: none of those in the vectors is accepted, whatever it were. */
const DEFAULT_ALGORITHM: Readonly<Record<string, Algorithm>> = { RSA: 'RS256', EC: 'ES256', oct: 'HS256', OKP: 'EdDSA' }

function ringOfJwk(jwk: Jwk): KeyRing {
  const key = importOrUndefined(jwk, (jwk.alg ?? DEFAULT_ALGORITHM[jwk.kty]) as Algorithm)
  return ringOf(key === undefined ? [] : [key])
}

/** Runs a file, holds each case against its label, and gives how many ran. */
function runFile(
  path: string,
  types: readonly string[],
  run: (group: Group, test: Case) => boolean,
  expected?: Expected,
): number {
  const file = read<File>(path)
  let cases = 0
  for (const group of file.testGroups) {
    if (!types.includes(group.type)) throw new Error(`${path}: a group of the unknown kind ${group.type}`)
    for (const entry of group.tests) {
      cases++
      const label = expected?.(group, entry) ?? entry.result
      const want = difference(path, entry.tcId) === undefined ? label : entry.result === 'valid' ? 'invalid' : 'valid'
      const got = run(group, entry) ? 'valid' : 'invalid'
      if (want !== 'acceptable' && want !== got) {
        expect.fail(`${path} ${entry.tcId} (${entry.comment}): labelled ${entry.result}, due ${want}, but ${got}`)
      }
    }
  }
  expect(cases).toBe(file.numberOfTests)
  return cases
}
const caseOf = (path: string, tcId: number): Case => {
  const found = read<File>(path)
    .testGroups.flatMap(({ tests }) => tests)
    .find((entry) => entry.tcId === tcId)
  if (found === undefined) throw new Error(`${path} has no case ${tcId}`)
  return found
}
type Expected = (group: Group, entry: Case) => Verdict | undefined

/** Where our verdict is not the label. Nothing else differs. */
interface Difference {
  readonly path: string
  readonly tcId: number
  readonly label: Verdict
  readonly why: string
}
const SIGNATURE = 'wycheproof/jose/json_web_signature.json'
const DIFFERENCES: readonly Difference[] = [
  {
    path: SIGNATURE,
    tcId: 346,
    label: 'valid',
    why: 'a PS384 token, but the "alg" of the key is PS256 (RFC 7517 §4.4)',
  },
  {
    path: SIGNATURE,
    tcId: 350,
    label: 'valid',
    why: 'a PS384 token, but the "alg" of the key is PS256 (RFC 7517 §4.4)',
  },
  { path: SIGNATURE, tcId: 373, label: 'valid', why: 'a "?" inside the base64url of the payload (RFC 7515 §2)' },
  {
    path: SIGNATURE,
    tcId: 367,
    label: 'invalid',
    why: 'has lost its padding: the text is that of case 357, which is valid',
  },
  {
    path: SIGNATURE,
    tcId: 370,
    label: 'invalid',
    why: 'has lost its padding: the text is that of case 357, which is valid',
  },
  {
    path: 'wycheproof/jws-rsa-pss/rsa_pss_2048_sha256_mgf1_0.json',
    tcId: 69,
    label: 'invalid',
    why: 'the salt is not the 0 bytes of its file but 32, which is what PS256 demands (RFC 7518 §3.5)',
  },
]
const difference = (path: string, tcId: number): Difference | undefined =>
  DIFFERENCES.find((entry) => entry.path === path && entry.tcId === tcId)

describe('Wycheproof: JOSE', () => {
  test('json_web_signature', () => {
    const path = SIGNATURE
    const cases = runFile(path, ['JsonWebSignature'], (group, { jws }) => {
      const key = group.public ?? group.private
      if (key === undefined || isSet(key) || jws === undefined) throw new Error('a group without a JWK')
      return accepts(jws, ringOfJwk(key))
    })
    console.info(`${path}: ${cases} cases`)
    expect(cases).toBe(266)
  })

  test('each case that differs has the label that the table says, and 367 and 370 the text of 357', () => {
    for (const { path, tcId, label } of DIFFERENCES) expect([tcId, caseOf(path, tcId).result]).toEqual([tcId, label])
    for (const tcId of [367, 370]) expect(caseOf(SIGNATURE, tcId).jws).toBe(caseOf(SIGNATURE, 357).jws)
  })

  /** A symmetric key in a published set is refused; given as secrets, as their owner would, the same keys run. */
  function ringOfKeys(key: JwkOrSet): KeyRing {
    if (!isSet(key)) return ringOfJwk(key)
    if (!key.keys.every(({ kty }) => kty === 'oct')) {
      const ring = openJwkSet(createJwkSet(key))
      if (ring === undefined) throw new Error('not a set')
      return ring
    }
    const secrets = key.keys.map((jwk) => importOrUndefined(jwk, jwk.alg as Algorithm))
    const usable = secrets.filter((secret) => secret !== undefined)
    return ringOf(usable.length === secrets.length ? usable : []) // a broken secret stops its owner's program
  }

  test.each([
    ['json_web_key', 'JsonWebKey', 22],
    ['json_web_crypto', 'JsonWebCrypto', 57],
  ])('%s', (name, type, count) => {
    const path = `wycheproof/jose/${name}.json`
    const cases = runFile(
      path,
      [type],
      (group, { jws, jwe }) => {
        const key = group.public ?? group.private
        if (key === undefined) throw new Error('a group without a key')
        const token = jws ?? jwe
        if (token === undefined) throw new Error('a case without a token')
        return accepts(token, ringOfKeys(key))
      },
      // Encryption is no signature: a JWE is refused where a JWS is due, whatever it is worth as a JWE.
      (_group, { jwe }) => (jwe === undefined ? undefined : 'invalid'),
    )
    console.info(`${path}: ${cases} cases`)
    expect(cases).toBe(count)
  })

  test('a set with symmetric keys verifies nothing by them', () => {
    const file = read<File>('wycheproof/jose/json_web_key.json')
    const group = file.testGroups.find(({ comment }) => comment === 'jws_keyset')
    const keys = group?.private
    const token = group?.tests.find(({ result }) => result === 'valid')?.jws ?? ''
    if (keys === undefined || !isSet(keys)) throw new Error('no such group')
    expect(createJwkSet(keys).keys).toEqual([])
    expect(accepts(token, ringOfKeys(keys))).toBe(true)
  })
})

describe('Wycheproof: raw signatures and MACs', () => {
  const SIZES = { 256: ['HS256', 'sha256'], 384: ['HS384', 'sha384'], 512: ['HS512', 'sha512'] } as const

  test.each([256, 384, 512] as const)('HMAC-SHA-%i', (bits) => {
    const [alg, hash] = SIZES[bits]
    const path = `wycheproof/jws-hmac/hmac_sha${bits}.json`
    const cases = runFile(path, ['MacTest'], ({ tagSize }, { key = '', msg = '', tag = '' }) => {
      const secret: Secret = importSecret(Buffer.from(key, 'hex'), alg, { allowShortKey: true })
      if (tagSize === bits) return acceptsRaw(secret, msg, tag)
      // A shortened MAC is none in JOSE (RFC 7518 §3.2), so it is refused; what it was cut from must still be right.
      expect(acceptsRaw(secret, msg, tag)).toBe(false)
      const handle = openSigningKey(secret)
      if (handle === undefined) throw new Error('a secret signs')
      return hmac(hash, handle.key, Buffer.from(msg, 'hex')).toString('hex').startsWith(tag)
    })
    console.info(`${path}: ${cases} cases`)
    expect(cases).toBeGreaterThan(100)
  })

  test.each([
    ['secp256r1_sha256', 'ES256'],
    ['secp384r1_sha384', 'ES384'],
    ['secp521r1_sha512', 'ES512'],
  ] as const)('ECDSA %s, r ‖ s', (name, alg) => {
    const path = `wycheproof/jws-ecdsa-p1363/ecdsa_${name}_p1363.json`
    const cases = runFile(path, ['EcdsaP1363Verify'], ({ publicKeyPem = '' }, { msg = '', sig = '' }) =>
      acceptsRaw(importVerificationKey(publicKeyPem, alg), msg, sig),
    )
    console.info(`${path}: ${cases} cases`)
    expect(cases).toBeGreaterThan(150)
  })

  test('ECDSA on secp256k1 is not offered: its keys are refused', () => {
    const { testGroups } = read<File>('wycheproof/jws-ecdsa-p1363/ecdsa_secp256k1_sha256_p1363.json')
    for (const { publicKeyPem = '' } of testGroups) {
      expect(() => importVerificationKey(publicKeyPem, 'ES256')).toThrow(TypeError)
    }
    expect(testGroups.length).toBe(72)
  })

  test.each([
    ['secp256r1_sha256', 'ES256', 32],
    ['secp384r1_sha384', 'ES384', 48],
    ['secp521r1_sha512', 'ES512', 66],
  ] as const)('ECDSA %s, DER', (name, alg, size) => {
    const path = `wycheproof/jws-ecdsa-der/ecdsa_${name}.json`
    let converted = 0
    const cases = runFile(path, ['EcdsaVerify'], ({ publicKeyPem = '' }, { msg = '', sig = '', result }) => {
      const key = importVerificationKey(publicKeyPem, alg)
      // At the door a DER form is never a signature, not even a right one.
      expect(acceptsRaw(key, msg, sig)).toBe(false)
      if (result !== 'valid') return false
      const der = Buffer.from(sig, 'hex')
      const flat = fromDerSignature(der, size)
      expect(toDerSignature(flat, size).equals(der)).toBe(true)
      converted++
      return acceptsRaw(key, msg, flat.toString('hex'))
    })
    console.info(`${path}: ${cases} cases, of which ${converted} there and back`)
    expect(converted).toBeGreaterThan(100)
  })

  const HASHES: Readonly<Record<string, readonly ['256' | '384' | '512', number]>> = {
    'SHA-256': ['256', 32],
    'SHA-384': ['384', 48],
    'SHA-512': ['512', 64],
  }
  const files = (folder: string): string[] => readdirSync(new URL(folder, FOLDER)).map((name) => `${folder}${name}`)

  test.each(files('wycheproof/jws-rsa-pkcs1/'))('%s', (path) => {
    // An exponent of 3 is refused with its key: every one below 65537 is.
    const isOffered = ({ publicKey }: Group): boolean => publicKey?.publicExponent === '010001'
    const cases = runFile(
      path,
      ['RsassaPkcs1Verify'],
      ({ publicKeyPem = '', sha = '' }, { msg = '', sig = '' }) => {
        const bits = HASHES[sha]?.[0]
        if (bits === undefined) throw new Error(`the hash ${sha} is unknown`)
        const key = importOrUndefined(publicKeyPem, `RS${bits}`)
        return key !== undefined && acceptsRaw(key, msg, sig)
      },
      (group) => (isOffered(group) ? undefined : 'invalid'),
    )
    console.info(`${path}: ${cases} cases`)
    expect(cases).toBeGreaterThan(100)
  })

  test.each(files('wycheproof/jws-rsa-pss/'))('%s', (path) => {
    // RFC 7518 §3.5: the same hash for the mask, and a salt as long as it. Everything else is refused.
    const isOffered = ({ sha = '', mgfSha, sLen }: Group): boolean => sha === mgfSha && sLen === HASHES[sha]?.[1]
    const cases = runFile(
      path,
      ['RsassaPssVerify'],
      ({ publicKeyPem = '', sha = '' }, { msg = '', sig = '' }) => {
        const bits = HASHES[sha]?.[0] ?? '256'
        const key = importOrUndefined(publicKeyPem, `PS${bits}`)
        return key !== undefined && acceptsRaw(key, msg, sig)
      },
      (group) => (isOffered(group) ? undefined : 'invalid'),
    )
    console.info(`${path}: ${cases} cases`)
    expect(cases).toBeGreaterThan(50)
  })

  test('Ed25519', () => {
    const path = 'wycheproof/jws-eddsa/ed25519.json'
    const cases = runFile(path, ['EddsaVerify'], ({ publicKeyPem = '' }, { msg = '', sig = '' }) =>
      acceptsRaw(importVerificationKey(publicKeyPem, 'EdDSA'), msg, sig),
    )
    console.info(`${path}: ${cases} cases`)
    expect(cases).toBe(83)
  })

  test('Ed448 is not offered: its keys are refused', () => {
    const { testGroups } = read<File>('wycheproof/jws-eddsa/ed448.json')
    for (const { publicKeyPem = '' } of testGroups) {
      expect(() => importVerificationKey(publicKeyPem, 'EdDSA')).toThrow(TypeError)
    }
    expect(testGroups.length).toBe(10)
  })
})

interface RfcCase {
  readonly id: string
  readonly alg?: Algorithm | readonly Algorithm[]
  readonly key?: Jwk | null
  readonly privateKey?: Jwk
  readonly jwk?: Jwk
  readonly token?: string
  readonly json?: object
  readonly payload?: string
  readonly result?: string
  readonly hash?: 'sha256' | 'sha384' | 'sha512'
  readonly thumbprint?: string
  readonly uri?: string
}
const rfc = (name: string): readonly RfcCase[] => read<{ cases: readonly RfcCase[] }>(`rfc/${name}.json`).cases
/** A key of RFC 7520 §3.3, to hold a verifier against what it must refuse. */
const anyKey = (): VerificationKey =>
  importVerificationKey(read<Jwk>('rfc/rfc7520-cookbook/jwk/3_3.rsa_public_key.json'), 'RS256')
const verifierOfAnyKey = () => createVerifier({ keys: anyKey(), issuer: 'joe', audience: 'anybody' })

describe('RFC 7515, 7519, 7797, 8037', () => {
  const cases = ['rfc7515', 'rfc7519', 'rfc7797', 'rfc8037'].flatMap(rfc)

  test('each token gets the verdict of its RFC', () => {
    let ran = 0
    for (const { id, alg, key, token, payload, result } of cases) {
      if (token === undefined) continue
      ran++
      const jwk = key ?? { kty: 'none' }
      const algorithm = typeof alg === 'string' && result === 'valid' ? alg : 'HS256'
      const imported = importOrUndefined(jwk, algorithm)
      const ring = ringOf([imported ?? anyKey()])
      expect([id, accepts(token, ring)]).toEqual([id, result === 'valid'])
      const jws = parseJws(token, 10_000)
      if (result === 'valid' && typeof jws !== 'string') expect(jws.payload.toString('utf8')).toBe(payload)
    }
    console.info(`RFC 7515, 7519, 7797, 8037: ${ran} tokens`)
    expect(ran).toBe(10)
  })

  test('what is no compact JWS is malformed: the JSON serializations, detached and unencoded payloads', () => {
    const texts = cases.filter(({ json }) => json !== undefined).map(({ json }) => JSON.stringify(json))
    for (const text of texts) expect(verifierOfAnyKey().tryVerify(text)).toEqual({ ok: false, code: 'jwt_malformed' })
    expect(texts.length).toBe(3)
  })

  test('RFC 8037 A.4 comes out byte for byte', () => {
    const { privateKey, token = '' } = rfc('rfc8037').find(({ id }) => id === 'rfc8037-A.4/A.5') ?? {}
    if (privateKey === undefined) throw new Error('the case is missing')
    const handle = openSigningKey(importSigningKey(privateKey, 'EdDSA'))
    const input = token.slice(0, token.lastIndexOf('.'))
    const signature = handle?.row.sign(handle.engineKey, Buffer.from(input))
    expect(`${input}.${signature?.toString('base64url')}`).toBe(token)
  })
})

test('RFC 7638 and 9278: thumbprints', () => {
  const cases = rfc('rfc7638_9278')
  for (const { id, jwk, hash, thumbprint: value, uri } of cases) {
    if (jwk === undefined) throw new Error(`${id} has no JWK`)
    expect([id, thumbprint(jwk, hash)]).toEqual([id, value ?? uri?.split(':').at(-1)])
  }
  console.info(`RFC 7638, 9278: ${cases.length} thumbprints`)
  expect(cases.length).toBe(5)
})

describe('RFC 7520, the cookbook', () => {
  interface Example {
    readonly title: string
    readonly reproducible?: boolean
    readonly input: { readonly key: Jwk; readonly alg: Algorithm; readonly payload: string }
    readonly signing?: { readonly 'sig-input'?: string; readonly sig?: string }
    readonly output: { readonly compact?: string; readonly json: object }
  }
  const folder = 'rfc/rfc7520-cookbook/'
  const isHmac = (alg: Algorithm): alg is 'HS256' => alg.startsWith('HS')

  test.each([
    'jws/4_1.rsa_v15_signature.json',
    'jws/4_2.rsa-pss_signature.json',
    'jws/4_3.ecdsa_signature.json',
    'jws/4_4.hmac-sha2_integrity_protection.json',
    'curve25519/jws.json',
  ])('%s verifies, and comes out again where it can', (name) => {
    const { input, signing, output, reproducible } = read<Example>(folder + name)
    const key = isHmac(input.alg)
      ? importSecret(input.key, input.alg)
      : importSigningKey(input.key, input.alg as 'RS256')
    expect(accepts(output.compact ?? '', ringOf([key.verificationKey]))).toBe(true)

    const handle = openSigningKey(key)
    if (handle === undefined || signing?.['sig-input'] === undefined) throw new Error('the example is not complete')
    const message = Buffer.from(signing['sig-input'])
    const again = handle.row.sign(handle.engineKey, message)
    if (reproducible === true) expect(again.toString('base64url')).toBe(signing.sig)
    expect(acceptsRaw(key.verificationKey, message.toString('hex'), again.toString('hex'))).toBe(true)
  })

  test.each([
    'jws/4_5.signature_with_detached_content.json',
    'jws/4_6.protecting_specific_header_fields.json',
    'jws/4_7.protecting_content_only.json',
    'jws/4_8.multiple_signatures.json',
    '6.nesting_signatures_and_encryption.json',
  ])('%s is no signed JWT', (name) => {
    expect(existsSync(new URL(folder + name, FOLDER))).toBe(true)
    const example = read<Example & { encrypt?: { output: { compact: string } } }>(folder + name)
    const texts = [example.output?.compact, JSON.stringify(example.output?.json), example.encrypt?.output.compact]
    for (const text of texts.filter((entry) => entry !== undefined)) {
      expect(verifierOfAnyKey().tryVerify(text)).toEqual({ ok: false, code: 'jwt_malformed' })
    }
  })

  test('its keys are read, each for what it is', () => {
    const jwk = (name: string): Jwk => read<Jwk>(`${folder}jwk/${name}.json`)
    const ec = importSigningKey(jwk('3_2.ec_private_key'), 'ES512')
    expect(thumbprint(ec)).toBe(thumbprint(importVerificationKey(jwk('3_1.ec_public_key'), 'ES512')))
    const rsa = importSigningKey(jwk('3_4.rsa_private_key'), 'PS256')
    expect(thumbprint(rsa)).toBe(thumbprint(importVerificationKey(jwk('3_3.rsa_public_key'), 'PS256')))
    expect(importSecret(jwk('3_5.symmetric_key_mac_computation'), 'HS256').kid).toBe(
      '018c0ae5-4d9b-471b-bfd6-eef314bc7037',
    )
    expect(() => importSecret(jwk('3_6.symmetric_key_encryption'), 'HS256')).toThrow(TypeError)
    expect(createSigner({ key: ec, issuer: 'joe', audience: 'anybody' }).alg).toBe('ES512')
  })
})
