import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { StoreUnavailableError } from '../../ports/store-error.ts'
import type { Timers } from '../../ports/timers.ts'
import type { SqlDriver } from '../sql/driver.ts'
import { systemTimers } from '../system/timers.ts'
import { createSqliteDriver } from './driver.ts'
import { openSqlite } from './open.ts'

const ADD = 'INSERT INTO meta (name, value) VALUES ($1, $2)'
const ALL = 'SELECT name FROM meta ORDER BY name'

const folder = mkdtempSync(join(tmpdir(), 'countersign-driver-'))
const drivers: SqlDriver[] = []
let files = 0

afterAll(async () => {
  for (const driver of drivers) await driver.close()
  rmSync(folder, { recursive: true })
})

async function open(
  path: string = newPath(),
  onStatement?: (text: string) => void,
  timers: Timers = systemTimers,
): Promise<SqlDriver> {
  const driver = await openSqlite({ path, now: () => 0, timers, ...(onStatement && { onStatement }) })
  drivers.push(driver)
  return driver
}

function newPath(): string {
  return join(folder, `${++files}.db`)
}

async function names(driver: SqlDriver): Promise<unknown[]> {
  return (await driver.run(ALL, [])).map(({ name }) => name)
}

/** A promise's fault, or `undefined`. */
async function faultOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('statements', () => {
  test('parameters go by their numbers, in any order and more than once', async () => {
    const driver = await open()
    const text = 'SELECT $2 AS b, $1 AS a, $2 AS again, $3 AS c, $10 AS ten'
    const params = [1, 'two', new Uint8Array([3]), null, null, null, null, null, null, 10]
    const [row] = await driver.run(text, params)
    expect({ ...row }).toEqual({ b: 'two', a: 1, again: 'two', c: new Uint8Array([3]), ten: 10 })
  })

  test('a broken statement is thrown as it is, and harms nobody who waited with it', async () => {
    const driver = await open()
    const [good, twice, wrong, late] = await Promise.all([
      faultOf(driver.run(ADD, ['a', '1'])),
      faultOf(driver.run(ADD, ['a', '2'])),
      faultOf(driver.run('UPDATE nothing SET a = 1', [])),
      faultOf(driver.run(ADD, ['b', '1'])),
    ])
    expect([good, late]).toEqual([undefined, undefined])
    for (const fault of [twice, wrong]) {
      expect(fault).toBeInstanceOf(Error)
      expect(fault).not.toBeInstanceOf(StoreUnavailableError)
    }
    expect(await names(driver)).toEqual(['a', 'b'])
  })

  test('the observer sees each statement once, without its parameters', async () => {
    const seen: string[] = []
    const driver = await open(newPath(), (text) => seen.push(text))
    await driver.run(ADD, ['a', 'secret'])
    await driver.transaction(async (run) => await run(ALL, []))
    expect(seen).toEqual([ADD, ALL])
  })
})

describe('writing together', () => {
  test('what is asked within one turn of the event loop shares one commit', async () => {
    const { driver, commits } = openCounting()
    await Promise.all(Array.from({ length: 100 }, (_, i) => driver.run(ADD, [`name ${i}`, 'x'])))
    expect(commits()).toBe(1)
    await driver.run(ADD, ['alone', 'x'])
    expect(commits()).toBe(2)
    expect((await driver.run(ALL, [])).length).toBe(101)
  })

  test('a failed commit is told to everybody in it, as unknown, and the next one is good', async () => {
    const { driver, database } = openCounting()
    // A deferred constraint is what makes a commit itself fail.
    database.exec('PRAGMA foreign_keys = ON; CREATE TABLE p (id INTEGER PRIMARY KEY)')
    database.exec('CREATE TABLE c (p INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)')
    const faults = await Promise.all([
      faultOf(driver.run(ADD, ['a', 'x'])),
      faultOf(driver.run('INSERT INTO c (p) VALUES (1)', [])),
    ])
    for (const fault of faults) expect(fault).toMatchObject({ name: 'StoreUnavailableError', outcome: 'unknown' })
    expect(await names(driver)).toEqual([])
    await driver.run(ADD, ['b', 'x'])
    expect(await names(driver)).toEqual(['b'])
  })

  /** A driver on a database in memory whose commits are counted by what a commit leaves behind: no open transaction. */
  function openCounting(): { driver: SqlDriver; database: DatabaseSync; commits: () => number } {
    const database = new DatabaseSync(':memory:')
    database.exec('CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT)')
    let sleeps = 0
    const timers: Timers = {
      async sleep(ms) {
        sleeps++ // the driver gathers once for each commit
        await systemTimers.sleep(ms)
      },
    }
    const driver = createSqliteDriver(database, timers)
    drivers.push(driver)
    return { driver, database, commits: () => sleeps }
  }
})

