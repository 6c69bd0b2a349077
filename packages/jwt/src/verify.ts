import { checkClaims } from './claims.ts'
import { JwtError, type JwtVerifyErrorCode } from './errors.ts'
import { deepFreeze, parseJsonObject } from './json.ts'
import { normalizeType, type ParsedJws, parseJws, verifySignature } from './jws.ts'
import type { KeyRing } from './key-ring.ts'
import type { KeyHandle } from './keys.ts'
import { type Refusal, refusal, type SchemaRefusal } from './refusals.ts'
import { openRemoteJwkSet, type RemoteJwkSet } from './remote-jwk-set.ts'
import { applySchema } from './schema.ts'
import type { JwtHeader, RegisteredClaims, RequiredClaims, UnknownClaims } from './types.ts'
import {
  type Checks,
  LENIENT_OPTIONS,
  type LenientVerifierOptions,
  readLocalKeys,
  readVerifierOptions,
  STRICT_OPTIONS,
  type VerifierOptions,
} from './verifier-options.ts'

declare const verified: unique symbol
declare const lenient: unique symbol

/** A token that has passed every check. Nothing but a verifier makes one. Frozen, with all that it holds. */
// biome-ignore lint/complexity/noBannedTypes: `{}` adds no claim, where `object` would forbid reading the others
export interface VerifiedJwt<C extends object = {}, T extends string = 'at+jwt'> {
  readonly ok: true
  readonly typ: T
  readonly header: JwtHeader
  readonly claims: RequiredClaims<T> & RegisteredClaims & Readonly<C>
  readonly [verified]: T
}

export interface JwtVerifier<C extends object = UnknownClaims, T extends string = 'at+jwt'> {
  /** Verifies a token. @throws {JwtError} any {@link JwtVerifyErrorCode} */
  verify(token: string): VerifiedJwt<C, T>
  /** Verifies a token without an exception. */
  tryVerify(token: string): VerifiedJwt<C, T> | Refusal
}

export interface AsyncJwtVerifier<C extends object = UnknownClaims, T extends string = 'at+jwt'> {
  /** Verifies a token. Rejects with a {@link JwtError} of any {@link JwtVerifyErrorCode}. */
  verify(token: string): Promise<VerifiedJwt<C, T>>
  /** Verifies a token without an exception. */
  tryVerify(token: string): Promise<VerifiedJwt<C, T> | Refusal>
}

/** A token that has passed the checks that were asked for. Nothing that wants a {@link VerifiedJwt} takes it. */
// biome-ignore lint/complexity/noBannedTypes: as for VerifiedJwt
export interface LenientJwt<C extends object = {}> {
  readonly ok: true
  readonly header: JwtHeader
  readonly claims: RegisteredClaims & Readonly<C>
  readonly [lenient]: true
}

export interface LenientVerifier<C extends object = UnknownClaims> {
  /** Verifies a token. @throws {JwtError} any {@link JwtVerifyErrorCode} */
  verify(token: string): LenientJwt<C>
  /** Verifies a token without an exception. */
  tryVerify(token: string): LenientJwt<C> | Refusal
}

/**
 * Makes a verifier of keys at hand. `verify` and `tryVerify` are synchronous.
 *
 * Refused: a token that is not three parts of canonical base64url, an `alg` that is not the key's, any `crit`, a missing
 * or wrong `iss`, `aud`, `exp` or `typ`, for an access token a missing `sub` (RFC 9068 §4), and an `nbf` or `iat` that
 * lies ahead. The signature is verified before the payload is read. Options that are unknown, missing or empty are a
 * TypeError here.
 */
export function createVerifier<C extends object = UnknownClaims, T extends string = 'at+jwt'>(
  options: VerifierOptions<C, T>,
): JwtVerifier<C, T> {
  const checks = readVerifierOptions('createVerifier', options, STRICT_OPTIONS)
  const ring = readLocalKeys('createVerifier', options.keys)

  function tryVerify(token: string): VerifiedJwt<C, T> | Refusal {
    return verifyLocally(token, ring, checks) as VerifiedJwt<C, T> | Refusal
  }
  const verify = (token: string): VerifiedJwt<C, T> => accepted(tryVerify(token))
  return Object.freeze({ verify, tryVerify })
}

/**
 * Makes a verifier over a JWK Set that is fetched. As {@link createVerifier}, but it may have to wait: for the first
 * fetch, for a `kid` not seen before, and for a set past its age.
 */
