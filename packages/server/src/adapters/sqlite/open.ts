import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Timers } from '../../ports/timers.ts'
import type { SqlDriver, StatementObserver } from '../sql/driver.ts'
import { createSqliteDriver } from './driver.ts'
import { asStoreFault, isBusy } from './faults.ts'
import { type MigrationReport, migrate } from './migrate.ts'

/** How long SQLite itself waits for a lock, in milliseconds. Short, because it holds up the whole process meanwhile. */
const BUSY_TIMEOUT = 25

/** How often another process may be in the way of opening, about 5 s in all. */
const MOST_TRIES = 160

/**
 * `synchronous=FULL`: with less, a power cut takes answered commits back, and a lost rotation makes an honest client look
 * like a thief, and a lost logout revives a session. `fullfsync` makes macOS mean it; elsewhere it says nothing.
 */
const PRAGMAS = [
  'PRAGMA journal_mode = WAL',
  'PRAGMA synchronous = FULL',
  'PRAGMA fullfsync = ON',
  'PRAGMA trusted_schema = OFF',
] as const

export interface SqliteOptions {
  readonly path: string
  /** Milliseconds since the epoch; only notes when a migration ran. */
  readonly now: () => number
  readonly timers: Timers
  readonly onStatement?: StatementObserver
  /** Is told what the migration did. */
  readonly onMigrated?: (report: MigrationReport) => void
}

/**
 * Opens the database in a file, makes it when there is none, and brings it up to date. The file is for its owner alone
 * (0600), and so is a folder made for it (0700). Any number of processes may have one file open.
 *
 * @throws {StoreNewerError} when a newer version has written it
 * @throws {StoreUnavailableError} when it cannot be opened, or is no database
 */
export async function openSqlite({ path, now, timers, onStatement, onMigrated }: SqliteOptions): Promise<SqlDriver> {
  try {
    makePrivateFile(path)
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT })
    try {
      await whileBusy(timers, () => {
        for (const pragma of PRAGMAS) database.exec(pragma)
        const report = migrate(database, now)
        onMigrated?.(report)
      })
    } catch (error) {
      database.close()
      throw error
    }
    return createSqliteDriver(database, timers, onStatement)
  } catch (error) {
    throw asStoreFault(error)
  }
}

/** Before SQLite makes it: SQLite would leave it to the umask, and its `-wal` and `-shm` take the mode of the file. */
function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
}

/** Processes that start together on a new file get in each other's way, even while they only switch to WAL. */
async function whileBusy(timers: Timers, attempt: () => void): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error) || tries >= MOST_TRIES) throw error
      await timers.sleep(Math.min(tries, 16))
    }
  }
}
