import type { AsymmetricAlgorithm, LocalKeys, Names, Refusal, StandardSchema, VerifiedJwt } from '@countersign/jwt'
import { keepingAccessClaims, malformedClaim, scopesOf } from './access-claims.ts'
import { type AccessTokenClaims, type Auth, type NoClaims, proveAuth } from './auth.ts'
import type { Authenticator, RequestFacts } from './authenticator.ts'
import { readBearer } from './credentials.ts'
import { refusalOf, VerifierError, type VerifierErrorCode } from './errors.ts'
import { signalAt } from './expiry.ts'
import { discoveredKeys, type Expectations, type KeySource, localKeys, remoteKeys } from './key-source.ts'
import { checkFunction, checkNames, checkOptionNames, checkText } from './options.ts'
import { type Platform, systemPlatform } from './platform.ts'
import { type Requirement, readRequirement, unmet } from './requirement.ts'

interface CommonOptions<C extends object> {
  /** The issuer, exactly (RFC 7519 §4.1.1). */
  readonly issuer: string
  /** The names that this service answers to: a token must name one of them in `aud` (RFC 7519 §4.1.3). */
  readonly audience: Names
  /** Checks and types the claims beyond those of every access token. Must answer synchronously. */
  readonly claims?: StandardSchema<unknown, C>
  /** Allowed clock difference, in seconds, 0 to 300. Default 5. `iat` may lie max(this, 30) seconds ahead. */
  readonly clockTolerance?: number
  /** How to reach the issuer. Must not follow redirects: its requests say `redirect: 'manual'`. */
  readonly fetch?: (request: Request) => Promise<Response>
  /** Seconds since the epoch. Default: the clock of the machine. */
  readonly clock?: () => number
}

/** Where the keys come from: at hand, or from a JWK Set that is fetched, found by the issuer's metadata (RFC 8414). */
export type KeyOptions =
  | { readonly keys: LocalKeys; readonly jwksUri?: never; readonly algorithms?: never }
  | {
      /** The address of the JWK Set. Default: the `jwks_uri` of the issuer's metadata. */
      readonly jwksUri?: string
      readonly keys?: never
      /** The algorithms that are taken; a key for another is left out. Default: all with a public half. */
      readonly algorithms?: readonly [AsymmetricAlgorithm, ...AsymmetricAlgorithm[]]
    }

/** Options of {@link createVerifier}. */
export type VerifierOptions<C extends object = NoClaims> = CommonOptions<C> & KeyOptions

/** What a verifier knows of itself. */
export interface VerifierStatus {
  /** Whether keys are in hand. */
  readonly ready: boolean
  /** The names of the keys in hand. */
  readonly kids: readonly string[]
}

/** Verifies access tokens. Guards are built on it. */
export interface Verifier<C extends object = NoClaims> extends Authenticator<AccessTokenClaims & C> {
  readonly mode: 'jwt'
  /**
   * Verifies an access token.
   *
   * @throws {VerifierError} every code that has to do with a token or the issuer
   */
  verify(token: string): Promise<Auth<AccessTokenClaims & C>>
  /** Verifies an access token without an exception. */
  tryVerify(token: string): Promise<Auth<AccessTokenClaims & C> | Refusal<VerifierErrorCode>>
  status(): VerifierStatus
}

/**
 * Makes a verifier of access tokens (RFC 9068 §4) for one issuer and the names that this service answers to.
 *
 * The JWK Set is found by the issuer's metadata at the first use, or by `ready()`, unless `jwksUri` or `keys` is given.
 * It is cached, refreshed early in the background, and kept in use while the issuer is down; what cannot be checked is
 * refused with 503. A closed verifier refuses everything.
 *
 * @throws {TypeError} for options that are unknown, missing, empty or contradictory
 */
export function createVerifier<C extends object = NoClaims>(options: VerifierOptions<C>): Verifier<C> {
  return createVerifierOn(systemPlatform, options)
}

