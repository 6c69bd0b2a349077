import type { Stores } from '../../ports/stores.ts'
import { createSqlAccountStore } from './account-store.ts'
import { createSqlAuditLog } from './audit-log.ts'
import type { SqlDriver } from './driver.ts'
import { createSqlKeyStore } from './key-store.ts'
import { createSqlMetaStore } from './meta-store.ts'
import { createOutageWatch } from './outage.ts'
import { createSqlSessionStore } from './session-store.ts'

/**
 * All stores over one SQL database.
 *
 * @param now milliseconds since the epoch by the database's clock, which is the same for all who share it
 */
export function createSqlStores(driver: SqlDriver, now: () => number): Stores {
  return {
    accounts: createSqlAccountStore(driver, now),
    sessions: createSqlSessionStore(driver, now, createOutageWatch(now)),
    keys: createSqlKeyStore(driver),
    audit: createSqlAuditLog(driver, now),
    meta: createSqlMetaStore(driver),
  }
}
