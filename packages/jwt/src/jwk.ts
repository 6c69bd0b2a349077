import type { KeyObject } from 'node:crypto'
import { encodeBase64url } from './base64url.ts'
import { digest, type Hash } from './primitives.ts'
import type { Jwk } from './types.ts'

/** The members that make a public key of its kind what it is, in the order of RFC 7638 §3.2. */
const REQUIRED_MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
  ['RSA', ['e', 'kty', 'n']],
])

/** The public members of a key, its kind first, and nothing else. */
export function publicJwk(key: KeyObject): Jwk {
  const jwk = { ...key.export({ format: 'jwk' }) }
  const kty = String(jwk.kty)
  const members = (REQUIRED_MEMBERS.get(kty) ?? []).filter((name) => name !== 'kty')
  return { kty, ...Object.fromEntries(members.map((name) => [name, jwk[name]])) }
}

/** The thumbprint of a JWK of which the kind is in {@link REQUIRED_MEMBERS}. */
export function thumbprintOfJwk(jwk: Jwk, hash: Hash = 'sha256'): string {
  const names = REQUIRED_MEMBERS.get(jwk.kty)
  if (names === undefined) throw new TypeError('thumbprint: the JWK must be of kind EC, OKP or RSA')
  const members = names.map((name) => {
    const value = jwk[name]
    if (typeof value !== 'string') throw new TypeError(`thumbprint: the JWK has no text member "${name}"`)
    return [name, value]
  })
  return encodeBase64url(digest(hash, Buffer.from(JSON.stringify(Object.fromEntries(members)), 'utf8')))
}
