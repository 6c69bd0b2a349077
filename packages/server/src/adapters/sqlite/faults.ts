import { StoreUnavailableError } from '../../ports/store-error.ts'

/**
 * The primary result codes of SQLite that blame the database, the disk or the machine, by number. All others (a wrong
 * text, a broken constraint) blame us.
 */
const UNAVAILABLE: ReadonlySet<number> = new Set([
  5, // SQLITE_BUSY
  6, // SQLITE_LOCKED
  7, // SQLITE_NOMEM
  8, // SQLITE_READONLY
  9, // SQLITE_INTERRUPT
  10, // SQLITE_IOERR
  11, // SQLITE_CORRUPT
  13, // SQLITE_FULL
  14, // SQLITE_CANTOPEN
  15, // SQLITE_PROTOCOL
  26, // SQLITE_NOTADB
])

const BUSY: ReadonlySet<number> = new Set([5, 6])

/** What a fault of `node:sqlite` is to the rest of the service. */
export function asStoreFault(error: unknown): unknown {
  const code = primaryCode(error)
  const isUnavailable = code !== undefined && UNAVAILABLE.has(code)
  return isUnavailable || isClosed(error) ? new StoreUnavailableError(error) : error
}

/** Whether another process holds what was asked for, so that asking again helps. */
export function isBusy(error: unknown): boolean {
  const fault = error instanceof StoreUnavailableError ? error.cause : error
  const code = primaryCode(fault)
  return code !== undefined && BUSY.has(code)
}

/** `node:sqlite` says so of a database that was closed while somebody waited for it. */
function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE'
}

/** The low byte; the rest of an extended code says more about the same. */
function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}
