/** What a column or a parameter may be: whole numbers, text, bytes. Truth is 0 or 1, times are epoch milliseconds. */
export type SqlValue = number | string | Uint8Array | null

export type SqlRow = Readonly<Record<string, SqlValue>>

/** Runs one statement with parameters `$1`, `$2` … and gives the rows that it returns. */
export type RunSql = (text: string, params: readonly SqlValue[]) => Promise<readonly SqlRow[]>

/**
 * A database that speaks SQL. Whatever goes wrong with the database is a `StoreUnavailableError`: `failed` when nothing
 * was written, `unknown` when the commit itself was interrupted. A mistake of ours (a wrong text, a broken constraint)
 * is thrown as the driver told it.
 */
export interface SqlDriver {
  /**
   * One statement, committed by itself: whoever gets the answer may rely on its being on the disk. Statements that wait
   * at the same time may share one commit; none of them sees another half done.
   */
  run(text: string, params: readonly SqlValue[]): Promise<readonly SqlRow[]>

  /**
   * Several statements that happen together or not at all, and between which no other writer comes. `work` awaits
   * nothing but its own statements: everybody else waits meanwhile. When it throws, nothing has happened.
   */
  transaction<T>(work: (run: RunSql) => Promise<T>): Promise<T>

  /**
   * What a `SELECT` inside an `INSERT` must end with to keep the row that it read unchanged until the commit:
   * `FOR SHARE` where writers run side by side, nothing where there is one at a time.
   */
  readonly sharedLock: '' | ' FOR SHARE'

  /** Finishes what was asked for and lets go of the database. Whatever is asked later is refused. */
  close(): Promise<void>
}

/** Is told the text of every statement, without its parameters, in the order in which they run. For counting. */
export type StatementObserver = (text: string) => void
