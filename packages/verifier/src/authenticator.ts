import type { Refusal } from '@countersign/jwt'
import type { Auth, NoClaims } from './auth.ts'
import type { VerifierErrorCode } from './errors.ts'
import type { Requirement } from './requirement.ts'

/** What an authenticator may know of a request. */
export interface RequestFacts {
  readonly method: string
  readonly url: string
  /**
   * The value of a header, whatever the case of its name. Lines that came several times are joined by `, `, as
   * `Headers.get` does, so that a header that was sent twice can be told from one that was not.
   */
  header(name: string): string | undefined
}

/** What guards are built on: it reads the credentials of a request and says who is calling. */
export interface Authenticator<C extends object = NoClaims> {
  readonly mode: Auth['mode']
  /** Who is calling, or why that is not known. Never rejects because of what the request holds. */
  authenticate(request: RequestFacts, requirement?: Requirement<C>): Promise<Auth<C> | Refusal<VerifierErrorCode>>
  /**
   * Resolves when requests can be answered.
   *
   * @throws {VerifierError} when the set-up is wrong or the issuer cannot be reached. May be asked again.
   */
  ready(): Promise<void>
  /** Ends what runs in the background. */
  close(): Promise<void>
}

/** The claims of whom an authenticator proves. */
export type ClaimsOf<X> = X extends Authenticator<infer C> ? C : never
