import type { AccountBody, ProblemFault } from '@countersign/protocol'
import { toAccountBody } from '../domain/account-body.ts'
import { emailFault, parseEmail } from '../domain/email.ts'
import { AuthError } from '../domain/errors.ts'
import { encodeId } from '../domain/ids.ts'
import { checkPassword, normalizePassword } from '../domain/password-rules.ts'
import { parseUsername, usernameFault } from '../domain/username.ts'
import type { AccountStore } from '../ports/account-store.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import type { Random } from '../ports/random.ts'
import type { Audit } from './audit.ts'
import type { Caller } from './context.ts'
import { newAccount } from './new-account.ts'
import type { Throttle } from './throttle.ts'

export interface Registration {
  readonly username: string
  readonly password: string
  readonly email?: string | undefined
}

/**
 * Makes an account for whoever asks, without a role and without a token.
 *
 * A username is public by nature, so a taken one is told. A mail address is not compared with anybody's: the answer
 * must not tell who has an account, and until it is verified it proves nothing.
 *
 * @throws {AuthError} `registration_closed`, `body_invalid`, `password_refused`, `rate_limited`, `username_taken`,
 * `service_busy`
 */
export type Register = (registration: Registration, caller: Caller) => Promise<AccountBody>

export interface RegisterDependencies {
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  readonly throttle: Throttle
  readonly random: Random
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly audit: Pick<Audit, 'record'>
  readonly rules: { readonly minLength: number; readonly serviceName: string }
  readonly registration: 'open' | 'closed'
}

export function createRegister(dependencies: RegisterDependencies): Register {
  const { accounts, hasher, throttle, random, now, audit, rules, registration } = dependencies

  return async (request, caller) => {
    if (registration === 'closed') throw new AuthError('registration_closed')
    const { username, email } = readNames(request)
    const faults = checkPassword(request.password, { ...rules, username: username.key, email })
    if (faults.length > 0) throw new AuthError('password_refused', { faults })
    // After the checks of form, so that five slips of the pen do not lock somebody out for an hour; before the first
    // look at the store, so that names are not tried by the thousand.
    await throttle.registration(caller.address)
    if ((await accounts.findByUsername(username.key)) !== undefined) return await taken(caller)

    const passwordHash = await hasher.hash(normalizePassword(request.password))
    const at = now()
    const credential = { passwordHash, oneTimeUntil: undefined, changedAt: at }
    const account = newAccount(random, { username: username.shown, email, roles: [], credential, now: at })
    // Somebody may have taken the name while the password was being hashed.
    if (!(await accounts.insert(account, username.key))) return await taken(caller)

    const id = encodeId(account.id)
    const names = { actor: id, subject: id, username: account.username }
    await audit.record({ event: 'account.registered', result: 'ok', ...names }, caller)
    return toAccountBody(account)
  }

  async function taken(caller: Caller): Promise<never> {
    const why = { why: 'username_taken' }
    await audit.record({ event: 'account.registration_refused', result: 'refused', detail: why }, caller)
    throw new AuthError('username_taken')
  }
}

function readNames({ username, email }: Registration) {
  const name = parseUsername(username)
  const address = email === undefined ? undefined : parseEmail(email)
  const faults: ProblemFault[] = []
  if ('fault' in name) faults.push(usernameFault(name.fault))
  if (email !== undefined && address === undefined) faults.push(emailFault())
  if ('fault' in name || faults.length > 0) throw new AuthError('body_invalid', { faults })
  return { username: name, email: address }
}
