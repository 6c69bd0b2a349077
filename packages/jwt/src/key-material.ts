import { createPrivateKey, createPublicKey, KeyObject, type webcrypto } from 'node:crypto'
import type { AlgorithmRow } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import { isJsonObject, own } from './json.ts'
import { publicJwk } from './jwk.ts'
import type { Jwk } from './types.ts'

/** A key as it comes from outside: PEM (also an X.509 certificate), a JWK, a `KeyObject` or a `CryptoKey`. */
export type KeyMaterial = string | Jwk | { readonly type: 'public' | 'private' | 'secret' }

/** Limits of RSA (RFC 7518 §3.3): a longer modulus or exponent only costs, a shorter one is broken. In bits. */
const RSA_MIN_BITS = 2048
const RSA_SHORT_BITS = 1024
const RSA_MAX_BITS = 8192
const RSA_MIN_EXPONENT = 65537n
const RSA_MAX_EXPONENT = 1n << 32n

/** The names of the curves in OpenSSL. */
const NODE_CURVES: Readonly<Record<string, string>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
}
/** The length in bytes of a coordinate (RFC 7518 §6.2.1.2, RFC 8037 §2). */
const COORDINATE_BYTES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66, Ed25519: 32 }

const PUBLIC_LABELS = ['PUBLIC KEY', 'RSA PUBLIC KEY', 'CERTIFICATE']
const PRIVATE_LABELS = ['PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']

/** The JWK members that only a private or symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** Whether a JWK holds a private or symmetric key. */
export const hasPrivateMembers = (jwk: Readonly<Record<string, unknown>>): boolean =>
  PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))

/** The JWK's own `kid`, where the material is a JWK that has one. */
export function kidOf(material: unknown): string | undefined {
  if (!isJsonObject(material) || !Object.hasOwn(material, 'kty')) return undefined
  const kid = own(material, 'kid')
  if (kid !== undefined && typeof kid !== 'string') throw new TypeError('the "kid" of the JWK is not a text')
  return kid === '' ? undefined : kid
}

/** Reads the public key for an algorithm; whatever is wrong with it is told now and not for a token. */
export function readPublicKey(owner: string, material: unknown, row: AlgorithmRow, allowShortKey: boolean): KeyObject {
  const key = parseKey(owner, material, row, 'public')
  checkKind(owner, key, row, allowShortKey)
  return key
}

/** Reads the private key for an algorithm, and tries whether its two halves belong together. */
export function readPrivateKey(owner: string, material: unknown, row: AlgorithmRow, passphrase?: string): KeyObject {
  const key = parseKey(owner, material, row, 'private', passphrase)
  checkKind(owner, key, row, false)
  checkHalves(owner, key, material, row)
  return key
}

type Half = 'public' | 'private'

function parseKey(owner: string, material: unknown, row: AlgorithmRow, half: Half, passphrase?: string): KeyObject {
  if (typeof material === 'string') return parsePem(owner, material, half, passphrase)
  if (passphrase !== undefined) throw new TypeError(`${owner}: a passphrase is for an encrypted PEM alone`)
  if (material instanceof KeyObject) return checkHalf(owner, material, half)
  if (globalThis.CryptoKey !== undefined && material instanceof CryptoKey) {
    checkCryptoKey(owner, material, row, half)
    return checkHalf(owner, KeyObject.from(material), half)
  }
  if (isJsonObject(material) && typeof own(material, 'kty') === 'string') return parseJwk(owner, material, row, half)
  throw new TypeError(`${owner}: the key must be a PEM text, a JWK, a KeyObject or a CryptoKey`)
}

/** The algorithms of WebCrypto, by how ours begin. */
const WEB_NAMES: Readonly<Record<string, string>> = {
  RS: 'RSASSA-PKCS1-v1_5',
  PS: 'RSA-PSS',
  ES: 'ECDSA',
  Ed: 'Ed25519',
}

