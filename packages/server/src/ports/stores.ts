import type { AccountStore } from './account-store.ts'
import type { AuditLog } from './audit-log.ts'
import type { KeyStore } from './key-store.ts'
import type { MetaStore } from './meta-store.ts'
import type { SessionStore } from './session-store.ts'

/** The stores that share one set of data, since what they promise reaches across them. */
export interface Stores {
  readonly accounts: AccountStore
  readonly sessions: SessionStore
  readonly keys: KeyStore
  readonly audit: AuditLog
  readonly meta: MetaStore
}
