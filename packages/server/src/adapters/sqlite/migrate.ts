import type { DatabaseSync } from 'node:sqlite'
import { StoreNewerError } from '../../ports/store-error.ts'
import { initial } from './migrations/0001-initial.ts'

/** In the order of their numbers, the first being 1. One that was released is never changed: the next one mends it. */
const MIGRATIONS: readonly string[] = [initial]

/** The version of the schema before and after: how many migrations the database has seen. */
export interface MigrationReport {
  readonly from: number
  readonly to: number
}

const TABLE = `CREATE TABLE IF NOT EXISTS migration (
  number     INTEGER PRIMARY KEY,
  applied_at INTEGER NOT NULL
) STRICT`

/**
 * Runs the migrations that the database has not seen. The write lock is taken before looking, so that of several processes
 * that start together one migrates and the others find it done; and all of it is one transaction, so that a process killed
 * in the middle leaves nothing half made.
 *
 * @throws {StoreNewerError}
 */
export function migrate(database: DatabaseSync, now: () => number): MigrationReport {
  database.exec('BEGIN IMMEDIATE')
  try {
    database.exec(TABLE)
    const row = database.prepare('SELECT COALESCE(MAX(number), 0) AS number FROM migration').get()
    const done = Number(row?.number)
    if (done > MIGRATIONS.length) throw new StoreNewerError(done, MIGRATIONS.length)
    for (const [index, text] of MIGRATIONS.entries()) {
      if (index + 1 <= done) continue
      database.exec(text)
      database.prepare('INSERT INTO migration (number, applied_at) VALUES (?, ?)').run(index + 1, now())
    }
    database.exec('COMMIT')
    return { from: done, to: MIGRATIONS.length }
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