/** The same on another platform, for simulated time. */
export function createVerifierOn<C extends object = NoClaims>(
  system: Platform,
  options: VerifierOptions<C>,
): Verifier<C> {
  const closing = new AbortController()
  const { platform, expected, keys } = readOptions(system, options, closing.signal)

  async function tryVerify(token: string): Promise<Auth<AccessTokenClaims & C> | Refusal<VerifierErrorCode>> {
    if (closing.signal.aborted) return refusalOf('issuer_unavailable')
    const jwt = await keys.tryVerify(token)
    return jwt.ok ? prove(jwt) : jwt
  }

  async function verify(token: string): Promise<Auth<AccessTokenClaims & C>> {
    const result = await tryVerify(token)
    if (!result.ok) throw errorOf(result)
    return result
  }

  async function authenticate(request: RequestFacts, requirement?: Requirement<AccessTokenClaims & C>) {
    const demand = readRequirement('authenticate', requirement)
    const token = readBearer(request.header('authorization'))
    if (typeof token !== 'string') return token
    const auth = await tryVerify(token)
    return auth.ok ? ((await unmet(demand, auth)) ?? auth) : auth
  }

  async function ready(): Promise<void> {
    const refusal = closing.signal.aborted ? refusalOf('issuer_unavailable') : await keys.load()
    if (refusal !== undefined) throw errorOf(refusal)
  }

  function prove({ claims }: VerifiedJwt<C>): Auth<AccessTokenClaims & C> | Refusal<VerifierErrorCode> {
    const malformed = malformedClaim(claims)
    if (malformed !== undefined) return malformed
    const known = claims as AccessTokenClaims & C // what was just checked, and what the schema gave
    return proveAuth<AccessTokenClaims & C>({
      subject: known.sub,
      scopes: scopesOf(known.scope),
      roles: new Set(known.roles),
      claims: known,
      // The moment from which on the verifier itself would refuse the token.
      makeSignal: () => signalAt(known.exp + expected.clockTolerance, platform),
    })
  }

  function status(): VerifierStatus {
    const kids = closing.signal.aborted ? undefined : keys.kids()
    return { ready: kids !== undefined, kids: kids ?? [] }
  }

  const close = async (): Promise<void> => closing.abort()

  return Object.freeze({ mode: 'jwt', verify, tryVerify, authenticate, ready, close, status })
}

const OPTIONS = ['issuer', 'audience', 'claims', 'clockTolerance', 'fetch', 'clock', 'keys', 'jwksUri', 'algorithms']

/** Seconds. Hosts that are kept in time by NTP differ by less. */
const DEFAULT_CLOCK_TOLERANCE = 5

interface Setup<C extends object> {
  readonly platform: Platform
  readonly expected: Expectations<C>
  readonly keys: KeySource<C>
}

function readOptions<C extends object>(system: Platform, options: VerifierOptions<C>, closed: AbortSignal): Setup<C> {
  const owner = 'createVerifier'
  checkOptionNames(owner, options, OPTIONS)
  const { keys, jwksUri, algorithms, claims, clock = system.clock, fetch = system.fetch } = options
  checkFunction(owner, 'fetch', fetch)
  checkFunction(owner, 'clock', clock)
  if (keys !== undefined && (jwksUri !== undefined || algorithms !== undefined)) {
    throw new TypeError(`${owner}: "keys" leaves nothing to fetch, so "jwksUri" and "algorithms" contradict it`)
  }

  const platform = { ...system, clock, fetch }
  const expected: Expectations<C> = {
    issuer: checkText(owner, 'issuer', options.issuer),
    audience: checkNames(owner, 'audience', options.audience),
    clockTolerance: options.clockTolerance ?? DEFAULT_CLOCK_TOLERANCE,
    clock,
    ...(claims === undefined ? {} : { claims: keepingAccessClaims(owner, claims) }),
  }
  if (keys !== undefined) return { platform, expected, keys: localKeys(keys, expected) }
  if (jwksUri !== undefined) return { platform, expected, keys: remoteKeys(jwksUri, algorithms, expected, platform) }
  return { platform, expected, keys: discoveredKeys(algorithms, expected, platform, closed) }
}

const errorOf = ({ code, claim }: Refusal<VerifierErrorCode>): VerifierError =>
  new VerifierError(code, claim === undefined ? {} : { claim })
