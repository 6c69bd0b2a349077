import { AuthError } from '../domain/errors.ts'
import { encodeId } from '../domain/ids.ts'
import { checkPassword as checkRules, normalizePassword } from '../domain/password-rules.ts'
import type { AccountStore, AccountWithCredential } from '../ports/account-store.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import type { Audit } from './audit.ts'
import type { Bearer } from './bearer.ts'
import type { Caller } from './context.ts'
import type { Grant, Wish } from './grant.ts'
import type { KnownDevices } from './known-devices.ts'
import type { CheckPassword, LoggedIn } from './login.ts'
import type { Logout } from './logout.ts'
import type { OpenSession, SessionTransport } from './open-session.ts'
import type { Throttle } from './throttle.ts'

interface Browser {
  /** What the browser's own `__Host-csn_b` holds: the session that it names is ended, for its cookies are replaced. */
  readonly previousBinding: string | undefined
}

export interface OwnChange extends Browser {
  readonly bearer: Bearer
  readonly currentPassword: string
  readonly newPassword: string
  readonly caller: Caller
}

export interface OneTimeChange extends Wish, Browser {
  readonly username: string
  readonly currentPassword: string
  readonly newPassword: string
  readonly transport: SessionTransport
  readonly deviceCookie: string | undefined
  readonly caller: Caller
}

/** Every older session ends and the version rises, in the transaction that sets the password; a new session follows. */
export interface ChangePassword {
  /** By the bearer and the current password. @throws {AuthError} `credentials_invalid`, `password_refused`, `rate_limited` */
  own(input: OwnChange): Promise<LoggedIn>
  /**
   * By a one-time password, and only then: with an ordinary one the answer is that of a wrong password, so this door
   * is no way around a bearer.
   */
  oneTime(input: OneTimeChange): Promise<LoggedIn>
}

export function createChangePassword(dependencies: {
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  readonly throttle: Throttle
  readonly checkPassword: CheckPassword
  readonly openSession: OpenSession
  readonly logout: Logout
  readonly devices: KnownDevices
  readonly audit: Audit
  readonly clock: { wall(): number }
  readonly now: () => number
  readonly grant: Grant
  readonly rules: { readonly minLength: number; readonly serviceName: string }
}): ChangePassword {
  const { accounts, hasher, throttle, checkPassword, openSession, logout, devices } = dependencies
  const { audit, clock, now, grant, rules } = dependencies

  return {
    async own({ bearer, currentPassword, newPassword, previousBinding, caller }) {
      const issuedAt = clock.wall()
      const account = await accounts.findWithCredential(bearer.session.accountId)
      if (account === undefined) throw new AuthError('token_invalid')
      const attempt = await throttle.passwordChange({ accountId: encodeId(account.id), address: caller.address })
      let match: Awaited<ReturnType<PasswordHasher['verify']>>
      try {
        match = await hasher.verify(normalizePassword(currentPassword), account.credential.passwordHash)
      } catch (error) {
        await attempt.abandoned()
        throw error
      }
      if (match === 'no_match') {
        await attempt.failed()
        await refused(account, 'password', caller)
        throw new AuthError('credentials_invalid')
      }
      await attempt.succeeded()
      const { session } = bearer
      return change(account, currentPassword, newPassword, {
        ...grant.atRefresh(account.roles, session, { scope: undefined, audience: undefined }),
        transport: session.transport,
        previousBinding,
        issuedAt,
        caller,
      })
    },

    async oneTime(input) {
      const { caller } = input
      const issuedAt = clock.wall()
      const { account, attempt } = await checkPassword({ ...input, password: input.currentPassword })
      if (account.credential.oneTimeUntil === undefined) {
        await attempt.failed()
        await refused(account, 'password', caller)
        throw new AuthError('credentials_invalid')
      }
      await attempt.succeeded()
      return change(account, input.currentPassword, input.newPassword, {
        ...grant.atLogin(account.roles, input),
        transport: input.transport,
        previousBinding: input.previousBinding,
        issuedAt,
        caller,
      })
    },
  }

  async function change(
    account: AccountWithCredential,
    current: string,
    wanted: string,
    to: Omit<Parameters<OpenSession>[0], 'account' | 'first'> & Browser,
  ): Promise<LoggedIn> {
    const faults = [
      ...checkRules(wanted, {
        ...rules,
        username: account.username,
        email: account.email,
        pointer: '/new_password',
      }),
    ]
    const normal = normalizePassword(wanted)
    if (normal === normalizePassword(current)) {
      const detail = 'It is the password that is to be replaced.'
      faults.push({ pointer: '/new_password', code: 'password_unchanged', detail })
    }
    if (faults.length > 0) {
      // Recorded, since the answer told somebody that the current password was right.
      await refused(account, 'rules', to.caller)
      throw new AuthError('password_refused', { faults })
    }

    const credential = { passwordHash: await hasher.hash(normal), oneTimeUntil: undefined, changedAt: now() }
    const changed = { ...account, ver: account.ver + 1, credential }
    const id = encodeId(account.id)
    const setPassword = async (): Promise<boolean> => {
      const ver = await accounts.setCredential(account.id, account.ver, credential)
      // Somebody else changed it, or the account was disabled, while this one was being checked.
      if (ver !== changed.ver) {
        await refused(account, 'overtaken', to.caller)
        return false
      }
      const oneTime = account.credential.oneTimeUntil !== undefined
      const event = { event: 'account.password_changed', result: 'ok', detail: { one_time: oneTime } } as const
      await audit.record({ ...event, actor: id, subject: id }, to.caller)
      return true
    }
    // Signed first: where an application's claims hook fails, nobody is left with a new password that he was told failed.
    const opened = await openSession({ ...to, account: changed, first: setPassword })
    if (opened === undefined) throw new AuthError('credentials_invalid')
    if (to.previousBinding !== undefined) await logout.byBinding(to.previousBinding, to.caller)
    return { ...opened, deviceCookie: devices.remember(changed) }
  }

  function refused(account: AccountWithCredential, why: string, caller: Caller): Promise<void> {
    const id = encodeId(account.id)
    const event = { event: 'account.password_change_refused', result: 'refused', detail: { why } } as const
    return audit.record({ ...event, actor: id, subject: id }, caller)
  }
}
