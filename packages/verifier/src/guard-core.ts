import type { Names, Refusal } from '@countersign/jwt'
import { type Auth, isAuth } from './auth.ts'
import type { Authenticator, RequestFacts } from './authenticator.ts'
import { type Answer, answerTo, DEFAULT_REALM } from './challenge.ts'
import { refusalOf, type VerifierErrorCode } from './errors.ts'
import { checkFunction, checkOptionNames, checkText } from './options.ts'
import { systemPlatform } from './platform.ts'
import { type Demand, type Requirement, readRequirement, unmet } from './requirement.ts'

/** Options of every guard. */
export interface GuardOptions {
  /** The `realm` of challenges (RFC 6750 §3): printable ASCII. Default `api`. */
  readonly realm?: string
  /**
   * Told of a fault inside the guard, like a `check` that threw, whose caller only sees a 503. Default: it is written
   * to the console.
   */
  readonly onFault?: (fault: unknown) => void
}

/** The request may pass. `A` includes undefined only for `optionalAuth`: no credentials were sent. */
export interface Admission<A> {
  readonly ok: true
  readonly auth: A
}

/** The request must not pass, and what to answer. */
export interface Rejection {
  readonly ok: false
  readonly refusal: Refusal<VerifierErrorCode>
  readonly answer: Answer
}

/** What every guard does; the adapters only translate. A request is known by its object, `key`. */
export interface GuardCore<C extends object> {
  /** Reads a requirement when a route is made. */
  demand(owner: string, requirement: Requirement<C> | undefined): Demand<C>
  /** Lets a request through that meets the demand. Never rejects. */
  admit(key: object, facts: RequestFacts, demand: Demand<C>): Promise<Admission<Auth<C>> | Rejection>
  /** Lets a request without credentials through as well; one with bad credentials is refused. Never rejects. */
  admitAnyone(key: object, facts: RequestFacts): Promise<Admission<Auth<C> | undefined> | Rejection>
  /**
   * Who is calling.
   *
   * @throws {TypeError} where this guard has let no authenticated request through
   */
  authOf(key: object): Auth<C>
}

/** Visible ASCII and space: what a quoted-string may hold without surprises, so no line can be injected. */
const REALM = /^[\x20-\x7e]+$/

/** Makes the part that all guards share. @throws {TypeError} when there is nothing to authenticate with. */
export function createGuardCore<C extends object>(
  authenticator: Authenticator<C>,
  options: GuardOptions = {},
): GuardCore<C> {
  checkAuthenticator(authenticator)
  const { realm, tell } = readOptions(options)
  const everybody = readRequirement<C>('createGuard', {})

  /** One verification for each request, however many verbs it meets. Forgotten with the request. */
  const asked = new WeakMap<object, Promise<Auth<C> | Refusal<VerifierErrorCode>>>()
  const admitted = new WeakMap<object, Auth<C>>()

  async function admit(key: object, facts: RequestFacts, demand: Demand<C>): Promise<Admission<Auth<C>> | Rejection> {
    try {
      const auth = await authenticateOnce(key, facts)
      if (!auth.ok) return reject(auth, demand)
      const refusal = await unmet(demand, auth)
      if (refusal !== undefined) return reject(refusal, demand)
      admitted.set(key, auth)
      return { ok: true, auth }
    } catch (fault) {
      // Whatever failed, the request has not been proven, so it does not pass.
      tell(fault)
      return reject(refusalOf('guard_failed'), demand)
    }
  }

  async function admitAnyone(key: object, facts: RequestFacts): Promise<Admission<Auth<C> | undefined> | Rejection> {
    const outcome = await admit(key, facts, everybody)
    const isAnonymous = !outcome.ok && outcome.refusal.code === 'credentials_missing'
    return isAnonymous ? { ok: true, auth: undefined } : outcome
  }

  function authenticateOnce(key: object, facts: RequestFacts): Promise<Auth<C> | Refusal<VerifierErrorCode>> {
    const known = asked.get(key)
    if (known !== undefined) return known
    const asking = authenticate(facts)
    asked.set(key, asking)
    return asking
  }

  async function authenticate(facts: RequestFacts): Promise<Auth<C> | Refusal<VerifierErrorCode>> {
    const outcome = await authenticator.authenticate(facts)
    // Only what was proven passes: an object with `ok: true` on it is no proof.
    if (isAuth(outcome) || outcome?.ok === false) return outcome
    throw new TypeError('createGuard: the authenticator gave neither an Auth nor a refusal')
  }

  function reject(refusal: Refusal<VerifierErrorCode>, { scopes }: Demand<C>): Rejection {
    return { ok: false, refusal, answer: answerTo(refusal.code, { realm, scopes }) }
  }

  function authOf(key: object): Auth<C> {
    const auth = admitted.get(key)
    if (auth === undefined)
      throw new TypeError('auth: no guard of this object has let an authenticated request through')
    return auth
  }

  return { demand: readRequirement, admit, admitAnyone, authOf }
}

/** What `requireScope` and `requireRole` ask for, put together with the rest of the requirement. */
export function requirementWith<C extends object>(
  owner: 'requireScope' | 'requireRole',
  names: Names,
  rest: Requirement<C> = {},
): Requirement<C> {
  const name = owner === 'requireScope' ? 'scope' : 'role'
  checkOptionNames(
    owner,
    rest,
    ['scope', 'role', 'check'].filter((allowed) => allowed !== name),
  )
  // Not left to the caller's types: `requireScope(undefined)` would be a route that asks for no scope at all.
  if (names === undefined) throw new TypeError(`${owner}: "${name}" is undefined`)
  return { ...rest, [name]: names }
}

function checkAuthenticator(authenticator: unknown): void {
  const isOne =
    typeof authenticator === 'object' &&
    authenticator !== null &&
    'authenticate' in authenticator &&
    typeof authenticator.authenticate === 'function'
  if (!isOne) throw new TypeError('createGuard: an authenticator is needed, such as createVerifier makes')
}

function readOptions(options: GuardOptions): { realm: string; tell: (fault: unknown) => void } {
  checkOptionNames('createGuard', options, ['realm', 'onFault'])
  const { realm = DEFAULT_REALM, onFault = systemPlatform.reportFault } = options
  if (!REALM.test(checkText('createGuard', 'realm', realm))) {
    throw new TypeError('createGuard: "realm" must be printable ASCII')
  }
  checkFunction('createGuard', 'onFault', onFault)
  return {
    realm,
    tell(fault) {
      try {
        onFault(fault)
      } catch {
        // A listener that fails must not turn a refusal into anything else.
      }
    },
  }
}
