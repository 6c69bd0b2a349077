import { type AlgorithmRow, algorithmRow } from './algorithms.ts'
import { encodeBase64url } from './base64url.ts'
import { JwtError } from './errors.ts'
import { isJsonObject } from './json.ts'
import { normalizeType } from './jws.ts'
import { type KeyHandle, openSigningKey, type SigningKey } from './keys.ts'
import {
  checkedClock,
  checkFlag,
  checkFunction,
  checkNames,
  checkNumber,
  checkOptionNames,
  checkText,
} from './options.ts'
import { findRefused, isJsonValue } from './payload-rules.ts'
import { systemClock } from './platform.ts'
import { randomBytes } from './primitives.ts'
import { applySchema, checkSchema } from './schema.ts'
import type {
  Algorithm,
  AsymmetricAlgorithm,
  JsonObject,
  Names,
  RegisteredClaims,
  RsaAlgorithm,
  StandardSchema,
} from './types.ts'

export interface SignerOptions<C extends object, T extends string> {
  /** The `iss` of every token. */
  readonly issuer: string
  /** The `aud` of a token that does not state its own: a text for one, a list for several. */
  readonly audience: Names
  /** The kind of token (RFC 8725 §3.11). Default `at+jwt`. */
  readonly typ?: T
  /** Checks and types the claims that are given to `sign`. Must answer synchronously. */
  readonly claims?: StandardSchema<C, unknown>
  /** Seconds since the epoch. Default: the clock of the machine. */
  readonly clock?: () => number
}

/** How long tokens live, in seconds (default 600), or that they never end, which must be said. */
export type Lifetime =
  | { readonly lifetime?: never; readonly allowNoExpiry: true }
  | { readonly lifetime?: number; readonly allowNoExpiry?: never }

/** What is given to `sign`. The signer writes `iss`. */
export type ClaimsToSign<C, T> = C &
  Omit<RegisteredClaims, 'iss'> & { readonly iss?: never } & (T extends 'at+jwt' ? { readonly sub: string } : unknown)

// The second parameter says what kind it signs; `sign` is what depends on it.
export interface JwtSigner<C extends object = JsonObject, T extends string = 'at+jwt'> {
  readonly alg: Algorithm
  readonly kid: string | undefined
  /**
   * Signs the claims, with `iss`, and with `aud`, `iat`, `exp` and `jti` unless they are stated.
   *
   * @throws {JwtError} `jwt_claim_missing`, `jwt_claim_invalid`, `jwt_claims_refused`, `jwt_payload_refused` (a
   * password, a secret, a private key or a card number), `jwt_too_large` (over 4096 bytes)
   */
  sign(claims: ClaimsToSign<C, T>): string
}

export interface AsyncJwtSigner<C extends object = JsonObject, T extends string = 'at+jwt'> {
  readonly alg: Algorithm
  readonly kid: string | undefined
  /** As {@link JwtSigner.sign}, and rejects with `jwt_signing_failed` where the key could not sign. */
  sign(claims: ClaimsToSign<C, T>): Promise<string>
}

/** A key in a KMS or HSM. `sign` gives the signature of RFC 7518 over the input: for ECDSA r ‖ s, not DER. */
export interface ExternalKey {
  readonly alg: AsymmetricAlgorithm
  readonly kid: string
  sign(input: Uint8Array): Promise<Uint8Array>
}

/**
 * Makes a signer. `sign` is synchronous. The header holds `alg`, `typ` and `kid`, all of them from here: no claim and no
 * option can change them.
 */
export function createSigner<C extends object = JsonObject, T extends string = 'at+jwt'>(
  options: SignerOptions<C, T> & Lifetime & { readonly key: SigningKey },
): JwtSigner<C, T> {
  const owner = 'createSigner'
  const plan = readSignerOptions(owner, options)
  const key = openSigningKey(options.key)
  if (key === undefined) throw new TypeError(`${owner}: "key" must be a signing key or a secret of this library`)
  const prefix = encodeHeader(key.row, plan.typ, key.kid)

  function sign(claims: ClaimsToSign<C, T>): string {
    const input = `${prefix}${encodePayload(claims, plan)}`
    return assemble(input, signLocally(key as KeyHandle, input))
  }
  return Object.freeze({ alg: key.row.name, kid: key.kid, sign })
}

