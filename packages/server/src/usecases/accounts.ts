import type { AccountBody, ProblemFault } from '@countersign/protocol'
import { toAccountBody } from '../domain/account-body.ts'
import type { AuditEventName } from '../domain/audit.ts'
import { emailFault, parseEmail } from '../domain/email.ts'
import { AuthError } from '../domain/errors.ts'
import { decodeId, encodeId } from '../domain/ids.ts'
import { roleFaults } from '../domain/role.ts'
import { parseUsername, usernameFault } from '../domain/username.ts'
import type { AccountChange, AccountStore, StoredAccount } from '../ports/account-store.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import type { Random } from '../ports/random.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { Audit, By } from './audit.ts'
import { drawOneTimePassword, newAccount } from './new-account.ts'

export interface AccountDraft {
  readonly username: string
  readonly email?: string | undefined
  readonly roles?: readonly string[] | undefined
}

/** An absent member stays as it is; `email: null` removes the address. */
export interface AccountEdit {
  readonly disabled?: boolean | undefined
  readonly roles?: readonly string[] | undefined
  readonly email?: string | null | undefined
}

/**
 * What an administrator may do to accounts, by HTTP and by the command line. Ids are texts of 22 characters; an unknown
 * or malformed one is `not_found`. No administrator ever chooses or sees a password: a new account and a reset one get
 * a one-time password, good for 24 hours, with which its owner chooses one.
 *
 * Whatever changes something is in the audit log before it happens; when the log cannot be written it does not happen.
 */
export interface Accounts {
  /** A page in the order of ids. @throws {AuthError} `request_malformed` for a cursor that is not ours */
  list(page: {
    /** 1 to 200. */
    readonly limit: number
    readonly cursor: string | undefined
  }): Promise<{ readonly accounts: readonly AccountBody[]; readonly nextCursor: string | undefined }>

  /** @throws {AuthError} `not_found` */
  get(id: string): Promise<AccountBody>

  /** By id, or else by username. */
  find(idOrUsername: string): Promise<AccountBody | undefined>

  /** @throws {AuthError} `body_invalid`, `username_taken`, `service_busy` */
  create(draft: AccountDraft, by: By): Promise<{ readonly account: AccountBody; readonly oneTimePassword: string }>

  /** @throws {AuthError} `body_invalid`, `not_found`, `last_administrator` */
  change(id: string, edit: AccountEdit, by: By): Promise<AccountBody>

  /**
   * Ends every session too.
   * @returns the one-time password
   * @throws {AuthError} `not_found`, `service_busy`
   */
  resetPassword(id: string, by: By): Promise<string>

  /**
   * Ends every session and refuses every access token of the account.
   * @returns how many sessions ended
   * @throws {AuthError} `not_found`
   */
  endSessions(id: string, by: By): Promise<number>
}

const MOST_PER_PAGE = 200
/** How often a reset looks again when somebody else changed the account meanwhile. */
const RESET_TRIES = 5

