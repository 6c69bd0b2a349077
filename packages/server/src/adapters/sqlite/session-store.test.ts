import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { attemptWith, createWorld, outcomeOf, SECOND, tokenOf, WINDOW } from '../../conformance/fixtures.ts'
import { StoreUnavailableError } from '../../ports/store-error.ts'
import type { SqlDriver } from '../sql/driver.ts'
import { createSqlStores } from '../sql/stores.ts'
import { systemTimers } from '../system/timers.ts'
import { openSqlite } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-sessions-'))
const drivers: SqlDriver[] = []
afterAll(async () => {
  for (const driver of drivers) await driver.close()
  rmSync(folder, { recursive: true })
})

test('a refresh is one statement, and so are log-in, logout and the check of a bearer', async () => {
  const seen: string[] = []
  const { stores, clock, addSession, dice } = await createWorld(async (now) => {
    const onStatement = (text: string): void => void seen.push(text)
    const driver = await openSqlite({ path: join(folder, 'count.db'), now, timers: systemTimers, onStatement })
    drivers.push(driver)
    return createSqlStores(driver, now)
  })
  const count = async (work: () => Promise<unknown>): Promise<number> => {
    seen.length = 0
    await work()
    return seen.length
  }
  const session = await addSession()
  clock.at += WINDOW + 1
  const attempt = attemptWith(tokenOf(session.sid, 0))
  expect(await count(() => stores.sessions.rotate(attempt))).toBe(1)
  expect(await count(() => stores.sessions.insert({ ...session, sid: dice.bytes(16) }))).toBe(1)
  expect(await count(() => stores.sessions.find(session.sid))).toBe(1)
  expect(await count(() => stores.accounts.findWithCredential(session.accountId))).toBe(1)
  expect(await count(() => stores.sessions.end(session.sid))).toBe(1)
})

/** Real stores on a database whose connection can be lost, before or after the commit. */
async function createFragile(name: string): Promise<{
  world: Awaited<ReturnType<typeof createWorld>>
  connection: { is: 'good' | 'down' | 'losing answers' }
}> {
  const connection: { is: 'good' | 'down' | 'losing answers' } = { is: 'good' }
  const world = await createWorld(async (now) => {
    const driver = await openSqlite({ path: join(folder, name), now, timers: systemTimers })
    drivers.push(driver)
    const fragile: SqlDriver = {
      ...driver,
      async run(text, params) {
        if (connection.is === 'down') throw new StoreUnavailableError('down')
        const rows = await driver.run(text, params)
        if (connection.is === 'losing answers') throw new StoreUnavailableError('lost', 'unknown')
        return rows
      },
    }
    return createSqlStores(fragile, now)
  })
  return { world, connection }
}

test('S-R06 an answer lost in an outage longer than the window is no theft, for a minute after it', async () => {
  for (const [late, outcome] of [
    [59 * SECOND, 'repeated'],
    [61 * SECOND, 'reused'],
  ] as const) {
    const { world, connection } = await createFragile(`outage-${late}.db`)
    const { stores, clock, addSession } = world
    const session = await addSession()
    const attempt = attemptWith(tokenOf(session.sid, 0))
    clock.at += WINDOW + 1
    connection.is = 'losing answers'
    await expect(stores.sessions.rotate(attempt)).rejects.toBeInstanceOf(StoreUnavailableError)
    connection.is = 'down'
    clock.at += 10 * WINDOW
    await expect(stores.sessions.rotate(attempt)).rejects.toBeInstanceOf(StoreUnavailableError)
    connection.is = 'good'
    expect(await stores.sessions.find(session.sid)).toMatchObject({ generation: 1 })
    clock.at += late
    expect(outcomeOf(await stores.sessions.rotate(attempt))).toBe(outcome)
  }
})

test('without an outage, the same repeat is reuse', async () => {
  const { world } = await createFragile('control.db')
  const { stores, clock, addSession } = world
  const session = await addSession()
  const attempt = attemptWith(tokenOf(session.sid, 0))
  clock.at += WINDOW + 1
  await stores.sessions.rotate(attempt)
  clock.at += 10 * WINDOW
  expect(outcomeOf(await stores.sessions.rotate(attempt))).toBe('reused')
})

test('a logout that took more than a second leaves an entry, since those who poll may have passed it', async () => {
  let driver: SqlDriver | undefined
  const { stores, clock, addSession } = await createWorld(async (now) => {
    const real = await openSqlite({ path: join(folder, 'slow.db'), now, timers: systemTimers })
    driver = real
    drivers.push(real)
    const slow: SqlDriver = {
      ...real,
      async run(text, params) {
        const rows = await real.run(text, params)
        clock.at += 1_001
        return rows
      },
    }
    return createSqlStores(slow, now)
  })
  const session = await addSession()
  await stores.sessions.end(session.sid)
  expect(await driver?.run('SELECT kind FROM revocation ORDER BY kind', [])).toMatchObject([{ kind: 's' }])
})
