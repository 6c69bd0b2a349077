import { own } from './json.ts'
import type { NamedClaim, Refusal } from './refusals.ts'
import { claimRefusal, refusal } from './refusals.ts'

/** What a verifier expects of a Claims Set. `undefined` stands for a check that the caller gave up by name. */
export interface ClaimExpectations {
  readonly issuer: string | undefined
  readonly audience: readonly string[] | undefined
  readonly required: readonly NamedClaim[]
  /** Allowed clock difference, in seconds. */
  readonly clockTolerance: number
  /** Seconds since `iat`. */
  readonly maxTokenAge: number | undefined
}

/** How far `iat` may lie ahead at least, in seconds: clocks differ, and a token is used at once. */
const MIN_ISSUED_AHEAD = 30

type Claims = Readonly<Record<string, unknown>>

const isText = (value: unknown): boolean => typeof value === 'string'
/** A NumericDate (RFC 7519 §2) that a comparison can trust: `1e999` is Infinity in JavaScript and would never expire. */
const isTime = (value: unknown): boolean => typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER
const isAudience = (value: unknown): boolean =>
  isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText))

/** The form of each registered claim (RFC 7519 §4.1), in the order in which they are looked at. */
const FORMS: readonly (readonly [NamedClaim, (value: unknown) => boolean])[] = [
  ['iss', isText],
  ['sub', isText],
  ['aud', isAudience],
  ['exp', isTime],
  ['nbf', isTime],
  ['iat', isTime],
  ['jti', isText],
]

/**
 * Checks the registered claims, in an order that never changes: missing, malformed, unexpected, and the times last.
 * So "expired" is only said of a token that is otherwise ours (CVE-2024-51744). Gives undefined where all is well.
 */
export function checkClaims(claims: Claims, expected: ClaimExpectations, now: number): Refusal | undefined {
  for (const name of expected.required) {
    // A claim that is null says nothing, so it is absent.
    if ((own(claims, name) ?? null) === null) return claimRefusal('jwt_claim_missing', name)
  }
  for (const [name, hasForm] of FORMS) {
    if (Object.hasOwn(claims, name) && !hasForm(claims[name])) return claimRefusal('jwt_claim_invalid', name)
  }
  if (expected.issuer !== undefined && own(claims, 'iss') !== expected.issuer) {
    return claimRefusal('jwt_claim_mismatch', 'iss')
  }
  if (expected.audience !== undefined && !namesOneOf(own(claims, 'aud'), expected.audience)) {
    return claimRefusal('jwt_claim_mismatch', 'aud')
  }
  return checkTimes(claims, expected, now)
}

function checkTimes(claims: Claims, expected: ClaimExpectations, now: number): Refusal | undefined {
  const { clockTolerance, maxTokenAge } = expected
  const time = (name: NamedClaim): number | undefined => {
    const value = own(claims, name)
    return typeof value === 'number' ? value : undefined
  }
  const notBefore = time('nbf')
  if (notBefore !== undefined && notBefore > now + clockTolerance) return refusal('jwt_not_yet_valid')
  const issuedAt = time('iat')
  if (issuedAt !== undefined) {
    if (issuedAt > now + Math.max(clockTolerance, MIN_ISSUED_AHEAD)) return refusal('jwt_not_yet_valid')
    if (maxTokenAge !== undefined && now - issuedAt > maxTokenAge + clockTolerance) return refusal('jwt_too_old')
  }
  const expiresAt = time('exp')
  // "On or after" (RFC 7519 §4.1.4): at the second itself the token has expired.
  if (expiresAt !== undefined && expiresAt <= now - clockTolerance) return refusal('jwt_expired')
  return undefined
}

/** Exact equality with one of the names: no prefix, no other case, no trailing slash (RFC 7519 §4.1.3). */
function namesOneOf(audience: unknown, names: readonly string[]): boolean {
  return Array.isArray(audience)
    ? audience.some((name) => names.includes(name))
    : names.some((name) => name === audience)
}