describe('transactions', () => {
  test('all or nothing, and a fault in one harms no other', async () => {
    const driver = await open()
    const failing = driver.transaction(async (run) => {
      await run(ADD, ['lost', 'x'])
      throw new RangeError('changed our mind')
    })
    const others = [driver.run(ADD, ['before', 'x']), driver.transaction((run) => run(ADD, ['inside', 'x']))]
    expect(await faultOf(failing)).toBeInstanceOf(RangeError)
    await Promise.all(others)
    expect(await names(driver)).toEqual(['before', 'inside'])
  })

  test('no other statement comes between its own, and no reader sees it half done', async () => {
    const driver = await open()
    const seen: number[] = []
    const work = driver.transaction(async (run) => {
      for (const name of ['a', 'b', 'c']) {
        await run(ADD, [name, 'x'])
        void driver.run(ALL, []).then((rows) => seen.push(rows.length))
        await systemTimers.sleep(5)
      }
      return (await run(ALL, [])).length
    })
    void driver.run(ADD, ['d', 'x'])
    expect(await work).toBe(3)
    await driver.run(ADD, ['e', 'x'])
    expect(seen).toEqual(seen.map(() => Math.max(...seen)))
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(3)
    expect(await names(driver)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('a transaction that is over takes no more statements', async () => {
    const driver = await open()
    const late = await driver.transaction(async (run) => run)
    expect(await faultOf(late(ADD, ['late', 'x']))).toBeInstanceOf(TypeError)
    expect(await names(driver)).toEqual([])
  })
})

describe('faults', () => {
  test('a lock that another process holds is waited for', async () => {
    const path = newPath()
    const driver = await open(path)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const write = driver.run(ADD, ['a', 'x'])
    await systemTimers.sleep(150)
    // Reading goes on meanwhile.
    expect(await names(driver)).toEqual([])
    other.exec('COMMIT')
    other.close()
    await write
    expect(await names(driver)).toEqual(['a'])
  })

  test('a lock that is never let go is a failed store, and the process was not held up', async () => {
    const path = newPath()
    const impatient: Timers = { sleep: (ms) => systemTimers.sleep(ms === 0 ? 0 : 1) }
    const driver = await open(path, undefined, impatient)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const fault = await faultOf(driver.run(ADD, ['a', 'x']))
    expect(fault).toBeInstanceOf(StoreUnavailableError)
    expect(fault).toMatchObject({ outcome: 'failed' })
    other.exec('ROLLBACK')
    other.close()
    await driver.run(ADD, ['b', 'x'])
    expect(await names(driver)).toEqual(['b'])
  })

  test('closing finishes what was asked for, and refuses what comes later', async () => {
    const path = newPath()
    const driver = await open(path)
    const before = driver.run(ADD, ['a', 'x'])
    const closing = driver.close()
    const late = [faultOf(driver.run(ADD, ['b', 'x'])), faultOf(driver.run(ALL, []))]
    await Promise.all([before, closing])
    for (const fault of await Promise.all(late)) expect(fault).toBeInstanceOf(StoreUnavailableError)
    await driver.close()
    expect(await names(await open(path))).toEqual(['a'])
  })

  test('a reader that waits for a transaction while the driver closes is refused or answered, never left', async () => {
    const driver = await open()
    const work = driver.transaction(async (run) => {
      await run(ADD, ['a', 'x'])
      await systemTimers.sleep(20)
    })
    await systemTimers.sleep(5)
    const reader = faultOf(driver.run(ALL, []))
    await Promise.all([driver.close(), work])
    const fault = await reader
    expect(fault === undefined || fault instanceof StoreUnavailableError).toBe(true)
  })

  test('a full store refuses new callers and answers those who wait', async () => {
    const driver = await open()
    const asked = Array.from({ length: 10_050 }, (_, i) => faultOf(driver.run(ADD, [`name ${i}`, 'x'])))
    const faults = await Promise.all(asked)
    expect(faults.filter((fault) => fault instanceof StoreUnavailableError).length).toBe(50)
    expect((await names(driver)).length).toBe(10_000)
  })
})

test('a transaction that cannot go on is taken back whole, and does not stay open for those who come after', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-driver-'))
  const database = new DatabaseSync(join(folder, 'one.db'))
  database.exec('CREATE TABLE note (text TEXT)')
  const driver = createSqliteDriver(database, systemTimers)
  const write = (text: string) => driver.run('INSERT INTO note (text) VALUES ($1) RETURNING text', [text])
  try {
    // As when memory runs out there: SQLite refuses the savepoint and leaves the transaction open.
    database.setAuthorizer((action) =>
      action === constants.SQLITE_SAVEPOINT ? constants.SQLITE_DENY : constants.SQLITE_OK,
    )
    const together = await Promise.allSettled([write('one'), driver.transaction((run) => run('SELECT 1', []))])
    expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    database.setAuthorizer(null)
    expect(await write('two')).toEqual([{ text: 'two' }])
    expect(await driver.run('SELECT text FROM note', [])).toEqual([{ text: 'two' }])
  } finally {
    await driver.close()
    rmSync(folder, { recursive: true })
  }
})
