import type { JsonWebKey } from 'node:crypto'

/** The algorithms that are compared. */
export const ALGORITHMS = ['HS256', 'RS256', 'ES256', 'EdDSA'] as const
export type BenchedAlgorithm = (typeof ALGORITHMS)[number]

/** What every contender gets. */
export interface Setup {
  readonly keys: Readonly<Record<BenchedAlgorithm, KeyPair>>
  /** 512 different Claims Sets without `iss`, `aud`, `iat` and `exp`. */
  readonly claims: readonly BenchedClaims[]
  /** A token for each Claims Set, by algorithm. */
  readonly tokens: Readonly<Record<BenchedAlgorithm, readonly string[]>>
}

/** JWKs. For an HMAC secret both are the same. */
export interface KeyPair {
  readonly kid: string
  readonly privateJwk: JsonWebKey
  readonly publicJwk: JsonWebKey
}

export interface BenchedClaims {
  readonly sub: string
  readonly jti: string
  readonly client_id: string
  readonly scope: string
  readonly roles: readonly string[]
  readonly sid: string
  readonly ver: number
}

export const ISSUER = 'https://auth.example.com'
export const AUDIENCE = 'https://api.example.com'
export const TYP = 'at+jwt'
/** Seconds. */
export const LIFETIME = 600

/**
 * Tokens as an HTTP parser makes them: flat strings, one byte a character, whose hash nobody has computed yet. The same
 * string verified again and again would flatter every cache.
 */
export function createFreshTokens(tokens: readonly string[]): (count: number) => string[] {
  const bytes = tokens.map((token) => Buffer.from(token, 'latin1'))
  let next = 0
  return (count) => Array.from({ length: count }, () => bytes[next++ % bytes.length]?.toString('latin1') ?? '')
}

/** A copy of a Claims Set for each call, so that nothing can be remembered of the object. */
export function createFreshClaims(claims: readonly BenchedClaims[]): (count: number) => BenchedClaims[] {
  let next = 0
  return (count) => Array.from({ length: count }, () => ({ ...(claims[next++ % claims.length] as BenchedClaims) }))
}

/** One character of the signature is another: what has to be verified to be refused. */
export function broken(token: string): string {
  const at = token.length - 20
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

/** Runs promises 32 at a time: an asynchronous library at its best. */
export async function inFlight<T>(values: readonly T[], act: (value: T) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < values.length; i += 32) await Promise.all(values.slice(i, i + 32).map(act))
}
