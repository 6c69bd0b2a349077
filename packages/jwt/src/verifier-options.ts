import type { ClaimExpectations } from './claims.ts'
import { type JwkSet, openJwkSet } from './jwk-set.ts'
import { normalizeType } from './jws.ts'
import { createKeyRing, type KeyRing } from './key-ring.ts'
import { openPrivateKey, openVerificationKey, type VerificationKey } from './keys.ts'
import {
  checkedClock,
  checkFlag,
  checkFunction,
  checkNames,
  checkNumber,
  checkOptionNames,
  checkText,
} from './options.ts'
import { systemClock } from './platform.ts'
import type { NamedClaim } from './refusals.ts'
import { checkSchema } from './schema.ts'
import type { Names, StandardSchema, UnknownClaims } from './types.ts'

/** Says, in place of an expectation, that {@link createLenientVerifier} does not check it. */
export const unchecked: unique symbol = Symbol('unchecked')

/** Keys at hand: one, several of which the `kid` chooses, or a JWK Set. */
export type LocalKeys = VerificationKey | readonly [VerificationKey, ...VerificationKey[]] | JwkSet

export interface VerifierOptions<C extends object = UnknownClaims, T extends string = 'at+jwt', K = LocalKeys> {
  /** The keys. Each knows its algorithm; a token never chooses one. */
  readonly keys: K
  /** The issuer, exactly (RFC 7519 §4.1.1). One, so that the keys of two never meet. */
  readonly issuer: string
  /** The names that this service answers to: `aud` must hold one of them, exactly (RFC 7519 §4.1.3). */
  readonly audience: Names
  /** The kind of token (RFC 8725 §3.11). Default `at+jwt`: every other kind is named. */
  readonly typ?: T
  /** Checks and types the claims beyond the registered ones. Must answer synchronously. */
  readonly claims?: StandardSchema<unknown, C>
  /** Allowed clock difference, in seconds, at most 300. Default 0. `iat` may lie max(this, 30) seconds ahead. */
  readonly clockTolerance?: number
  /** How long ago the token may have been issued, in seconds. `iat` is then required. */
  readonly maxTokenAge?: number
  /** In characters. Default 8192. */
  readonly maxTokenLength?: number
  /** Seconds since the epoch. Default: the clock of the machine. */
  readonly clock?: () => number
}

export interface LenientVerifierOptions<C extends object = UnknownClaims>
  extends Omit<VerifierOptions<C>, 'issuer' | 'audience' | 'typ'> {
  readonly issuer: string | typeof unchecked
  readonly audience: Names | typeof unchecked
  readonly typ: string | typeof unchecked
  /** Takes tokens without `exp`, which never end. One that is there still counts. */
  readonly allowNoExpiry?: true
}

/** What every verifier asks of a token, read from its options once. */
export interface Checks {
  readonly typ: string | undefined
  /** What `typ` is compared with. */
  readonly normalizedTyp: string | undefined
  readonly claims: ClaimExpectations
  readonly schema: StandardSchema<unknown, object> | undefined
  readonly maxTokenLength: number
  readonly now: () => number
}

export const STRICT_OPTIONS: readonly string[] = [
  'keys',
  'issuer',
  'audience',
  'typ',
  'claims',
  'clockTolerance',
  'maxTokenAge',
  'maxTokenLength',
  'clock',
]
export const LENIENT_OPTIONS: readonly string[] = [...STRICT_OPTIONS, 'allowNoExpiry']

const DEFAULT_MAX_TOKEN_LENGTH = 8192
const MAX_CLOCK_TOLERANCE = 300

/** Any options of any verifier, before they have been checked. */
type AnyOptions = {
  readonly [K in keyof (VerifierOptions & LenientVerifierOptions)]?: unknown
}

/**
 * Reads the options of a verifier once. A check that the caller did not give up by name is there: an expectation that
 * is missing, empty or of another type is a TypeError now, and never a check that passes.
 */
export function readVerifierOptions(owner: string, options: AnyOptions, allowed: readonly string[]): Checks {
  checkOptionNames(owner, options, allowed)
  const isLenient = allowed === LENIENT_OPTIONS
  const isGivenUp = (value: unknown): boolean => isLenient && value === unchecked

  const issuer = isGivenUp(options.issuer) ? undefined : checkText(owner, 'issuer', options.issuer)
  const audience = isGivenUp(options.audience) ? undefined : checkNames(owner, 'audience', options.audience)
  const givenTyp = options.typ === undefined && !isLenient ? 'at+jwt' : options.typ
  const typ = isGivenUp(givenTyp) ? undefined : checkText(owner, 'typ', givenTyp)
  const normalizedTyp = typ === undefined ? undefined : normalizeType(typ)

  const maxTokenAge =
    options.maxTokenAge === undefined
      ? undefined
      : checkNumber(owner, 'maxTokenAge', options.maxTokenAge, { min: 1, max: Number.MAX_SAFE_INTEGER })
  const required: [NamedClaim, boolean][] = [
    ['iss', issuer !== undefined],
    ['sub', normalizedTyp === 'at+jwt'], // RFC 9068 §2.2
    ['aud', audience !== undefined],
    ['exp', !checkFlag(owner, 'allowNoExpiry', options.allowNoExpiry)],
    ['iat', maxTokenAge !== undefined],
  ]
  checkFunction(owner, 'clock', options.clock)

  return {
    typ: isLenient ? undefined : typ,
    normalizedTyp,
    claims: {
      issuer,
      audience,
      required: required.filter(([, isRequired]) => isRequired).map(([name]) => name),
      clockTolerance: checkNumber(owner, 'clockTolerance', options.clockTolerance ?? 0, {
        min: 0,
        max: MAX_CLOCK_TOLERANCE,
      }),
      maxTokenAge,
    },
    schema: checkSchema(owner, options.claims),
    maxTokenLength: checkNumber(owner, 'maxTokenLength', options.maxTokenLength ?? DEFAULT_MAX_TOKEN_LENGTH, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      integer: true,
    }),
    now: checkedClock(owner, (options.clock as (() => number) | undefined) ?? systemClock),
  }
}

/** The keys at hand as one ring. Whatever is not a typed key is refused: a bare text or buffer is none. */
export function readLocalKeys(owner: string, keys: unknown): KeyRing {
  const set = openJwkSet(keys)
  if (set !== undefined) return set
  const list: readonly unknown[] = Array.isArray(keys) ? keys : [keys]
  if (list.length === 0) throw new TypeError(`${owner}: "keys" must hold at least one key`)
  return createKeyRing(
    list.map((key) => {
      const handle = openVerificationKey(key)
      if (handle !== undefined) return handle
      const hint = openPrivateKey(key) === undefined ? '' : '; of a signing key take its "verificationKey"'
      throw new TypeError(`${owner}: "keys" must be verification keys, secrets or a JWK Set of this library${hint}`)
    }),
  )
}