/** What a CryptoKey says that it is for counts as it does in a JWK: a KeyObject no longer tells. */
function checkCryptoKey(owner: string, key: webcrypto.CryptoKey, row: AlgorithmRow, half: Half): void {
  checkHalf(owner, key, half)
  // Its bytes are not to be had; made into a KeyObject it could be exported like any other.
  if (!key.extractable)
    throw new TypeError(`${owner}: the CryptoKey is not extractable; createAsyncSigner takes it as an external key`)
  const operation = half === 'public' ? 'verify' : 'sign'
  if (!key.usages.includes(operation)) throw new TypeError(`${owner}: the CryptoKey is not for "${operation}"`)
  const { name, hash }: { name: string; hash?: { name: string } } = key.algorithm
  // The hash of an ECDSA key is chosen with the signature, that of an RSA key with the key.
  const isSame =
    name === WEB_NAMES[row.name.slice(0, 2)] && (hash === undefined || hash.name === `SHA-${row.name.slice(2)}`)
  if (!isSame) throw new TypeError(`${owner}: the CryptoKey is for another algorithm`)
}

function checkHalf<K extends { readonly type: string }>(owner: string, key: K, half: Half): K {
  if (key.type !== half) throw new TypeError(`${owner}: ${WRONG_HALF[half]}`)
  return key
}

const WRONG_HALF: Readonly<Record<Half, string>> = {
  public: 'a public key is due; a private key belongs in importSigningKey, a secret in importSecret',
  private: 'a private key is due; a public key belongs in importVerificationKey, a secret in importSecret',
}

/** One key, by its label. A text with two of them would leave the choice to OpenSSL. */
function parsePem(owner: string, text: string, half: Half, passphrase?: string): KeyObject {
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----/g)].map((match) => match[1] ?? '')
  const keys = labels.filter((label) => label !== 'EC PARAMETERS')
  const [label] = keys
  if (label === undefined || keys.length > 1)
    throw new TypeError(`${owner}: the text is not one PEM key or certificate`)
  const [right, wrong] = half === 'public' ? [PUBLIC_LABELS, PRIVATE_LABELS] : [PRIVATE_LABELS, PUBLIC_LABELS]
  if (wrong.includes(label)) throw new TypeError(`${owner}: ${WRONG_HALF[half]}`)
  if (!right.includes(label)) throw new TypeError(`${owner}: a PEM of this kind is not supported`)
  const pem = text.slice(text.indexOf('-----BEGIN'))
  return parsed(owner, () =>
    half === 'public'
      ? createPublicKey(pem)
      : createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) }),
  )
}

function parseJwk(owner: string, jwk: Record<string, unknown>, row: AlgorithmRow, half: Half): KeyObject {
  const refuse = (what: string): never => {
    throw new TypeError(`${owner}: ${what}`)
  }
  if (own(jwk, 'kty') !== row.kty || own(jwk, 'crv') !== row.crv) refuse('the JWK is not of the kind of its algorithm')
  if (half === 'public' && hasPrivateMembers(jwk)) refuse(WRONG_HALF.public)
  if (half === 'private' && !Object.hasOwn(jwk, 'd')) refuse(WRONG_HALF.private)
  checkPurpose(owner, jwk, row, half === 'public' ? 'verify' : 'sign')

  for (const name of row.kty === 'RSA' ? ['n', 'e', ...PRIVATE_MEMBERS] : ['x', 'y', 'd']) {
    const value = own(jwk, name)
    if (value === undefined || name === 'oth') continue
    const bytes = typeof value === 'string' ? decodeBase64url(value) : undefined
    const size = row.crv === undefined ? undefined : COORDINATE_BYTES[row.crv]
    if (bytes === undefined || (size !== undefined && bytes.length !== size)) {
      refuse(`the member "${name}" of the JWK is not base64url of the right length`)
    }
  }
  if (Object.hasOwn(jwk, 'oth')) refuse('RSA keys of more than two primes are not supported')
  return parsed(owner, () =>
    half === 'public' ? createPublicKey({ key: jwk, format: 'jwk' }) : createPrivateKey({ key: jwk, format: 'jwk' }),
  )
}

