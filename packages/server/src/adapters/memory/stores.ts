import type { Stores } from '../../ports/stores.ts'
import { createMemoryAccountStore } from './account-store.ts'
import { createMemoryAuditLog } from './audit-log.ts'
import { createMemoryKeyStore } from './key-store.ts'
import { createMemoryMetaStore } from './meta-store.ts'
import { createMemorySessionStore } from './session-store.ts'
import { createMemoryState, type MemoryState } from './state.ts'

/**
 * All stores over one set of data in memory.
 *
 * @param now milliseconds since the epoch
 * @param state what several stores share; new and empty unless given
 */
export function createMemoryStores(now: () => number, state: MemoryState = createMemoryState()): Stores {
  return {
    accounts: createMemoryAccountStore(state, now),
    sessions: createMemorySessionStore(state, now),
    keys: createMemoryKeyStore(state),
    audit: createMemoryAuditLog(state, now),
    meta: createMemoryMetaStore(state),
  }
}
