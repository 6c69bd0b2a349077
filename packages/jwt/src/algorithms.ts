import type { KeyObject } from 'node:crypto'
import { type CoordinateSize, fromDerSignature, toDerSignature, toPssKey } from './der.ts'
import { equalBytes, type Hash, hmac, signBytes, signBytesAsync, verifyBytes } from './primitives.ts'
import type { Algorithm, AsymmetricAlgorithm, HmacAlgorithm } from './types.ts'

/** What one `alg` is. No other file names an algorithm in order to decide something. */
export interface AlgorithmRow {
  /** The `alg` as it is written. Two names of one algorithm (RFC 9864) have the same. */
  readonly name: Algorithm
  readonly kty: 'oct' | 'RSA' | 'EC' | 'OKP'
  /** The curve of an EC or OKP key, by its name in a JWK. */
  readonly crv?: 'P-256' | 'P-384' | 'P-521' | 'Ed25519'
  /** For a secret: the least number of bytes, that of the hash (RFC 7518 §3.2). */
  readonly minSecretBytes?: number
  /** The one length that a signature of this key can have. A signature of another is never looked at. */
  readonly signatureBytes: (key: KeyObject) => number
  /** The bare key that the calls of node:crypto take. */
  readonly engineKey: (key: KeyObject) => KeyObject
  readonly sign: (engineKey: KeyObject, input: Uint8Array) => Buffer
  readonly signAsync: (engineKey: KeyObject, input: Uint8Array) => Promise<Buffer>
  readonly verify: (engineKey: KeyObject, input: Uint8Array, signature: Uint8Array) => boolean
}

const itself = (key: KeyObject): KeyObject => key
const modulusBytes = (key: KeyObject): number => Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)

/** HMAC with SHA-2 (RFC 7518 §3.2). */
function hs(name: HmacAlgorithm, hash: Hash, size: number): AlgorithmRow {
  return {
    name,
    kty: 'oct',
    minSecretBytes: size,
    signatureBytes: () => size,
    engineKey: itself,
    sign: (key, input) => hmac(hash, key, input),
    signAsync: async (key, input) => hmac(hash, key, input),
    verify: (key, input, signature) => equalBytes(hmac(hash, key, input), signature),
  }
}

/** RSASSA-PKCS1-v1_5 (RFC 7518 §3.3), or RSASSA-PSS (RFC 7518 §3.5) where the key is wrapped for it. */
function rsa(name: AsymmetricAlgorithm, hash: Hash, engineKey: (key: KeyObject) => KeyObject): AlgorithmRow {
  return {
    name,
    kty: 'RSA',
    signatureBytes: modulusBytes,
    engineKey,
    sign: (key, input) => signBytes(hash, key, input),
    signAsync: (key, input) => signBytesAsync(hash, key, input),
    verify: (key, input, signature) => verifyBytes(hash, key, input, signature),
  }
}

/** ECDSA (RFC 7518 §3.4). */
function es(
  name: AsymmetricAlgorithm,
  hash: Hash,
  crv: 'P-256' | 'P-384' | 'P-521',
  size: CoordinateSize,
): AlgorithmRow {
  return {
    name,
    kty: 'EC',
    crv,
    signatureBytes: () => 2 * size,
    engineKey: itself,
    sign: (key, input) => fromDerSignature(signBytes(hash, key, input), size),
    signAsync: async (key, input) => fromDerSignature(await signBytesAsync(hash, key, input), size),
    verify: (key, input, signature) => verifyBytes(hash, key, input, toDerSignature(signature, size)),
  }
}

/** Ed25519 (RFC 8037 §3.1). `EdDSA` is written, since that is what others read. */
const ED25519: AlgorithmRow = {
  name: 'EdDSA',
  kty: 'OKP',
  crv: 'Ed25519',
  signatureBytes: () => 64,
  engineKey: itself,
  sign: (key, input) => signBytes(null, key, input),
  signAsync: (key, input) => signBytesAsync(null, key, input),
  verify: (key, input, signature) => verifyBytes(null, key, input, signature),
}

const ROWS: Record<Algorithm, AlgorithmRow> = {
  HS256: hs('HS256', 'sha256', 32),
  HS384: hs('HS384', 'sha384', 48),
  HS512: hs('HS512', 'sha512', 64),
  RS256: rsa('RS256', 'sha256', itself),
  RS384: rsa('RS384', 'sha384', itself),
  RS512: rsa('RS512', 'sha512', itself),
  PS256: rsa('PS256', 'sha256', (key) => toPssKey(key, 'sha256')),
  PS384: rsa('PS384', 'sha384', (key) => toPssKey(key, 'sha384')),
  PS512: rsa('PS512', 'sha512', (key) => toPssKey(key, 'sha512')),
  ES256: es('ES256', 'sha256', 'P-256', 32),
  ES384: es('ES384', 'sha384', 'P-384', 48),
  ES512: es('ES512', 'sha512', 'P-521', 66),
  EdDSA: ED25519,
  Ed25519: ED25519,
}

/** By name. A Map, so that an `alg` of `constructor` or `__proto__` finds nothing. */
const BY_NAME: ReadonlyMap<unknown, AlgorithmRow> = new Map<unknown, AlgorithmRow>(Object.entries(ROWS))

/** The row of an algorithm, by the exact, case-sensitive name (RFC 7515 §4.1.1). */
export function findAlgorithm(name: unknown): AlgorithmRow | undefined {
  return BY_NAME.get(name)
}

/** The row that a developer named: another word, `none` among them, is a mistake in the program. */
export function algorithmRow(owner: string, name: unknown): AlgorithmRow {
  const row = BY_NAME.get(name)
  if (row === undefined) throw new TypeError(`${owner}: the algorithm must be one of ${[...BY_NAME.keys()].join(', ')}`)
  return row
}

/** The algorithms that a public key can be for. */
export const ASYMMETRIC_ROWS: readonly AlgorithmRow[] = [
  ...new Set(Object.values(ROWS).filter((row) => row.kty !== 'oct')),
]
