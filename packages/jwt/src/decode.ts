import { JwtError } from './errors.ts'
import { deepFreeze, parseJsonObject } from './json.ts'
import { parseJws } from './jws.ts'
import type { UnknownClaims } from './types.ts'

declare const unverified: unique symbol

/** What stands in a token that nobody has verified. Anybody can have written it. */
export interface UnverifiedJwt {
  readonly header: UnknownClaims
  readonly unverifiedClaims: UnknownClaims
  readonly [unverified]: true
}

/** In characters. More than a verifier takes, so that a token that was refused for its size can be looked at. */
const MAX_DECODED_LENGTH = 65_536

/**
 * Reads a token without verifying it: for looking, never for deciding. The result fits nothing that asks for verified
 * claims. As strict in form as a verifier.
 *
 * @throws {JwtError} `jwt_too_large` (over 65,536 characters), `jwt_malformed`, `jwt_header_invalid`,
 * `jwt_payload_invalid`
 */
export function decode(token: string): UnverifiedJwt {
  const jws = parseJws(token, MAX_DECODED_LENGTH)
  if (typeof jws === 'string') throw new JwtError(jws)
  const unverifiedClaims = parseJsonObject(jws.payload)
  if (unverifiedClaims === undefined) throw new JwtError('jwt_payload_invalid')
  const jwt: object = deepFreeze({ header: jws.header, unverifiedClaims })
  return jwt as UnverifiedJwt
}
