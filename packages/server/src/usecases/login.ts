import { AuthError } from '../domain/errors.ts'
import { encodeId } from '../domain/ids.ts'
import { normalizePassword } from '../domain/password-rules.ts'
import { parseUsername } from '../domain/username.ts'
import type { AccountStore, AccountWithCredential } from '../ports/account-store.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import type { Audit } from './audit.ts'
import type { Caller } from './context.ts'
import type { Grant, Granted, Wish } from './grant.ts'
import type { KnownDevices } from './known-devices.ts'
import type { Logout } from './logout.ts'
import type { OpenSession, SessionTransport, TokenSet } from './open-session.ts'
import type { LoginAttempt, Throttle } from './throttle.ts'

export interface LoginInput extends Wish {
  readonly username: string
  readonly password: string
  readonly transport: SessionTransport
  /** What the browser's own `__Host-csn_b` holds: the session that it names is ended by this log-in. */
  readonly previousBinding: string | undefined
  readonly deviceCookie: string | undefined
  readonly caller: Caller
}

export interface LoggedIn extends TokenSet {
  /** The value of the cookie that makes this device a known one. */
  readonly deviceCookie: string
}

export type Login = (input: LoginInput) => Promise<LoggedIn>

/** What a password check found: the account, and how to say that the check went well. */
export interface Proof {
  readonly account: AccountWithCredential
  readonly attempt: LoginAttempt
}

/**
 * Checks a username and password. An unknown name, a wrong password, a disabled account and an expired one-time password
 * take the same time and give the same answer; what differs is told to the audit log alone.
 *
 * @throws {AuthError} `credentials_invalid`, `rate_limited`, `service_busy`
 */
export type CheckPassword = (
  input: Pick<LoginInput, 'username' | 'password' | 'deviceCookie' | 'caller'>,
) => Promise<Proof>

export function createCheckPassword(dependencies: {
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  readonly throttle: Throttle
  readonly devices: KnownDevices
  readonly audit: Audit
  readonly now: () => number
}): CheckPassword {
  const { accounts, hasher, throttle, devices, audit, now } = dependencies

  return async ({ username, password, deviceCookie, caller }) => {
    const name = parseUsername(username)
    const key = 'key' in name ? name.key : undefined
    const find = async () => (key === undefined ? undefined : await accounts.findByUsername(key))
    // A limit refuses with no hash to hide behind: its time must not tell whether there is such an account. So the store
    // is asked after the limits, but for a device cookie of ours, which only the account can judge.
    const wrote = devices.wrote(deviceCookie)
    const owner = wrote ? await find() : undefined
    const device = owner !== undefined && devices.knows(deviceCookie, owner)
    const attempt = await throttle.login({
      usernameKey: key ?? username,
      address: caller.address,
      device: device ? encodeId(owner.id) : undefined,
      subject: () => find().then((found) => found && encodeId(found.id)),
    })

    let account: AccountWithCredential | undefined
    let match: Awaited<ReturnType<PasswordHasher['verify']>>
    try {
      account = wrote ? owner : await find()
      match = await hasher.verify(normalizePassword(password), account?.credential.passwordHash)
    } catch (error) {
      await attempt.abandoned()
      throw error
    }
    const refusal = whyRefused(account, match, now())
    if (refusal !== undefined || account === undefined) {
      await attempt.failed()
      await audit.record(
        {
          event: 'login.refused',
          result: 'refused',
          // Never the name that was typed: people type their password there.
          subject: account === undefined ? undefined : encodeId(account.id),
          detail: { why: refusal ?? 'unknown' },
        },
        caller,
      )
      throw new AuthError('credentials_invalid')
    }
    if (match === 'match_outdated') await upgrade(account, password)
    return { account, attempt }
  }

  /** Whoever gave the right password gets in, whatever becomes of this: the next log-in tries again. */
  async function upgrade({ id, credential }: AccountWithCredential, password: string): Promise<void> {
    try {
      const stronger = await hasher.hash(normalizePassword(password))
      await accounts.upgradeHash(id, credential.passwordHash, stronger)
    } catch {
      // Busy, or the store is away: then the session cannot be written either, and that is told.
    }
  }
}

function whyRefused(
  account: AccountWithCredential | undefined,
  match: 'match' | 'match_outdated' | 'no_match',
  at: number,
): string | undefined {
  if (account === undefined) return 'unknown'
  if (match === 'no_match') return 'password'
  if (account.disabledAt !== undefined) return 'disabled'
  const until = account.credential.oneTimeUntil
  return until !== undefined && until <= at ? 'one_time_password_expired' : undefined
}

/**
 * Logs somebody in: attempts, then the account, its password, what it may have, and a session.
 *
 * @throws {AuthError} those of {@link CheckPassword}, `password_change_required`, `audience_not_allowed`
 */
export function createLogin(dependencies: {
  readonly checkPassword: CheckPassword
  readonly openSession: OpenSession
  readonly logout: Logout
  readonly devices: KnownDevices
  readonly audit: Audit
  readonly clock: { wall(): number }
  readonly grant: Grant
}): Login {
  const { checkPassword, openSession, logout, devices, audit, clock, grant } = dependencies

  return async (input) => {
    const { caller } = input
    const issuedAt = clock.wall()
    const { account, attempt } = await checkPassword(input)
    await attempt.succeeded()
    const actor = encodeId(account.id)
    // The password was right in each of these, which whoever reads the log must be able to see.
    const refused = (why: string) =>
      audit.record({ event: 'login.refused', result: 'refused', actor, subject: actor, detail: { why } }, caller)
    if (account.credential.oneTimeUntil !== undefined) {
      await refused('one_time_password')
      throw new AuthError('password_change_required')
    }

    let granted: Granted
    try {
      granted = grant.atLogin(account.roles, input)
    } catch (error) {
      await refused('wish')
      throw error
    }
    const opened = await openSession({ account, ...granted, transport: input.transport, issuedAt, caller })
    // The password was changed, or the account disabled, while it was being checked.
    if (opened === undefined) {
      await refused('overtaken')
      throw new AuthError('credentials_invalid')
    }
    if (input.previousBinding !== undefined) await logout.byBinding(input.previousBinding, caller)
    await audit.record(
      {
        event: 'login.succeeded',
        result: 'ok',
        actor,
        subject: encodeId(opened.session.sid),
        detail: { transport: input.transport },
      },
      caller,
    )
    return { ...opened, deviceCookie: devices.remember(account) }
  }
}
