import { createPublicKey, X509Certificate } from 'node:crypto'
import { algorithmRow } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import { isJsonObject, own } from './json.ts'
import { checkPurpose, type KeyMaterial, kidOf, readPrivateKey, readPublicKey } from './key-material.ts'
import {
  createSecret,
  createSigningKey,
  createVerificationKey,
  readKid,
  type Secret,
  type SigningKey,
  type VerificationKey,
} from './keys.ts'
import { checkFlag, checkText } from './options.ts'
import type { AsymmetricAlgorithm, HmacAlgorithm, Jwk } from './types.ts'

/** The bytes of a secret, or a text that names its encoding. A bare text is no secret. */
export type SecretMaterial =
  | Uint8Array
  | { readonly base64url: string }
  | { readonly base64: string }
  | { readonly hex: string }
  | { readonly utf8: string }
  | Jwk

export interface ImportOptions {
  /** Names the key in the header and in a JWK Set. Default: the JWK's own, else the RFC 7638 thumbprint; none for a secret. */
  readonly kid?: string
  /** Takes a secret shorter than its hash, or an RSA key from 1024 bits on: for tokens of others that have no better. */
  readonly allowShortKey?: true
}

/**
 * Makes an HMAC secret. A bare string, an empty secret, one shorter than the hash (RFC 7518 §3.2), and whatever looks
 * like a public key, a PEM, an SSH key or a JWK as text are refused with a TypeError: an HMAC keyed by a public key can
 * be made by anybody.
 */
export function importSecret<A extends HmacAlgorithm>(
  material: SecretMaterial,
  alg: A,
  options: ImportOptions = {},
): Secret<A> {
  const owner = 'importSecret'
  const row = algorithmRow(owner, alg)
  if (row.minSecretBytes === undefined) {
    throw new TypeError(`${owner}: this algorithm takes a key pair: use importSigningKey or importVerificationKey`)
  }
  const kid = readKid(owner, options, ['kid', 'allowShortKey'])
  const bytes = readSecret(owner, material)
  if (isJsonObject(material) && Object.hasOwn(material, 'kty')) {
    checkPurpose(owner, material, row, 'verify')
  }
  refuseKeyText(owner, bytes)
  const least = checkFlag(owner, 'allowShortKey', options.allowShortKey) ? 1 : row.minSecretBytes
  if (bytes.length < least)
    throw new TypeError(`${owner}: a secret for ${alg} has at least ${row.minSecretBytes} bytes`)
  return createSecret(alg, row, bytes, kid ?? kidOf(material))
}

/**
 * Makes a key that signs of a private key: PEM (PKCS #8, PKCS #1, SEC 1; encrypted with `passphrase`), JWK, KeyObject or
 * CryptoKey. RSA below 2048 bits, a wrong curve, halves that do not belong together, and a CryptoKey that is for
 * something else or not extractable are refused with a TypeError.
 */
export function importSigningKey<A extends AsymmetricAlgorithm>(
  material: KeyMaterial,
  alg: A,
  options: { readonly kid?: string; readonly passphrase?: string } = {},
): SigningKey<A> {
  const owner = 'importSigningKey'
  const row = algorithmRow(owner, alg)
  if (row.kty === 'oct') throw new TypeError(`${owner}: this algorithm takes a secret: use importSecret`)
  const kid = readKid(owner, options, ['kid', 'passphrase'])
  const key = readPrivateKey(owner, material, row, options.passphrase)
  return createSigningKey(alg, row, key, kid ?? kidOf(material))
}

/**
 * Makes a key that verifies of a public key: PEM (SPKI, PKCS #1, X.509 certificate), JWK, KeyObject or CryptoKey.
 * A private key is refused with a TypeError, and so is one that is weak, on another curve, off its curve, or meant for
 * something else by its `alg`, `use` or `key_ops`.
 */
export function importVerificationKey<A extends AsymmetricAlgorithm>(
  material: KeyMaterial,
  alg: A,
  options: ImportOptions = {},
): VerificationKey<A> {
  const owner = 'importVerificationKey'
  const row = algorithmRow(owner, alg)
  if (row.kty === 'oct') throw new TypeError(`${owner}: this algorithm takes a secret: use importSecret`)
  const kid = readKid(owner, options, ['kid', 'allowShortKey'])
  const key = readPublicKey(owner, material, row, checkFlag(owner, 'allowShortKey', options.allowShortKey))
  return createVerificationKey(alg, row, key, kid ?? kidOf(material))
}