/** `alg`, `use` and `key_ops` of a JWK may narrow what it is for, never widen it (RFC 7517 §4.2–4.4). */
export function checkPurpose(
  owner: string,
  jwk: Readonly<Record<string, unknown>>,
  row: AlgorithmRow,
  operation: 'sign' | 'verify',
): void {
  const alg = own(jwk, 'alg')
  const use = own(jwk, 'use')
  const operations = own(jwk, 'key_ops')
  // RFC 9864 §2.2: "Ed25519" is the name of what "EdDSA" means for an Ed25519 key.
  const canonical = alg === 'Ed25519' ? 'EdDSA' : alg
  if (alg !== undefined && canonical !== row.name) throw new TypeError(`${owner}: the JWK is for another algorithm`)
  if (use !== undefined && use !== 'sig') throw new TypeError(`${owner}: the "use" of the JWK is not "sig"`)
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes(operation))) {
    throw new TypeError(`${owner}: the "key_ops" of the JWK do not hold "${operation}"`)
  }
}

/** Runs a parser of node:crypto. Its error is not passed on: it may quote the text of the key. */
function parsed(owner: string, parse: () => KeyObject): KeyObject {
  try {
    return parse()
  } catch {
    throw new TypeError(`${owner}: the key cannot be read`)
  }
}

/** The kind, the curve and the strength of a key against its algorithm (RFC 7518 §3.3, §3.4; RFC 8725 §3.5). */
function checkKind(owner: string, key: KeyObject, row: AlgorithmRow, allowShortKey: boolean): void {
  const details = key.asymmetricKeyDetails ?? {}
  if (row.kty === 'RSA') {
    const bits = details.modulusLength ?? 0
    const exponent = details.publicExponent ?? 0n
    if (key.asymmetricKeyType !== 'rsa') throw new TypeError(`${owner}: the algorithm needs an RSA key`)
    if (bits < (allowShortKey ? RSA_SHORT_BITS : RSA_MIN_BITS) || bits > RSA_MAX_BITS) {
      throw new TypeError(`${owner}: an RSA key must have from ${RSA_MIN_BITS} to ${RSA_MAX_BITS} bits`)
    }
    if (exponent < RSA_MIN_EXPONENT || exponent >= RSA_MAX_EXPONENT || exponent % 2n === 0n) {
      throw new TypeError(`${owner}: an RSA exponent must be odd, at least 65537 and below 2^32`)
    }
    return
  }
  const fits =
    row.kty === 'EC'
      ? key.asymmetricKeyType === 'ec' && details.namedCurve === NODE_CURVES[row.crv ?? '']
      : key.asymmetricKeyType === 'ed25519'
  if (!fits) throw new TypeError(`${owner}: the algorithm needs a key on ${row.crv}`)
}

/**
 * A private key whose public half is another's would publish a key that verifies nothing, and an Ed25519 one would
 * give its secret away with two signatures.
 */
function checkHalves(owner: string, key: KeyObject, material: unknown, row: AlgorithmRow): void {
  const publicHalf = publicJwk(key)
  const claimed = isJsonObject(material) && !(material instanceof KeyObject) ? material : {}
  const sameMembers = ['n', 'e', 'x', 'y'].every(
    (name) =>
      typeof claimed[name] !== 'string' ||
      publicHalf[name] === undefined ||
      sameInteger(claimed[name], publicHalf[name]),
  )
  const probe = Buffer.from('the halves belong together')
  let sound = sameMembers
  try {
    const signature = sound ? row.sign(row.engineKey(key), probe) : Buffer.alloc(0)
    sound = sound && row.verify(row.engineKey(createPublicKey(key)), probe, signature)
  } catch {
    sound = false
  }
  if (!sound) throw new TypeError(`${owner}: the private and the public half of the key do not belong together`)
}

/** Compares two big-endian integers in base64url, of which one may have zero bytes in front. */
function sameInteger(left: unknown, right: unknown): boolean {
  const bytes = (text: unknown): string =>
    (decodeBase64url(String(text)) ?? Buffer.alloc(0)).toString('hex').replace(/^(00)+/, '')
  return bytes(left) === bytes(right)
}
