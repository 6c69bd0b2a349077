import { decodeBase64url } from './base64url.ts'
import type { JwtVerifyErrorCode } from './errors.ts'
import { deepFreeze, own, parseUniqueJsonObject } from './json.ts'
import type { KeyHandle } from './keys.ts'

/** A JWS in compact form (RFC 7515 §3.1), read strictly. Its signature has not been verified. */
export interface ParsedJws {
  readonly header: ParsedHeader
  readonly payload: Buffer
  readonly signature: Buffer
  /** The ASCII bytes that the signature covers: the first two parts and the dot between. */
  readonly signingInput: Buffer
}

/** A protected header of which the parts that decide something have been checked. */
export interface ParsedHeader {
  readonly alg: string
  readonly kid?: string
  readonly typ?: string
  readonly [name: string]: unknown
}

/**
 * Reads a token as three parts of canonical base64url, the first of them a header that is understood.
 *
 * Nothing is trimmed, nothing is split: a text that is too long is refused before anything looks into it, and a fourth
 * part is a character that the alphabet does not have.
 */
export function parseJws(token: unknown, maxLength: number): ParsedJws | JwtVerifyErrorCode {
  if (typeof token !== 'string') return 'jwt_malformed'
  if (token.length > maxLength) return 'jwt_too_large'
  const firstDot = token.indexOf('.')
  const lastDot = token.indexOf('.', firstDot + 1)
  if (firstDot < 1 || lastDot < 0 || lastDot === token.length - 1) return 'jwt_malformed'

  const encodedHeader = decodeBase64url(token, 0, firstDot)
  const payload = decodeBase64url(token, firstDot + 1, lastDot)
  const signature = decodeBase64url(token, lastDot + 1)
  if (encodedHeader === undefined || payload === undefined || signature === undefined) return 'jwt_malformed'

  const header = parseHeader(encodedHeader)
  if (header === undefined) return 'jwt_header_invalid'
  // Every character has been found in the base64url alphabet, so this conversion loses nothing.
  return { header, payload, signature, signingInput: Buffer.from(token.slice(0, lastDot), 'latin1') }
}

/** Verifies the signature by the algorithm of the key. Exactly the key's length of signature is looked at. */
export function verifySignature(jws: ParsedJws, key: KeyHandle): boolean {
  if (jws.signature.length !== key.signatureBytes) return false
  return key.row.verify(key.engineKey, jws.signingInput, jws.signature)
}

/**
 * A header in which no name stands twice (RFC 7515 §4), without extensions.
 *
 * No critical extension is understood, so RFC 7515 §4.1.11 says to refuse: for `crit` in any form, even one that is
 * not a list. `b64` would change what the signature covers (RFC 7797 §7 keeps it out of JWTs). `jku`, `x5u`, `jwk`,
 * `x5c` and `zip` are never acted on.
 */
function parseHeader(bytes: Buffer): ParsedHeader | undefined {
  const header = parseUniqueJsonObject(bytes)
  if (header === undefined) return undefined
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return undefined
  const isText = (name: string): boolean => typeof own(header, name) === 'string'
  const isTextOrAbsent = (name: string): boolean => !Object.hasOwn(header, name) || isText(name)
  if (!isText('alg') || !isTextOrAbsent('kid') || !isTextOrAbsent('typ')) return undefined
  return deepFreeze(header as Record<string, unknown> & { alg: string })
}

/**
 * A kind of token, so that both spellings of a media type are equal (RFC 7515 §4.1.9): `application/` may be left out
 * where nothing but a subtype follows, so `application/text/plain` is not `text/plain`.
 */
export function normalizeType(typ: string): string {
  const lower = typ.toLowerCase()
  const subtype = lower.slice('application/'.length)
  return lower.startsWith('application/') && !subtype.includes('/') ? subtype : lower
}