/**
 * Makes a signer for keys that have to wait: RSA, which then runs off the event loop, or an {@link ExternalKey}. For
 * every other key {@link createSigner} is faster.
 */
export function createAsyncSigner<C extends object = JsonObject, T extends string = 'at+jwt'>(
  options: SignerOptions<C, T> & Lifetime & { readonly key: SigningKey<RsaAlgorithm> | ExternalKey },
): AsyncJwtSigner<C, T> {
  const owner = 'createAsyncSigner'
  const plan = readSignerOptions(owner, options)
  const { row, kid, signInput } = readAsyncKey(owner, options.key)
  const prefix = encodeHeader(row, plan.typ, kid)

  async function sign(claims: ClaimsToSign<C, T>): Promise<string> {
    const input = `${prefix}${encodePayload(claims, plan)}`
    return assemble(input, await signInput(Buffer.from(input, 'latin1')))
  }
  return Object.freeze({ alg: row.name, kid, sign })
}

/** What every token of a signer has in common, read from the options once. */
interface Plan {
  readonly issuer: string
  readonly audience: string | readonly string[]
  readonly typ: string
  readonly lifetime: number | undefined
  readonly schema: StandardSchema<unknown, object> | undefined
  readonly now: () => number
}

const OPTIONS: readonly string[] = ['key', 'issuer', 'audience', 'typ', 'claims', 'lifetime', 'allowNoExpiry', 'clock']
const DEFAULT_LIFETIME = 600
/** In bytes. A token travels in a header with every request, and proxies refuse headers from 8 kB on. */
const MAX_TOKEN_BYTES = 4096

function readSignerOptions(owner: string, options: { readonly [name: string]: unknown } | object): Plan {
  checkOptionNames(owner, options, OPTIONS)
  const given: Readonly<Record<string, unknown>> = { ...options }
  const [first, ...more] = checkNames(owner, 'audience', given.audience)
  const neverEnds = checkFlag(owner, 'allowNoExpiry', given.allowNoExpiry)
  if (neverEnds && given.lifetime !== undefined) {
    throw new TypeError(`${owner}: "lifetime" and "allowNoExpiry" contradict each other`)
  }
  checkFunction(owner, 'clock', given.clock)
  return {
    issuer: checkText(owner, 'issuer', given.issuer),
    audience: more.length === 0 ? first : [first, ...more],
    typ: checkText(owner, 'typ', given.typ ?? 'at+jwt'),
    lifetime: neverEnds
      ? undefined
      : checkNumber(owner, 'lifetime', given.lifetime ?? DEFAULT_LIFETIME, {
          min: 1,
          max: Number.MAX_SAFE_INTEGER / 2,
          integer: true,
        }),
    schema: checkSchema(owner, given.claims),
    now: checkedClock(owner, (given.clock as (() => number) | undefined) ?? systemClock),
  }
}

function encodeHeader(row: AlgorithmRow, typ: string, kid: string | undefined): string {
  return `${encodeBase64url(JSON.stringify({ alg: row.name, typ, ...(kid === undefined ? {} : { kid }) }))}.`
}

/** The Claims Set as it will be read: complete, of the right form, and without what a token must not carry. */
function encodePayload(claims: object, plan: Plan): string {
  if (!isJsonObject(claims)) throw new JwtError('jwt_claim_invalid')
  for (const [name, value] of Object.entries(claims)) {
    if (name === 'iss' || !(value === undefined || isJsonValue(value))) throw malformed(name, value)
  }
  if (plan.schema !== undefined) {
    const { issues } = applySchema(plan.schema, claims)
    if (issues !== undefined) throw new JwtError('jwt_claims_refused', { issues })
  }
  const payload = completeClaims(claims, plan)
  checkForms(payload, plan.typ)
  const findings = findRefused(payload, { allowNoExpiry: plan.lifetime === undefined })
  if (findings.length > 0) throw new JwtError('jwt_payload_refused', { findings })
  return encodeBase64url(JSON.stringify(payload))
}

/** Says which claim, and what to write where a Date was meant as a time. Never the value. */
function malformed(claim: string, value: unknown): JwtError {
  const hint = value instanceof Date ? { cause: new TypeError('a time is seconds since the epoch, not a Date') } : {}
  return new JwtError('jwt_claim_invalid', { claim, ...hint })
}

