import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { FreshStores } from '../../conformance/runner.ts'
import { testStores } from '../../conformance/stores.ts'
import type { SqlDriver } from '../sql/driver.ts'
import { createSqlStores } from '../sql/stores.ts'
import { systemTimers } from '../system/timers.ts'
import { openSqlite } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-stores-'))
const drivers: SqlDriver[] = []
let files = 0

afterAll(async () => {
  for (const driver of drivers) await driver.close()
  rmSync(folder, { recursive: true })
})

const fresh: FreshStores = () => {
  const path = join(folder, `${++files}.db`)
  return async (now) => {
    const driver = await openSqlite({ path, now, timers: systemTimers })
    drivers.push(driver)
    return createSqlStores(driver, now)
  }
}

const runner = { describe, test, expect }
testStores('sqlite', fresh, runner)
