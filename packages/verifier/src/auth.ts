import type { RequiredClaims } from '@countersign/jwt'

/** No claims beyond those that are known. */
export type NoClaims = Record<never, never>

/** Marks what a guard has proven. Not exported, so nobody can write an {@link Auth} by hand. */
declare const authenticated: unique symbol

/**
 * Who is calling, proven. The same in all modes.
 *
 * Only an authenticator of this package makes one: the result of `decode`, of a JWT library or an object literal does
 * not fit, by type and at run time. It is frozen.
 */
export interface Auth<C extends object = NoClaims> {
  readonly ok: true
  /** How the caller was authenticated. */
  readonly mode: 'jwt'
  /** The `sub` of the token. */
  readonly subject: string
  /** The scopes of the token (RFC 6749 §3.3), without order. */
  readonly scopes: ReadonlySet<string>
  readonly roles: ReadonlySet<string>
  readonly claims: Readonly<C>
  /**
   * Aborts when the token expires, for whatever outlives the request: a WebSocket, a stream of events. Made when first
   * read; whoever never reads it has no timer.
   */
  readonly signal: AbortSignal
  readonly [authenticated]: true
}

/** The claims of an access token (RFC 9068 §2.2 and those of the service), checked to be of these types. */
export type AccessTokenClaims = RequiredClaims<'at+jwt'> & {
  /** Seconds since the epoch. */
  readonly iat?: number
  /** Seconds since the epoch. */
  readonly nbf?: number
  readonly jti?: string
  readonly client_id?: string
  /** Scopes, separated by single spaces. */
  readonly scope?: string
  readonly roles?: readonly string[]
  /** The session. */
  readonly sid?: string
  /** The account's token version. */
  readonly ver?: number
}

/** What is proven, before it is an {@link Auth}. */
interface Proven<C extends object> {
  readonly subject: string
  readonly scopes: ReadonlySet<string>
  readonly roles: ReadonlySet<string>
  readonly claims: Readonly<C>
  readonly makeSignal: () => AbortSignal
}

class ProvenAuth<C extends object> implements Auth<C> {
  declare readonly [authenticated]: true
  readonly ok = true
  readonly mode = 'jwt'
  readonly subject: string
  readonly scopes: ReadonlySet<string>
  readonly roles: ReadonlySet<string>
  readonly claims: Readonly<C>
  readonly #makeSignal: () => AbortSignal
  #signal: AbortSignal | undefined

  constructor(proven: Proven<C>) {
    this.subject = proven.subject
    this.scopes = proven.scopes
    this.roles = proven.roles
    this.claims = proven.claims
    this.#makeSignal = proven.makeSignal
    Object.freeze(this)
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#makeSignal()
    return this.#signal
  }

  static isAuth(value: object): boolean {
    return #signal in value
  }
}

/** Makes the proof that an authenticator hands out. */
export const proveAuth = <C extends object>(proven: Proven<C>): Auth<C> => new ProvenAuth(proven)

/** True for what {@link proveAuth} made, and for nothing that merely has the same members. */
export const isAuth = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ProvenAuth.isAuth(value)
