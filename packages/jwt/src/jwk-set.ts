import { type AlgorithmRow, ASYMMETRIC_ROWS, algorithmRow, findAlgorithm } from './algorithms.ts'
import { JwtError } from './errors.ts'
import { isJsonObject, own } from './json.ts'
import { hasPrivateMembers, kidOf, readPublicKey } from './key-material.ts'
import { createKeyRing, type KeyRing } from './key-ring.ts'
import { createVerificationKey, type KeyHandle, openVerificationKey, type VerificationKey } from './keys.ts'
import { checkOptionNames } from './options.ts'
import type { AsymmetricAlgorithm, JwkSetJson } from './types.ts'

declare const local: unique symbol

/** The keys of a JWK Set that can verify. */
export interface JwkSet {
  readonly keys: readonly VerificationKey<AsymmetricAlgorithm>[]
  readonly [local]: true
}

export interface JwkSetOptions {
  /** The algorithms that are taken; a key for another is left out. Default: all. */
  readonly algorithms?: readonly [AsymmetricAlgorithm, ...AsymmetricAlgorithm[]]
}

class LocalJwkSet implements JwkSet {
  declare readonly [local]: true
  readonly keys: readonly VerificationKey<AsymmetricAlgorithm>[]
  readonly #ring: KeyRing

  constructor(keys: readonly VerificationKey<AsymmetricAlgorithm>[]) {
    this.keys = Object.freeze([...keys])
    this.#ring = createKeyRing(this.keys.map(openVerificationKey).filter((key): key is KeyHandle => key !== undefined))
    Object.freeze(this)
  }

  static open(set: object): KeyRing | undefined {
    return #ring in set ? set.#ring : undefined
  }
}

/** The keys of a set as a verifier uses them, or undefined for anything that is no set. */
export function openJwkSet(set: unknown): KeyRing | undefined {
  return typeof set === 'object' && set !== null ? LocalJwkSet.open(set) : undefined
}

/**
 * Reads a JWK Set (RFC 7517 §5): each key once, by `kid`.
 *
 * A key that is broken, weak, symmetric, private, or meant for something else is left out; the good ones beside it
 * work. A key without `alg` is taken where its kind leaves one choice: by its curve, or since `algorithms` names only
 * one for RSA.
 *
 * @throws {JwtError} `jwk_set_invalid` where the document is no JWK Set at all
 */
export function createJwkSet(json: JwkSetJson, options: JwkSetOptions = {}): JwkSet {
  const rows = readAlgorithms('createJwkSet', options)
  return parseJwkSet(json, rows)
}

/** The rows that the options name, or all. */
export function readAlgorithms(owner: string, options: JwkSetOptions): readonly AlgorithmRow[] {
  checkOptionNames(owner, options, ['algorithms'])
  if (options.algorithms === undefined) return ASYMMETRIC_ROWS
  const names: unknown = options.algorithms
  if (!Array.isArray(names) || names.length === 0) throw new TypeError(`${owner}: "algorithms" must name at least one`)
  const rows = names.map((name) => algorithmRow(owner, name))
  if (rows.some((row) => row.kty === 'oct')) throw new TypeError(`${owner}: a JWK Set holds no key for HMAC`)
  return [...new Set(rows)]
}

/** Reads a document of unknown form as a JWK Set. */
export function parseJwkSet(json: unknown, rows: readonly AlgorithmRow[]): JwkSet {
  const entries = isJsonObject(json) ? own(json, 'keys') : undefined
  if (!Array.isArray(entries)) throw new JwtError('jwk_set_invalid')
  const keys = entries.map((entry) => readEntry(entry, rows))
  return new LocalJwkSet(keys.filter((key) => key !== undefined))
}

function readEntry(entry: unknown, rows: readonly AlgorithmRow[]): VerificationKey<AsymmetricAlgorithm> | undefined {
  // A private or symmetric key in a published set is known to everybody (CVE-2026-22818).
  if (!isJsonObject(entry) || hasPrivateMembers(entry)) return undefined
  const row = rowOf(entry, rows)
  if (row === undefined) return undefined
  try {
    const key = readPublicKey('createJwkSet', entry, row, false)
    return createVerificationKey(row.name as AsymmetricAlgorithm, row, key, kidOf(entry))
  } catch (error) {
    if (error instanceof TypeError) return undefined // RFC 7517 §5: what is not understood is ignored
    throw error
  }
}

function rowOf(entry: Record<string, unknown>, rows: readonly AlgorithmRow[]): AlgorithmRow | undefined {
  if (Object.hasOwn(entry, 'alg')) {
    const named = findAlgorithm(own(entry, 'alg'))
    return named !== undefined && rows.includes(named) ? named : undefined
  }
  const [only, another] = rows.filter((row) => row.kty === own(entry, 'kty') && row.crv === own(entry, 'crv'))
  return another === undefined ? only : undefined
}