/** How each encoding of a secret is read. A text that is not exactly of the encoding gives undefined. */
const ENCODINGS: Readonly<Record<string, (text: string) => Buffer | undefined>> = {
  base64url: (text) => decodeBase64url(text),
  base64: (text) => {
    const bytes = Buffer.from(text, 'base64')
    return bytes.toString('base64') === text ? bytes : undefined
  },
  hex: (text) => (/^(?:[0-9a-fA-F]{2})+$/.test(text) ? Buffer.from(text, 'hex') : undefined),
  utf8: (text) => (text.isWellFormed() ? Buffer.from(text, 'utf8') : undefined),
}

function readSecret(owner: string, material: unknown): Buffer {
  if (material instanceof Uint8Array) return Buffer.from(material)
  if (typeof material === 'string') {
    throw new TypeError(`${owner}: a bare text is no secret; say { utf8 }, { base64url }, { base64 } or { hex }`)
  }
  if (!isJsonObject(material))
    throw new TypeError(`${owner}: the secret must be bytes, { base64url: … } or an "oct" JWK`)
  if (Object.hasOwn(material, 'kty')) {
    const k = own(material, 'k')
    const bytes = own(material, 'kty') === 'oct' && typeof k === 'string' ? decodeBase64url(k) : undefined
    if (bytes === undefined) throw new TypeError(`${owner}: the JWK is not of kind "oct" with a base64url "k"`)
    return bytes
  }
  const [name, ...others] = Object.keys(material)
  const read = name !== undefined && Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name] : undefined
  if (name === undefined || read === undefined || others.length > 0) {
    throw new TypeError(`${owner}: name one encoding: utf8, base64url, base64 or hex`)
  }
  const bytes = read(checkText(owner, name, material[name]))
  if (bytes === undefined) throw new TypeError(`${owner}: the text is not ${name}`)
  return bytes
}

/** What tells that somebody put a key where a secret is due, once blanks, marks, NUL and quotes are off the front. */
const KEY_TEXT: readonly { readonly looksLike: RegExp; readonly what: string }[] = [
  { looksLike: /-----BEGIN/, what: 'a PEM' },
  { looksLike: /^---- BEGIN SSH2/, what: 'an SSH public key' }, // RFC 4716 §3.2
  { looksLike: /^(?:ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-)/, what: 'an SSH public key' },
  { looksLike: /^\{[\s\S]*"(?:kty|keys)"/, what: 'a JWK or a JWK Set' },
]

/** CVE-2015-9235, CVE-2017-11424, CVE-2022-29217 and CVE-2026-34950 are all an HMAC keyed by public text. */
function refuseKeyText(owner: string, bytes: Buffer): void {
  const text = bytes.toString('utf8').replace(/^[\s\0\uFEFF\u200B'"]+/, '')
  const found = KEY_TEXT.find(({ looksLike }) => looksLike.test(text))
  if (found !== undefined) throw new TypeError(`${owner}: this is ${found.what}, not a secret`)
  const der = [bytes, Buffer.from(text, 'base64')].some(isPublicKeyDer)
  if (der) throw new TypeError(`${owner}: this is a public key, not a secret`)
}

/** What is a public key in DER if it can be read as one: SPKI, PKCS #1, or an X.509 certificate. */
const DER_READERS: readonly ((bytes: Buffer) => unknown)[] = [
  (key) => createPublicKey({ key, format: 'der', type: 'spki' }),
  (key) => createPublicKey({ key, format: 'der', type: 'pkcs1' }),
  (bytes) => new X509Certificate(bytes),
]

function isPublicKeyDer(bytes: Buffer): boolean {
  if (bytes[0] !== 0x30) return false // SEQUENCE, with which each of them begins
  return DER_READERS.some((read) => {
    try {
      read(bytes)
      return true
    } catch {
      return false
    }
  })
}
