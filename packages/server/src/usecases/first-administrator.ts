import { isAdministrator } from '../domain/account.ts'
import { AuthError } from '../domain/errors.ts'
import { encodeId } from '../domain/ids.ts'
import { checkPassword, normalizePassword } from '../domain/password-rules.ts'
import { ADMIN } from '../domain/scope.ts'
import { parseUsername, usernameFault } from '../domain/username.ts'
import type { AccountStore, StoredCredential } from '../ports/account-store.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import type { Random } from '../ports/random.ts'
import type { Audit } from './audit.ts'
import { drawOneTimePassword, newAccount } from './new-account.ts'

/** The administrator that this start made. */
export interface FirstAdministrator {
  readonly username: string
  /** To be shown once, good for 24 hours; absent when the operator chose the password. */
  readonly oneTimePassword: string | undefined
}

/**
 * Makes an administrator where there is none, so that nobody ever needs a default password: with the operator's own
 * one, or with a random one-time password. An empty password is no password. Of several services that start together
 * on empty data one makes it.
 *
 * @returns `undefined` when there already is an administrator
 * @throws {AuthError} `body_invalid` for a name that is none, `password_refused` by the same rules as everybody's
 */
export async function createFirstAdministrator(dependencies: {
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  readonly random: Random
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly audit: Pick<Audit, 'record'>
  readonly rules: { readonly minLength: number; readonly serviceName: string }
  readonly settings: { readonly adminUsername: string; readonly adminPassword?: string | undefined }
}): Promise<FirstAdministrator | undefined> {
  const { accounts, hasher, random, now, audit, rules, settings } = dependencies
  const name = parseUsername(settings.adminUsername)
  if ('fault' in name) throw new AuthError('body_invalid', { faults: [usernameFault(name.fault, '/admin_username')] })

  // The usual start: no hash is made for nothing.
  const existing = await accounts.findByUsername(name.key)
  if (existing !== undefined && isAdministrator(existing)) return undefined

  const { credential, oneTimePassword } = await firstCredential()
  const facts = { username: name.shown, email: undefined, roles: [ADMIN], credential, now: now() }
  const account = newAccount(random, facts)
  if (!(await accounts.insertFirstAdministrator(account, name.key))) return undefined
  // Behind the act, for once: only the store knows who was first.
  await audit.record({
    event: 'account.first_administrator',
    result: 'ok',
    actor: 'system',
    subject: encodeId(account.id),
    username: account.username,
    detail: { one_time: oneTimePassword !== undefined },
  })
  return { username: name.shown, oneTimePassword }

  async function firstCredential(): Promise<{ credential: StoredCredential; oneTimePassword: string | undefined }> {
    const chosen = settings.adminPassword
    if (chosen === undefined || chosen === '') {
      const { password, credential } = await drawOneTimePassword(random, hasher, now)
      return { credential, oneTimePassword: password }
    }
    const faults = checkPassword(chosen, { ...rules, username: settings.adminUsername, pointer: '/admin_password' })
    if (faults.length > 0) throw new AuthError('password_refused', { faults })
    const passwordHash = await hasher.hash(normalizePassword(chosen))
    return { credential: { passwordHash, oneTimeUntil: undefined, changedAt: now() }, oneTimePassword: undefined }
  }
}
