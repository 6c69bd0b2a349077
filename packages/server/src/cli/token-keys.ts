import { resolve } from 'node:path'
import {
  type AsymmetricAlgorithm,
  createJwkSet,
  type HmacAlgorithm,
  importSecret,
  importSigningKey,
  importVerificationKey,
  type Jwk,
  type LocalKeys,
  type Secret,
  type SecretMaterial,
  type SigningKey,
  type VerificationKey,
} from '@countersign/jwt'
import { KEY_PAIR_ALGORITHMS, SECRET_ALGORITHMS } from '../config/signing-algorithms.ts'
import { CommandFailure, type CommandInput, UsageError } from './command.ts'

const HMAC: readonly HmacAlgorithm[] = SECRET_ALGORITHMS
const ASYMMETRIC: readonly AsymmetricAlgorithm[] = KEY_PAIR_ALGORITHMS

/** The key that `token sign` signs with: `--key` or `--secret-file`. */
export async function readSigningKey(input: CommandInput): Promise<SigningKey> {
  const source = oneOf(input, ['key', 'secret-file'])
  const text = await readFile(input, source)
  const alg = input.option('alg')
  if (source === 'secret-file') return firstOf(readSecrets(text, alg))
  const material = readJson(text) ?? text
  return importKey(() => importSigningKey(material, asymmetric(alg, material)))
}

/** The keys that `token verify` verifies with, where they are at hand: `--jwks`, `--key` or `--secret-file`. */
export async function readLocalKeys(input: CommandInput, source: 'jwks' | 'key' | 'secret-file'): Promise<LocalKeys> {
  const text = await readFile(input, source)
  const alg = input.option('alg')
  if (source === 'secret-file') return nonEmpty(readSecrets(text, alg))
  if (source === 'jwks') return importKey(() => createJwkSet(asJwkSet(readJson(text))))
  const material = readJson(text) ?? text
  return importKey(() => importVerificationKey(material, asymmetric(alg, material)))
}

/** Exactly one of several options that exclude one another. */
export function oneOf<const N extends string>(input: CommandInput, names: readonly N[]): N {
  const given = names.filter((name) => input.option(name) !== undefined)
  const [only, ...more] = given
  if (only === undefined || more.length > 0) {
    throw new UsageError(`give exactly one of ${names.map((name) => `--${name}`).join(', ')}`)
  }
  return only
}

async function readFile(input: CommandInput, option: string): Promise<string> {
  const text = await input.edge.files.read(resolve(input.edge.cwd, input.option(option) ?? ''))
  if (text === undefined) throw new CommandFailure(`the file of --${option} is not there`)
  return text.trim()
}

/** Secrets as `key export` writes them, one JWK of kind `oct`, or the bare secret in base64url. */
function readSecrets(text: string, alg: string | undefined): readonly Secret[] {
  const json = readJson(text)
  const materials: readonly SecretMaterial[] =
    json === undefined ? [{ base64url: text }] : 'keys' in json ? asJwkSet(json).keys : [json]
  return materials.map((material) => {
    const name = alg ?? ('alg' in material ? material.alg : undefined) ?? 'HS256'
    const found = HMAC.find((candidate) => candidate === name)
    if (found === undefined) throw new UsageError(`--alg for a secret is one of ${HMAC.join(', ')}`)
    return importKey(() => importSecret(material, found))
  })
}

/** The algorithm is the operator's choice or the JWK's own; a PEM says nothing of it. */
function asymmetric(alg: string | undefined, material: string | Jwk): AsymmetricAlgorithm {
  const name = alg ?? (typeof material === 'string' ? undefined : material.alg)
  const found = ASYMMETRIC.find((candidate) => candidate === name)
  if (found === undefined) throw new UsageError(`--alg for this key is one of ${ASYMMETRIC.join(', ')}`)
  return found
}

function readJson(text: string): Jwk | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as Jwk
  } catch {
    throw new CommandFailure('the key file is not JSON')
  }
}

function asJwkSet(json: Jwk | undefined): { readonly keys: readonly Jwk[] } {
  const keys: unknown = json?.keys
  if (!Array.isArray(keys)) throw new CommandFailure('the file is no JWK Set')
  return { keys }
}

/** What the library says of a key that it refuses is for developers, but names the cause and never the key. */
function importKey<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof TypeError) throw new CommandFailure(`the key cannot be used: ${error.message}`)
    throw error
  }
}

function firstOf<T>(items: readonly T[]): T {
  const [first] = items
  if (first === undefined) throw new CommandFailure('the file holds no key')
  return first
}

function nonEmpty(keys: readonly VerificationKey[]): readonly [VerificationKey, ...VerificationKey[]] {
  return [firstOf(keys), ...keys.slice(1)]
}
