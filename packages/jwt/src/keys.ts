import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { type AlgorithmRow, algorithmRow } from './algorithms.ts'
import { publicJwk, thumbprintOfJwk } from './jwk.ts'
import { checkOptionNames, checkText } from './options.ts'
import { generateCurveKey, generateRsaKey, randomBytes } from './primitives.ts'
import type { Algorithm, AsymmetricAlgorithm, HmacAlgorithm } from './types.ts'

declare const signs: unique symbol
declare const verifies: unique symbol

/**
 * A key that signs, by one algorithm. Made by `importSigningKey`, `importSecret` or a `generate…` function and by
 * nothing else. It prints as `alg` and `kid`; the key itself is private.
 */
export interface SigningKey<A extends Algorithm = Algorithm> {
  readonly alg: A
  readonly kid: string | undefined
  /** The half that verifies, with the same `kid`. */
  readonly verificationKey: VerificationKey<A>
  readonly [signs]: A
}

/** A key that verifies, by one algorithm: a token never chooses another. It prints as `alg` and `kid`. */
export interface VerificationKey<A extends Algorithm = Algorithm> {
  readonly alg: A
  readonly kid: string | undefined
  readonly [verifies]: A
}

/** An HMAC secret: who can verify with it can also sign. It prints as `alg` and `kid`. */
export interface Secret<A extends HmacAlgorithm = HmacAlgorithm> extends SigningKey<A>, VerificationKey<A> {}

/** Any key with a public half. A {@link Secret} has none and does not fit. */
export type HasPublicHalf = SigningKey<AsymmetricAlgorithm> | VerificationKey<AsymmetricAlgorithm>

/** What the engine holds of a key: checked when the key was made, so never again for a token. */
export interface KeyHandle {
  readonly row: AlgorithmRow
  readonly kid: string | undefined
  /** The key as it came, for export. */
  readonly key: KeyObject
  /** The key as the calls of node:crypto take it. */
  readonly engineKey: KeyObject
  readonly signatureBytes: number
}

function createHandle(row: AlgorithmRow, key: KeyObject, kid: string | undefined): KeyHandle {
  return { row, kid, key, engineKey: row.engineKey(key), signatureBytes: row.signatureBytes(key) }
}

class LocalVerificationKey<A extends Algorithm> implements VerificationKey<A> {
  declare readonly [verifies]: A
  readonly alg: A
  readonly kid: string | undefined
  readonly #handle: KeyHandle

  constructor(alg: A, handle: KeyHandle) {
    this.alg = alg
    this.kid = handle.kid
    this.#handle = handle
    Object.freeze(this)
  }

  static open(key: object): KeyHandle | undefined {
    return #handle in key ? key.#handle : undefined
  }
}

class LocalSigningKey<A extends Algorithm> implements SigningKey<A> {
  declare readonly [signs]: A
  readonly alg: A
  readonly kid: string | undefined
  readonly #handle: KeyHandle
  readonly #verificationKey: VerificationKey<A>

  constructor(alg: A, handle: KeyHandle) {
    this.alg = alg
    this.kid = handle.kid
    this.#handle = handle
    const publicHandle = createHandle(handle.row, createPublicKey(handle.key), handle.kid)
    this.#verificationKey = new LocalVerificationKey(alg, publicHandle)
    Object.freeze(this)
  }

  get verificationKey(): VerificationKey<A> {
    return this.#verificationKey
  }

  static open(key: object): KeyHandle | undefined {
    return #handle in key ? key.#handle : undefined
  }
}

class LocalSecret<A extends HmacAlgorithm> implements Secret<A> {
  declare readonly [signs]: A
  declare readonly [verifies]: A
  readonly alg: A
  readonly kid: string | undefined
  readonly #handle: KeyHandle

  constructor(alg: A, handle: KeyHandle) {
    this.alg = alg
    this.kid = handle.kid
    this.#handle = handle
    Object.freeze(this)
  }

  get verificationKey(): VerificationKey<A> {
    return this
  }

  static open(key: object): KeyHandle | undefined {
    return #handle in key ? key.#handle : undefined
  }
}

