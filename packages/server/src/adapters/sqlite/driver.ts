import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { StoreUnavailableError } from '../../ports/store-error.ts'
import type { Timers } from '../../ports/timers.ts'
import type { RunSql, SqlDriver, SqlRow, SqlValue, StatementObserver } from '../sql/driver.ts'
import { asStoreFault, isBusy } from './faults.ts'

/** How many may wait. Past that the store is not keeping up, and an early 503 is kinder than a late one. */
const MOST_WAITING = 10_000

/** How many share one commit, so that none waits long for the others. */
const MOST_TOGETHER = 256

/** How often a lock that another process holds is asked for, about 5 s in all. */
const MOST_TRIES = 160

/** The longest pause between two of those, in milliseconds. */
const LONGEST_PAUSE = 16

/** One caller's part of a commit. */
interface Job {
  /** Makes the changes, and gives what tells the caller once they are committed. */
  readonly work: (run: RunSql) => Promise<() => void>
  readonly refuse: (error: unknown) => void
  /** One statement undoes itself when it fails; several need a savepoint. */
  readonly single: boolean
}

/**
 * Serves one connection to all callers of this process.
 *
 * Whoever asks to write within one turn of the event loop shares one commit, because the disk's `fsync` is what a write
 * costs. Each is told after that commit and not before. Reads run at once, unless a commit is being made ready: then
 * they would see what is not yet true.
 */
export function createSqliteDriver(
  database: DatabaseSync,
  timers: Timers,
  onStatement: StatementObserver = () => {},
): SqlDriver {
  const statements = new Map<string, StatementSync>()
  const waiting: Job[] = []
  /** Resolves when the transaction that is open now has ended. */
  let group: Promise<void> | undefined
  /** Resolves when nobody waits any more. */
  let draining: Promise<void> | undefined
  let closed = false

  return { run, transaction, sharedLock: '', close }

  function run(text: string, params: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    if (/^\s*SELECT\b/.test(text)) return read(text, params)
    return enqueue((runOne) => runOne(text, params), true)
  }

  function transaction<T>(work: (run: RunSql) => Promise<T>): Promise<T> {
    return enqueue(work, false)
  }

  async function close(): Promise<void> {
    if (closed) return
    closed = true
    await draining
    await group
    database.close()
  }

  async function read(text: string, params: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    if (closed) throw new StoreUnavailableError('closed')
    while (group !== undefined) await group
    return await patiently(() => execute(text, params))
  }

  function enqueue<T>(work: (run: RunSql) => Promise<T>, single: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      if (closed) return reject(new StoreUnavailableError('closed'))
      if (waiting.length >= MOST_WAITING) return reject(new StoreUnavailableError('too many are waiting'))
      waiting.push({
        single,
        refuse: reject,
        work: async (runOne) => {
          const answer = await work(runOne)
          return () => resolve(answer)
        },
      })
      draining ??= drain()
    })
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      await timers.sleep(0) // whoever asks within this turn of the event loop comes along
      await commitTogether(waiting.splice(0, MOST_TOGETHER))
    }
    draining = undefined
  }

  /** Never rejects: what goes wrong is told to the callers whose part it was, or to all of them. */
  async function commitTogether(jobs: readonly Job[]): Promise<void> {
    try {
      await patiently(() => control('BEGIN IMMEDIATE'))
    } catch (error) {
      for (const job of jobs) job.refuse(error)
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    group = promise
    const tell = await applyAll(jobs)
    group = undefined
    resolve()
    for (const answer of tell) answer()
  }

  async function applyAll(jobs: readonly Job[]): Promise<readonly (() => void)[]> {
    const answers: (() => void)[] = []
    try {
      for (const job of jobs) answers.push(await apply(job))
    } catch (error) {
      takeBack()
      return jobs.map((job) => () => job.refuse(new StoreUnavailableError(error)))
    }
    try {
      control('COMMIT')
    } catch (error) {
      // The commit record may be on the disk or not: SQLite cannot say after an error of fsync, and neither can we.
      takeBack()
      return jobs.map((job) => () => job.refuse(new StoreUnavailableError(error, 'unknown')))
    }
    return answers
  }

  /** Left open, it would hold the lock, show its changes to readers and refuse every commit after it. Never throws. */
  function takeBack(): void {
    try {
      if (database.isTransaction) database.exec('ROLLBACK')
    } catch {
      // Nothing more can be done with it here; the next BEGIN tells its callers.
    }
  }

  /** @throws when SQLite gave the whole transaction up, as it does when the disk is full or fails */
  async function apply(job: Job): Promise<() => void> {
    let over = false
    const runOne: RunSql = async (text, params) => {
      if (over) throw new TypeError('this transaction is over')
      return execute(text, params)
    }
    if (!job.single) control('SAVEPOINT job')
    try {
      const answer = await job.work(runOne)
      if (!job.single) control('RELEASE job')
      return answer
    } catch (error) {
      if (!database.isTransaction) throw error
      if (!job.single) control('ROLLBACK TO job')
      if (!job.single) control('RELEASE job')
      return () => job.refuse(error)
    } finally {
      over = true
    }
  }

  function execute(text: string, params: readonly SqlValue[]): readonly SqlRow[] {
    onStatement(text)
    try {
      return prepared(text).all(...params) as SqlRow[]
    } catch (error) {
      throw asStoreFault(error)
    }
  }

  function control(text: string): void {
    try {
      prepared(text).run()
    } catch (error) {
      throw asStoreFault(error)
    }
  }

  /** The texts are constants of ours, so there are few. `$1` is a name to SQLite and `?1` a place. */
  function prepared(text: string): StatementSync {
    const known = statements.get(text)
    if (known !== undefined) return known
    const statement = database.prepare(text.replaceAll(/\$(\d+)/g, '?$1'))
    statements.set(text, statement)
    return statement
  }

  async function patiently<T>(attempt: () => T): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return attempt()
      } catch (error) {
        if (!isBusy(error) || tries >= MOST_TRIES) throw error
        await timers.sleep(Math.min(tries, LONGEST_PAUSE))
      }
    }
  }
}