export function createAsyncVerifier<C extends object = UnknownClaims, T extends string = 'at+jwt'>(
  options: VerifierOptions<C, T, RemoteJwkSet>,
): AsyncJwtVerifier<C, T> {
  const checks = readVerifierOptions('createAsyncVerifier', options, STRICT_OPTIONS)
  const keys = openRemoteJwkSet(options.keys)
  if (keys === undefined) {
    throw new TypeError('createAsyncVerifier: "keys" must be a remote JWK Set; keys at hand belong in createVerifier')
  }

  async function tryVerify(token: string): Promise<VerifiedJwt<C, T> | Refusal> {
    const jws = parseToken(token, checks)
    if (typeof jws === 'string') return refusal(jws)
    const key = await keys?.findKey(jws.header)
    if (key === undefined || typeof key === 'string') return refusal(key ?? 'jwk_set_unavailable')
    return verifyParsed(jws, key, checks) as VerifiedJwt<C, T> | Refusal
  }
  const verify = async (token: string): Promise<VerifiedJwt<C, T>> => accepted(await tryVerify(token))
  return Object.freeze({ verify, tryVerify })
}

/**
 * The other door, for tokens of others that lack what RFC 9068 demands: each check that is left out is said, by
 * {@link unchecked} or `allowNoExpiry`. Everything else is as strict as in {@link createVerifier}.
 */
export function createLenientVerifier<C extends object = UnknownClaims>(
  options: LenientVerifierOptions<C>,
): LenientVerifier<C> {
  const checks = readVerifierOptions('createLenientVerifier', options, LENIENT_OPTIONS)
  const ring = readLocalKeys('createLenientVerifier', options.keys)

  function tryVerify(token: string): LenientJwt<C> | Refusal {
    return verifyLocally(token, ring, checks) as LenientJwt<C> | Refusal
  }
  const verify = (token: string): LenientJwt<C> => accepted(tryVerify(token))
  return Object.freeze({ verify, tryVerify })
}

/** A token that was accepted, before the caller's types are put on it. */
interface Accepted {
  readonly ok: true
  readonly typ?: string
  readonly header: JwtHeader
  readonly claims: UnknownClaims
}

/** The story: form, header, kind, key, signature, payload, claims. */
function verifyLocally(token: string, ring: KeyRing, checks: Checks): Accepted | Refusal | SchemaRefusal {
  const jws = parseToken(token, checks)
  if (typeof jws === 'string') return refusal(jws)
  const key = ring.find(jws.header)
  if (typeof key === 'string') return refusal(key)
  return verifyParsed(jws, key, checks)
}

function parseToken(token: string, checks: Checks): ParsedJws | JwtVerifyErrorCode {
  const jws = parseJws(token, checks.maxTokenLength)
  if (typeof jws === 'string') return jws
  if (jws.payload.length === 0) return 'jwt_malformed'
  const { typ } = jws.header
  const isRightKind =
    checks.normalizedTyp === undefined || (typ !== undefined && normalizeType(typ) === checks.normalizedTyp)
  return isRightKind ? jws : 'jwt_type_mismatch'
}

function verifyParsed(jws: ParsedJws, key: KeyHandle, checks: Checks): Accepted | Refusal | SchemaRefusal {
  // The signature before the payload: nobody but the issuer makes us parse anything (RFC 8725 §3.3).
  if (!verifySignature(jws, key)) return refusal('jwt_signature_invalid')

  const payload = parseJsonObject(jws.payload)
  if (payload === undefined) return refusal('jwt_payload_invalid')
  const refused = checkClaims(payload, checks.claims, checks.now())
  if (refused !== undefined) return refused
  const { claims, issues } = checks.schema === undefined ? { claims: payload } : applySchema(checks.schema, payload)
  if (issues !== undefined) return deepFreeze({ ok: false, code: 'jwt_claims_refused', issues })

  const header = jws.header as JwtHeader
  return deepFreeze(
    checks.typ === undefined ? { ok: true, header, claims } : { ok: true, typ: checks.typ, header, claims },
  )
}

/** Throws a refusal as an error. */
function accepted<A extends { readonly ok: true }>(result: A | Refusal | SchemaRefusal): A {
  if (result.ok) return result
  const { code, ...details } = result
  throw new JwtError(code, details)
}
