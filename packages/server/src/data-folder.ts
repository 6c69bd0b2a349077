import { dirname, isAbsolute, join, resolve } from 'node:path'
import { exists, masterKeyFile } from './adapters/files/master-key-file.ts'
import { makePrivateFolder } from './adapters/files/private-folder.ts'
import type { StatementObserver } from './adapters/sql/driver.ts'
import { createSqlStores } from './adapters/sql/stores.ts'
import { openSqlite } from './adapters/sqlite/open.ts'
import { ConfigError, type ConfigFault } from './config/config-error.ts'
import type { Settings } from './config/settings.ts'
import { type MasterKeys, parseMasterKeys } from './domain/master-keys.ts'
import type { Clock } from './ports/clock.ts'
import type { Random } from './ports/random.ts'
import { StoreNewerError, StoreUnavailableError } from './ports/store-error.ts'
import type { Stores } from './ports/stores.ts'
import type { Timers } from './ports/timers.ts'

/** Where the data of a service lies. Paths are absolute. */
export interface DataPlaces {
  readonly folder: string
  readonly database: string
  readonly masterKeys: string
}

const MASTER_KEY_BYTES = 32

export function dataPlaces(settings: Pick<Settings, 'dataDir' | 'databaseUrl'>, cwd: string): DataPlaces {
  const folder = resolve(cwd, settings.dataDir)
  const named = settings.databaseUrl?.replace(/^sqlite:/, '')
  const database =
    named === undefined ? join(folder, 'countersign.db') : isAbsolute(named) ? named : resolve(cwd, named)
  return { folder, database, masterKeys: join(folder, 'master.key') }
}

/**
 * The master keys: from the settings, else from the file in the data folder, which a first start makes. Where there is a
 * database but no key file nothing is made: a new key could read none of what is there, and would hide the loss.
 *
 * @throws {ConfigError} `master_key_wrong`, `store_unreachable`
 */
export function readMasterKeys(settings: Pick<Settings, 'masterKeys'>, places: DataPlaces, random: Random): MasterKeys {
  if (settings.masterKeys !== undefined) return parse(settings.masterKeys.join(','), 'masterKeys')
  const file = masterKeyFile(places.masterKeys)
  // Looked for before the key: another service that starts at this moment makes the key first and the database then.
  const hasDatabase = exists(places.database)
  const found = file.read()
  if (found !== undefined) return parse(found, places.masterKeys)
  if (hasDatabase) {
    throw refusal(
      'master_key_wrong',
      places.masterKeys,
      'is missing, but the database is there; restore it from where you keep it',
    )
  }
  const secret = Buffer.from(random.bytes(MASTER_KEY_BYTES)).toString('base64')
  const unique = Buffer.from(random.bytes(6)).toString('hex')
  makeFolder(places.folder)
  return parse(file.create(`1:${secret}`, unique), places.masterKeys)
}

function parse(text: string, source: string): MasterKeys {
  try {
    return parseMasterKeys(text)
  } catch (error) {
    throw refusal('master_key_wrong', source, `holds no master keys: ${error instanceof Error ? error.message : ''}`)
  }
}

/** Stores that are open, and how to let go of them. */
export interface OpenStores {
  readonly stores: Stores
  /** The version of the schema before and now. */
  readonly migration: { readonly from: number; readonly to: number }
  close(): Promise<void>
}

/** @throws {ConfigError} `store_unreachable`, `store_newer` */
export async function openStores(
  places: DataPlaces,
  edge: { readonly clock: Clock; readonly timers: Timers; readonly onStatement?: StatementObserver | undefined },
): Promise<OpenStores> {
  const now = () => edge.clock.wall()
  makeFolder(dirname(places.database))
  try {
    let migration = { from: 0, to: 0 }
    const driver = await openSqlite({
      path: places.database,
      now,
      timers: edge.timers,
      onMigrated: (report) => {
        migration = report
      },
      ...(edge.onStatement === undefined ? {} : { onStatement: edge.onStatement }),
    })
    return { stores: createSqlStores(driver, now), migration, close: () => driver.close() }
  } catch (error) {
    if (error instanceof StoreNewerError) {
      throw refusal('store_newer', places.database, 'was written by a newer version of Countersign')
    }
    if (error instanceof StoreUnavailableError) {
      throw refusal('store_unreachable', places.database, 'cannot be opened as a database', error)
    }
    throw error
  }
}

function makeFolder(path: string): void {
  try {
    makePrivateFolder(path)
  } catch (error) {
    throw refusal('store_unreachable', path, 'is a folder that cannot be made', error)
  }
}

/** One fault of the set-up, as an error. */
export function refusal(code: ConfigFault['code'], setting: string, message: string, cause?: unknown): ConfigError {
  const error = new ConfigError([{ code, setting, message }])
  if (cause !== undefined) error.cause = cause
  return error
}
