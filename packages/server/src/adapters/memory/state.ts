import type { AccountWithCredential } from '../../ports/account-store.ts'
import type { AuditEntry } from '../../ports/audit-log.ts'
import type { StoredKey } from '../../ports/key-store.ts'
import type { StoredSession } from '../../ports/session-store.ts'

/** What a feed would tell about tokens, beside the rows of ended sessions. Times are epoch milliseconds. */
export interface RevocationEntry {
  readonly slot: number
  readonly createdAt: number
  readonly kind: 's' | 'u'
  readonly key: string
  /** For `u` the new token version, else a time. */
  readonly t: number
  readonly forgetAt: number
}

/** One set of data in memory, for tests and for trying things out. Ids are their texts. It is gone with the process. */
export interface MemoryState {
  readonly accounts: Map<string, AccountWithCredential>
  /** From the mapped name to the id. */
  readonly usernames: Map<string, string>
  readonly sessions: Map<string, StoredSession>
  readonly revocations: Map<string, RevocationEntry>
  readonly keys: Map<string, StoredKey>
  readonly audit: AuditEntry[]
  readonly meta: Map<string, string>
}

export function createMemoryState(): MemoryState {
  return {
    accounts: new Map(),
    usernames: new Map(),
    sessions: new Map(),
    revocations: new Map(),
    keys: new Map(),
    audit: [],
    meta: new Map(),
  }
}
