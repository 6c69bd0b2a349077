import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { StoreNewerError, StoreUnavailableError } from '../../ports/store-error.ts'
import { systemTimers } from '../system/timers.ts'
import { openSqlite } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-open-'))
let files = 0
afterAll(() => rmSync(folder, { recursive: true }))

const newPath = (): string => join(folder, `data-${++files}`, 'countersign.db')
const now = (): number => 1_800_000_000_000
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

test('the folder and every file are for their owner alone', async () => {
  const path = newPath()
  const driver = await openSqlite({ path, now, timers: systemTimers })
  await driver.run('INSERT INTO meta (name, value) VALUES ($1, $2)', ['a', 'b'])
  expect(modeOf(dirname(path))).toBe('700')
  for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(modeOf(file)).toBe('600')
  await driver.close()
})

test('a file that others may read is closed to them', async () => {
  const path = newPath()
  await (await openSqlite({ path, now, timers: systemTimers })).close()
  chmodSync(path, 0o644)
  await (await openSqlite({ path, now, timers: systemTimers })).close()
  expect(modeOf(path)).toBe('600')
})

test('commits are written to the disk before they are answered', async () => {
  const driver = await openSqlite({ path: newPath(), now, timers: systemTimers })
  expect(await driver.run('PRAGMA synchronous', [])).toMatchObject([{ synchronous: 2 }])
  expect(await driver.run('PRAGMA journal_mode', [])).toMatchObject([{ journal_mode: 'wal' }])
  await driver.close()
})

test('each migration runs once, and is recorded', async () => {
  const path = newPath()
  for (let i = 0; i < 2; i++) await (await openSqlite({ path, now, timers: systemTimers })).close()
  const database = new DatabaseSync(path)
  const rows = database.prepare('SELECT number, applied_at FROM migration ORDER BY number').all()
  expect(rows.map((row) => ({ ...row }))).toEqual([{ number: 1, applied_at: now() }])
  database.close()
})

test('many that start at once on a new file all find it ready', async () => {
  const path = newPath()
  const opened = await Promise.all(Array.from({ length: 6 }, () => openSqlite({ path, now, timers: systemTimers })))
  for (const driver of opened) expect(await driver.run('SELECT name FROM meta ORDER BY name', [])).toEqual([])
  await Promise.all(opened.map((driver) => driver.close()))
})

test('a store that a newer version wrote is not touched', async () => {
  const path = newPath()
  await (await openSqlite({ path, now, timers: systemTimers })).close()
  const database = new DatabaseSync(path)
  database.exec('INSERT INTO migration (number, applied_at) VALUES (99, 0)')
  database.close()
  await expect(openSqlite({ path, now, timers: systemTimers })).rejects.toBeInstanceOf(StoreNewerError)
})

test('a file that is no database is a store that cannot be reached', async () => {
  const path = newPath()
  await (await openSqlite({ path, now, timers: systemTimers })).close()
  rmSync(path)
  writeFileSync(path, 'this is a text and no database, and longer than the hundred bytes of a header '.repeat(20))
  await expect(openSqlite({ path, now, timers: systemTimers })).rejects.toBeInstanceOf(StoreUnavailableError)
})
