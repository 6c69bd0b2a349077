import { testAccountStore } from './account-store.ts'
import { testAuditLog } from './audit-log.ts'
import { testKeyStore } from './key-store.ts'
import { testMetaStore } from './meta-store.ts'
import type { FreshStores, Runner } from './runner.ts'
import { testSessionStore } from './session-store.ts'

/** All suites of the stores that share one set of data. */
export function testStores(name: string, fresh: FreshStores, runner: Runner): void {
  testSessionStore(name, fresh, runner)
  testAccountStore(name, fresh, runner)
  testKeyStore(name, fresh, runner)
  testAuditLog(name, fresh, runner)
  testMetaStore(name, fresh, runner)
}