/** Makes a verification key of a public key that has been checked for the algorithm. */
export function createVerificationKey<A extends AsymmetricAlgorithm>(
  alg: A,
  row: AlgorithmRow,
  key: KeyObject,
  kid: string | undefined,
): VerificationKey<A> {
  return new LocalVerificationKey(alg, createHandle(row, key, kid ?? thumbprintOfJwk(publicJwk(key))))
}

/** Makes a signing key of a private key that has been checked for the algorithm. */
export function createSigningKey<A extends AsymmetricAlgorithm>(
  alg: A,
  row: AlgorithmRow,
  key: KeyObject,
  kid: string | undefined,
): SigningKey<A> {
  return new LocalSigningKey(alg, createHandle(row, key, kid ?? thumbprintOfJwk(publicJwk(key))))
}

/** Makes a secret of bytes that have been checked for the algorithm. */
export function createSecret<A extends HmacAlgorithm>(
  alg: A,
  row: AlgorithmRow,
  bytes: Uint8Array,
  kid: string | undefined,
): Secret<A> {
  return new LocalSecret(alg, createHandle(row, createSecretKey(bytes), kid))
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** The handle of a key that can verify, or undefined for anything else, a private key among it. */
export function openVerificationKey(key: unknown): KeyHandle | undefined {
  return isObject(key) ? (LocalVerificationKey.open(key) ?? LocalSecret.open(key)) : undefined
}

/** The handle of a key that can sign, or undefined for anything else. */
export function openSigningKey(key: unknown): KeyHandle | undefined {
  return isObject(key) ? (LocalSigningKey.open(key) ?? LocalSecret.open(key)) : undefined
}

/** The handle of a secret, or undefined for anything else. */
export function openSecret(key: unknown): KeyHandle | undefined {
  return isObject(key) ? LocalSecret.open(key) : undefined
}

/** The handle of a signing key with a public half, or undefined for anything else. */
export function openPrivateKey(key: unknown): KeyHandle | undefined {
  return isObject(key) ? LocalSigningKey.open(key) : undefined
}

/** The handle of the public half of a key, or undefined where there is none. */
export function openPublicHalf(key: unknown): KeyHandle | undefined {
  if (!isObject(key)) return undefined
  if ('verificationKey' in key && LocalSigningKey.open(key) !== undefined)
    return openVerificationKey(key.verificationKey)
  return LocalVerificationKey.open(key)
}

/**
 * A new random secret, as long as the hash of its algorithm (RFC 7518 §3.2). It has a `kid` only if one is given.
 */
export async function generateSecret<A extends HmacAlgorithm>(
  alg: A,
  options: { readonly kid?: string } = {},
): Promise<Secret<A>> {
  const row = algorithmRow('generateSecret', alg)
  if (row.minSecretBytes === undefined) throw new TypeError('generateSecret: for this algorithm use generateSigningKey')
  const kid = readKid('generateSecret', options, ['kid'])
  return createSecret(alg, row, randomBytes(row.minSecretBytes), kid)
}

/**
 * A new key pair. The `kid` is the RFC 7638 thumbprint unless one is given. `modulusLength`, in bits, is for RSA alone:
 * 2048 by default.
 */
export async function generateSigningKey<A extends AsymmetricAlgorithm>(
  alg: A,
  options: { readonly kid?: string; readonly modulusLength?: 2048 | 3072 | 4096 } = {},
): Promise<SigningKey<A>> {
  const row = algorithmRow('generateSigningKey', alg)
  if (row.kty === 'oct') throw new TypeError('generateSigningKey: for this algorithm use generateSecret')
  const kid = readKid('generateSigningKey', options, row.kty === 'RSA' ? ['kid', 'modulusLength'] : ['kid'])
  if (row.crv !== undefined) return createSigningKey(alg, row, generateCurveKey(row.crv), kid)

  const modulusLength = options.modulusLength ?? 2048
  if (![2048, 3072, 4096].includes(modulusLength)) {
    throw new TypeError('generateSigningKey: "modulusLength" must be 2048, 3072 or 4096')
  }
  return createSigningKey(alg, row, await generateRsaKey(modulusLength), kid)
}

/** Checks the names of an options object for a key and gives its `kid`. */
export function readKid(
  owner: string,
  options: { readonly kid?: string },
  allowed: readonly string[],
): string | undefined {
  checkOptionNames(owner, options, allowed)
  return options.kid === undefined ? undefined : checkText(owner, 'kid', options.kid)
}
