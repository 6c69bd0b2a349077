import { publicJwk, thumbprintOfJwk } from './jwk.ts'
import { type HasPublicHalf, openPublicHalf } from './keys.ts'
import type { Jwk } from './types.ts'

/**
 * The JWK thumbprint (RFC 7638), in base64url: a name for a public key that anybody can compute.
 *
 * Takes a key, or a JWK of kind `EC`, `OKP` or `RSA`, of which only the public members count. A symmetric JWK is
 * refused with a TypeError: its thumbprint would tell about the secret (RFC 7638 §7).
 */
export function thumbprint(key: HasPublicHalf | Jwk, hash: 'sha256' | 'sha384' | 'sha512' = 'sha256'): string {
  if (!['sha256', 'sha384', 'sha512'].includes(hash)) throw new TypeError('thumbprint: the hash is not known')
  const handle = openPublicHalf(key)
  if (handle !== undefined) return thumbprintOfJwk(publicJwk(handle.key), hash)
  if (typeof key !== 'object' || key === null || !('kty' in key)) {
    throw new TypeError('thumbprint: neither a key with a public half nor a JWK')
  }
  return thumbprintOfJwk(key, hash)
}
