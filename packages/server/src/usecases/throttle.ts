import { createHmac, createSecretKey } from 'node:crypto'
import { addressBuckets, parseAddress } from '../domain/address.ts'
import { AuthError, type Subject } from '../domain/errors.ts'
import type { Allowance, AttemptStore, FailurePolicy, RateLimit } from '../ports/attempt-store.ts'

/** How much of everything is allowed. Times in milliseconds. */
export interface ThrottleFigures {
  /** Wrong passwords of one account, or of one known device. */
  readonly failures: FailurePolicy
  /** Log-ins of one address, and of the known devices of one account. */
  readonly logins: RateLimit
  /** Registrations of one address. */
  readonly registrations: RateLimit
  /** Refreshes of one session. */
  readonly refreshes: RateLimit
  /** How many times the limit of one address a /48 of IPv6 gets. */
  readonly networkFactor: number
}

/**
 * Five wrong passwords are free, since people mistype; then the wait doubles from one second to 15 minutes. From the
 * sixteenth on it is one try in 15 minutes, which is also what NIST SP 800-63B-4 §3.2.2 asks for after a hundred.
 */
export const THROTTLE_FIGURES: ThrottleFigures = {
  failures: { free: 5, firstDelay: 1_000, maxDelay: 15 * 60_000 },
  logins: { limit: 20, period: 60_000 },
  registrations: { limit: 5, period: 60 * 60_000 },
  refreshes: { limit: 30, period: 60_000 },
  networkFactor: 5,
}

/** A password about to be checked. Say what came of it once. */
export interface LoginAttempt {
  /** The password was right: the failures of this account, or of this device, are forgotten; those of others stay. */
  succeeded(): Promise<void>
  /** It was wrong. The failure already counts: it did from the moment the attempt was allowed. */
  failed(): Promise<void>
  /** No verdict came, because the check could not be made: it counts as if it had never been tried. */
  abandoned(): Promise<void>
}

/** Who tries to log in. */
export interface LoginClaim {
  /** The mapped username, or the text that was sent where it is none. Unknown ones count like known ones. */
  readonly usernameKey: string
  /**
   * The client's address. Where nobody told it there is no limit by address: one that all clients share would let each of
   * them lock out all the others. What was told and is no address shares the limit of one.
   */
  readonly address: string | undefined
  /** The id that the valid device cookie of this very account names; absent on any other device. */
  readonly device?: string | undefined
  /** The id of the account, where there is one: for the audit log alone. */
  readonly subject?: Subject | undefined
}

/** Who gives a current password to have it changed. */
export interface ChangeClaim {
  readonly accountId: string
  readonly address: string | undefined
  readonly device?: string | undefined
}

/**
 * How often things may be tried. Every method throws `AuthError` `rate_limited` with `retryAfter` when it is too often;
 * its reason is the name of the limit.
 * Nothing here tells a known account from an unknown one.
 */
export interface Throttle {
  /**
   * A known device has limits of its own, so that nobody can lock the owner out from elsewhere; neither the account's
   * failures nor the address's limit touch it.
   */
  login(attempt: LoginClaim): Promise<LoginAttempt>
  /** The current password in a password change: a stolen access token must not be an oracle for it. */
  passwordChange(attempt: ChangeClaim): Promise<LoginAttempt>
  registration(address: string | undefined): Promise<void>
  refresh(sid: string): Promise<void>
}

export interface ThrottleDependencies {
  readonly attempts: AttemptStore
  /** What keys are made with: a counter names no person. 32 bytes, derived for this alone. */
  readonly identKey: Uint8Array
  readonly figures?: ThrottleFigures
  /** `false` allows everything. Only in development. */
  readonly enabled?: boolean
}

export function createThrottle({
  attempts,
  identKey,
  figures = THROTTLE_FIGURES,
  enabled = true,
}: ThrottleDependencies): Throttle {
  if (!enabled) return UNLIMITED
  const macKey = createSecretKey(identKey)

  async function login({ usernameKey, address, device, subject }: LoginClaim): Promise<LoginAttempt> {
    return await attempt('login', usernameKey, { address, device, subject })
  }

  async function passwordChange({ accountId, address, device }: ChangeClaim): Promise<LoginAttempt> {
    return await attempt('change', accountId, { address, device, subject: accountId })
  }

  async function attempt(
    what: 'login' | 'change',
    account: string,
    { address, device, subject }: Pick<LoginClaim, 'address' | 'device' | 'subject'>,
  ): Promise<LoginAttempt> {
    if (device === undefined) {
      await take('login-address', addressLimits('login-address', address, figures.logins), subject)
      return await claim(what, account, subject)
    }
    // Counted per account and not per device: whoever can log in can gather as many device cookies as he likes.
    await take(`${what}-devices`, [{ key: key(`${what}-devices`, account), limit: figures.logins }], subject)
    return await claim(`${what}-device`, `${account}\0${device}`, subject)
  }

  async function registration(address: string | undefined): Promise<void> {
    await take('register-address', addressLimits('register-address', address, figures.registrations))
  }

  async function refresh(sid: string): Promise<void> {
    await take('refresh', [{ key: key('refresh', sid), limit: figures.refreshes }], sid)
  }

  async function take(limit: string, limits: Parameters<AttemptStore['take']>[0], subject?: Subject): Promise<void> {
    demand(await attempts.take(limits), limit, subject)
  }

  // The claim counts as a failure until the password proved right, so that a hundred checks at one instant cannot all
  // begin before the first has failed.
  async function claim(what: string, whose: string, subject: Subject | undefined): Promise<LoginAttempt> {
    const name = key(what, whose)
    demand(await attempts.claim(name, figures.failures), what, subject)
    return {
      succeeded: () => attempts.clear(name),
      failed: async () => {},
      abandoned: () => attempts.release(name),
    }
  }

  function addressLimits(what: string, text: string | undefined, limit: RateLimit) {
    if (text === undefined) return []
    const address = parseAddress(text)
    if (address === undefined) return [{ key: key(what, 'no address'), limit }]
    const { host, network } = addressBuckets(address)
    const own = { key: key(what, host), limit }
    if (network === undefined) return [own]
    const wide = { limit: limit.limit * figures.networkFactor, period: limit.period }
    return [own, { key: key(`${what}-network`, network), limit: wide }]
  }

  function key(what: string, whose: string): string {
    const mac = createHmac('sha256', macKey).update(`${what}\0${whose}`, 'utf8').digest('base64url')
    return `${what}:${mac.slice(0, 22)}`
  }

  return { login, passwordChange, registration, refresh }
}

function demand({ allowed, retryAfter }: Allowance, limit: string, subject: Subject | undefined): void {
  if (allowed) return
  throw new AuthError('rate_limited', { retryAfter: Math.max(1, Math.ceil(retryAfter)), reason: limit, subject })
}

const FREE: LoginAttempt = {
  succeeded: async () => {},
  failed: async () => {},
  abandoned: async () => {},
}

const UNLIMITED: Throttle = {
  login: async () => FREE,
  passwordChange: async () => FREE,
  registration: async () => {},
  refresh: async () => {},
}
