import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { testRevocations } from '../../conformance/revocations.ts'
import type { FreshStores } from '../../conformance/runner.ts'
import { testStores } from '../../conformance/stores.ts'
import { numberOf, textOf } from '../sql/columns.ts'
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

const newPath = (): string => join(folder, `${++files}.db`)

async function open(path: string, now: () => number): Promise<SqlDriver> {
  const driver = await openSqlite({ path, now, timers: systemTimers })
  drivers.push(driver)
  return driver
}

const fresh: FreshStores = () => {
  const path = newPath()
  return async (now) => createSqlStores(await open(path, now), now)
}

const runner = { describe, test, expect }
testStores('sqlite', fresh, runner)

testRevocations(
  'sqlite',
  () => {
    const path = newPath()
    return {
      open: async (now) => createSqlStores(await open(path, now), now),
      async revocations() {
        const driver = await open(path, () => 0)
        const rows = await driver.run('SELECT * FROM revocation ORDER BY created_at, kind, key', [])
        return rows.map((row) => ({
          slot: numberOf(row, 'slot'),
          createdAt: numberOf(row, 'created_at'),
          kind: textOf(row, 'kind'),
          key: textOf(row, 'key'),
          t: numberOf(row, 't'),
          forgetAt: numberOf(row, 'forget_at'),
        }))
      },
    }
  },
  runner,
)