function completeClaims(claims: Readonly<Record<string, unknown>>, plan: Plan): Record<string, unknown> {
  const stated = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
  const now = Math.floor(plan.now())
  return {
    iss: plan.issuer,
    aud: plan.audience,
    ...(plan.lifetime === undefined ? {} : { exp: now + plan.lifetime }),
    iat: now,
    ...(Object.hasOwn(stated, 'jti') ? {} : { jti: encodeBase64url(randomBytes(16)) }),
    ...stated,
  }
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const isTime = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
const isAudience = (value: unknown): boolean =>
  isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText))

/** The form in which we write each registered claim: stricter than what RFC 7519 §4.1 lets others write. */
const FORMS: readonly (readonly [string, (value: unknown) => boolean])[] = [
  ['iss', isText],
  ['sub', isText],
  ['aud', isAudience],
  ['exp', isTime],
  ['nbf', isTime],
  ['iat', isTime],
  ['jti', isText],
]

function checkForms(payload: Readonly<Record<string, unknown>>, typ: string): void {
  // RFC 9068 §2.2: an access token without a subject is about nobody.
  if (normalizeType(typ) === 'at+jwt' && !Object.hasOwn(payload, 'sub'))
    throw new JwtError('jwt_claim_missing', { claim: 'sub' })
  for (const [name, hasForm] of FORMS) {
    if (Object.hasOwn(payload, name) && !hasForm(payload[name]))
      throw new JwtError('jwt_claim_invalid', { claim: name })
  }
}

function signLocally(key: KeyHandle, input: string): Uint8Array {
  try {
    return key.row.sign(key.engineKey, Buffer.from(input, 'latin1'))
  } catch (cause) {
    throw new JwtError('jwt_signing_failed', { cause })
  }
}

function assemble(input: string, signature: Uint8Array): string {
  const token = `${input}.${encodeBase64url(signature)}`
  if (token.length > MAX_TOKEN_BYTES) throw new JwtError('jwt_too_large')
  return token
}

interface AsyncKey {
  readonly row: AlgorithmRow
  readonly kid: string | undefined
  readonly signInput: (input: Uint8Array) => Promise<Uint8Array>
}

function readAsyncKey(owner: string, key: unknown): AsyncKey {
  const local = openSigningKey(key)
  if (local !== undefined && local.row.kty === 'RSA') {
    const signInput = (input: Uint8Array): Promise<Uint8Array> => local.row.signAsync(local.engineKey, input)
    return { row: local.row, kid: local.kid, signInput: (input) => signed(signInput, input, local.signatureBytes) }
  }
  if (local !== undefined || !isExternalKey(key)) {
    throw new TypeError(`${owner}: "key" must be an RSA signing key or an external key; for others use createSigner`)
  }
  const row = algorithmRow(owner, key.alg)
  if (row.kty === 'oct') throw new TypeError(`${owner}: an external key is for an algorithm with a public half`)
  const kid = checkText(owner, 'kid', key.kid)
  return {
    row,
    kid,
    signInput: (input) => signed((bytes) => key.sign(bytes), input, EXTERNAL_SIGNATURE_BYTES[row.name]),
  }
}

const isExternalKey = (key: unknown): key is ExternalKey => isJsonObject(key) && typeof key.sign === 'function'

/** The lengths of signatures that do not depend on the key. */
const EXTERNAL_SIGNATURE_BYTES: { readonly [A in Algorithm]?: number } = { ES256: 64, ES384: 96, ES512: 132, EdDSA: 64 }
/** For RSA: 2048 bits and up. */
const MIN_RSA_SIGNATURE_BYTES = 256

/** A key that fails, or gives what is no signature, has not signed: a DER form from a KMS is caught here. */
async function signed(
  sign: (input: Uint8Array) => Promise<Uint8Array>,
  input: Uint8Array,
  size: number | undefined,
): Promise<Uint8Array> {
  let signature: unknown
  try {
    signature = await sign(input)
  } catch (cause) {
    throw new JwtError('jwt_signing_failed', { cause })
  }
  if (!(signature instanceof Uint8Array)) throw new JwtError('jwt_signing_failed')
  const fits = size === undefined ? signature.length >= MIN_RSA_SIGNATURE_BYTES : signature.length === size
  if (!fits) throw new JwtError('jwt_signing_failed')
  return signature
}