export function createAccounts(dependencies: {
  readonly accounts: AccountStore
  readonly sessions: SessionStore
  readonly hasher: PasswordHasher
  readonly random: Random
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly audit: Pick<Audit, 'record'>
}): Accounts {
  const { accounts, sessions, hasher, random, now, audit } = dependencies

  return {
    async list({ limit, cursor }) {
      if (!(limit >= 1 && limit <= MOST_PER_PAGE)) throw new TypeError('a page has 1 to 200 accounts')
      const after = cursor === undefined ? undefined : decodeId(cursor)
      if (cursor !== undefined && after === undefined) throw new AuthError('request_malformed')
      // One more than asked for tells whether there is a next page.
      const found = await accounts.list(after, limit + 1)
      const page = found.slice(0, limit)
      const last = page.at(-1)
      const nextCursor = found.length > limit && last !== undefined ? encodeId(last.id) : undefined
      return { accounts: page.map(toAccountBody), nextCursor }
    },

    get: async (id) => toAccountBody(await demand(id)),

    async find(idOrUsername) {
      const id = decodeId(idOrUsername)
      const byId = id === undefined ? undefined : await accounts.find(id)
      if (byId !== undefined) return toAccountBody(byId)
      const name = parseUsername(idOrUsername)
      const byName = 'key' in name ? await accounts.findByUsername(name.key) : undefined
      return byName === undefined ? undefined : toAccountBody(byName)
    },

    async create(draft, by) {
      const { username, email, roles } = readDraft(draft)
      if ((await accounts.findByUsername(username.key)) !== undefined) throw new AuthError('username_taken')
      const { password, credential } = await drawOneTimePassword(random, hasher, now)
      const account = newAccount(random, { username: username.shown, email, roles, credential, now: now() })
      await record('account.created', encodeId(account.id), by, { roles: roles.join(' ') })
      if (!(await accounts.insert(account, username.key))) {
        await recordRefusal('account.created', encodeId(account.id), by, 'username_taken')
        throw new AuthError('username_taken')
      }
      return { account: toAccountBody(account), oneTimePassword: password }
    },

    async change(id, edit, by) {
      const change = readEdit(edit)
      const before = await demand(id)
      const events = eventsOf(before, change)
      for (const { event, detail } of events) await record(event, id, by, detail)
      const changed = await accounts.change(before.id, change)
      if (changed.outcome === 'changed') return toAccountBody(changed.account)
      // Only the store can know it, at the moment of the change; so it stands behind what was to happen.
      for (const { event } of events) await recordRefusal(event, id, by, changed.outcome)
      throw new AuthError(changed.outcome)
    },

    async resetPassword(id, by) {
      const { id: accountId } = await demand(id)
      const { password, credential } = await drawOneTimePassword(random, hasher, now)
      await record('account.password_reset', id, by)
      for (let attempt = 0; attempt < RESET_TRIES; attempt++) {
        const account = await accounts.find(accountId)
        if (account === undefined) throw new AuthError('not_found')
        if ((await accounts.setCredential(accountId, account.ver, credential)) !== undefined) return password
      }
      throw new AuthError('service_busy', { retryAfter: 1 })
    },

    async endSessions(id, by) {
      const account = await demand(id)
      await record('account.sessions_ended_by_administrator', id, by)
      return await sessions.endAll(account.id)
    },
  }

  async function demand(id: string): Promise<StoredAccount> {
    const bytes = decodeId(id)
    const account = bytes === undefined ? undefined : await accounts.find(bytes)
    if (account === undefined) throw new AuthError('not_found')
    return account
  }

  async function record(
    event: AuditEventName,
    subject: string,
    { actor, caller }: By,
    detail: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await audit.record({ event, result: 'ok', actor, subject, detail }, caller)
  }

  async function recordRefusal(
    event: AuditEventName,
    subject: string,
    { actor, caller }: By,
    why: string,
  ): Promise<void> {
    await audit.record({ event, result: 'refused', actor, subject, detail: { why } }, caller)
  }
}

function readDraft({ username, email, roles = [] }: AccountDraft) {
  const name = parseUsername(username)
  const address = email === undefined ? undefined : parseEmail(email)
  const faults: ProblemFault[] = [...roleFaults(roles)]
  if ('fault' in name) faults.push(usernameFault(name.fault))
  if (email !== undefined && address === undefined) faults.push(emailFault())
  if ('fault' in name || faults.length > 0) throw new AuthError('body_invalid', { faults })
  return { username: name, email: address, roles: [...new Set(roles)] }
}

function readEdit({ disabled, roles, email }: AccountEdit): AccountChange {
  const address = typeof email === 'string' ? parseEmail(email) : undefined
  const faults: ProblemFault[] = [...roleFaults(roles ?? [])]
  if (typeof email === 'string' && address === undefined) faults.push(emailFault())
  if (faults.length > 0) throw new AuthError('body_invalid', { faults })
  return {
    ...(disabled === undefined ? {} : { disabled }),
    ...(roles === undefined ? {} : { roles: [...new Set(roles)] }),
    ...(email === undefined ? {} : { email: address ?? null }),
  }
}

/** What a change is in the audit log: nothing, where it says again what is already so. */
function eventsOf(before: StoredAccount, { disabled, roles, email }: AccountChange) {
  const events: { readonly event: AuditEventName; readonly detail: Readonly<Record<string, string>> }[] = []
  if (disabled !== undefined && disabled !== (before.disabledAt !== undefined)) {
    events.push({ event: disabled ? 'account.disabled' : 'account.enabled', detail: {} })
  }
  if (roles !== undefined && roles.toSorted().join(' ') !== before.roles.toSorted().join(' ')) {
    events.push({ event: 'account.roles_changed', detail: { from: before.roles.join(' '), to: roles.join(' ') } })
  }
  // The address itself may have to be erased one day, and the log cannot: it says only that there was one.
  if (email !== undefined && (email ?? undefined) !== before.email) {
    events.push({ event: 'account.email_changed', detail: { to: email === null ? 'none' : 'another' } })
  }
  return events
}
