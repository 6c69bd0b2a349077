import { applyChange, isActingAdministrator, isAdministrator } from '../../domain/account.ts'
import { encodeId } from '../../domain/ids.ts'
import type { AccountStore, AccountWithCredential, StoredAccount } from '../../ports/account-store.ts'
import { endSessions, revokeVersionsBefore } from './revocations.ts'
import type { MemoryState } from './state.ts'

/** No method awaits between its reads and its writes, so each is one atomic step. */
export function createMemoryAccountStore(state: MemoryState, now: () => number): AccountStore {
  const { accounts, usernames, sessions } = state

  return {
    async insert(account, usernameKey) {
      return insert(account, usernameKey)
    },

    async insertFirstAdministrator(account, usernameKey) {
      if ([...accounts.values()].some(isAdministrator)) return false
      return insert(account, usernameKey)
    },

    async find(id) {
      const account = accounts.get(encodeId(id))
      return account === undefined ? undefined : withoutCredential(account)
    },

    async findWithCredential(id) {
      return accounts.get(encodeId(id))
    },

    async findByUsername(usernameKey) {
      const id = usernames.get(usernameKey)
      return id === undefined ? undefined : accounts.get(id)
    },

    async list(after, limit) {
      return [...accounts.values()]
        .filter((account) => after === undefined || Buffer.compare(account.id, after) > 0)
        .sort((a, b) => Buffer.compare(a.id, b.id))
        .slice(0, limit)
        .map(withoutCredential)
    },

    async change(id, change) {
      const before = accounts.get(encodeId(id))
      if (before === undefined) return { outcome: 'not_found' }
      const { account, raisesVersion, endsSessions, losesAdministrator } = applyChange(
        withoutCredential(before),
        change,
        now(),
      )
      if (losesAdministrator && [...accounts.values()].filter(isActingAdministrator).length < 2) {
        return { outcome: 'last_administrator' }
      }

      accounts.set(encodeId(id), { ...account, credential: before.credential })
      if (endsSessions) {
        return { outcome: 'changed', account, endedSessions: endSessions(state, id, account.ver, now()) }
      }
      if (raisesVersion) {
        moveSessions(id, before.ver, account.ver)
        revokeVersionsBefore(state, id, account.ver, now())
      }
      return { outcome: 'changed', account, endedSessions: 0 }
    },

    async setCredential(id, ver, credential) {
      const account = accounts.get(encodeId(id))
      if (account === undefined || account.ver !== ver) return undefined
      accounts.set(encodeId(id), { ...account, ver: ver + 1, credential })
      endSessions(state, id, ver + 1, now())
      return ver + 1
    },

    async upgradeHash(id, from, to) {
      const account = accounts.get(encodeId(id))
      if (account === undefined || account.credential.passwordHash !== from) return
      accounts.set(encodeId(id), { ...account, credential: { ...account.credential, passwordHash: to } })
    },
  }

  function insert(account: AccountWithCredential, usernameKey: string): boolean {
    if (usernames.has(usernameKey)) return false
    usernames.set(usernameKey, encodeId(account.id))
    accounts.set(encodeId(account.id), account)
    return true
  }

  /** The sessions that were good under the version before stay good under the new one. */
  function moveSessions(accountId: Uint8Array, from: number, to: number): void {
    const owner = encodeId(accountId)
    for (const [sid, session] of sessions) {
      const moves = encodeId(session.accountId) === owner && session.ver === from && session.endedAt === undefined
      if (moves) sessions.set(sid, { ...session, ver: to })
    }
  }
}

/** What never leaves the store by accident. */
function withoutCredential({ credential: _, ...account }: AccountWithCredential): StoredAccount {
  return account
}
