import { findAlgorithm } from './algorithms.ts'
import type { JwtVerifyErrorCode } from './errors.ts'
import type { ParsedHeader } from './jws.ts'
import type { KeyHandle } from './keys.ts'

/** The keys of one verifier, of which a header finds at most one. */
export interface KeyRing {
  find(header: ParsedHeader): KeyHandle | Extract<JwtVerifyErrorCode, 'jwt_key_not_found' | 'jwt_algorithm_mismatch'>
}

/**
 * The keys, by `kid`.
 *
 * A `kid` finds the keys of that name or, where there are none, those that have no name; without a `kid` every key may
 * be meant. Among these exactly one must be for the token's algorithm: two that fit are no choice to be left to the
 * token, and no second key is ever tried (RFC 7515 §4.1.4, RFC 7517 §4.5).
 */
export function createKeyRing(keys: readonly KeyHandle[]): KeyRing {
  const named = new Map<string, KeyHandle[]>()
  const nameless: KeyHandle[] = []
  for (const key of keys) {
    const sameName = key.kid === undefined ? nameless : named.get(key.kid)
    if (sameName === undefined) named.set(String(key.kid), [key])
    else sameName.push(key)
  }

  function find(header: ParsedHeader): ReturnType<KeyRing['find']> {
    const meant = header.kid === undefined ? keys : (named.get(header.kid) ?? nameless)
    const row = findAlgorithm(header.alg)
    const fitting = meant.filter((key) => key.row === row)
    const [only] = fitting
    if (only !== undefined) return fitting.length === 1 ? only : 'jwt_key_not_found'
    // Where the token says which key it means, or there is one, it is the algorithm that is wrong.
    const isKnown = meant.length === 1 || (meant.length > 1 && header.kid !== undefined)
    return isKnown ? 'jwt_algorithm_mismatch' : 'jwt_key_not_found'
  }
  return { find }
}
