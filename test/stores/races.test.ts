import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SqlDriver } from '../../packages/server/src/adapters/sql/driver.ts'
import { createSqlStores } from '../../packages/server/src/adapters/sql/stores.ts'
import { openSqlite } from '../../packages/server/src/adapters/sqlite/open.ts'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import {
  createDice,
  digest,
  idInSlot,
  makeAccount,
  makeSession,
  WINDOW,
} from '../../packages/server/src/conformance/fixtures.ts'
import type { Stores } from '../../packages/server/src/ports/stores.ts'
import { type Round, sidOf } from './round.ts'

const PROCESSES = 4
const START = 1_800_000_000_000
const LATER = START + WINDOW + 1

const folder = mkdtempSync(join(tmpdir(), 'countersign-races-'))
const path = join(folder, 'races.db')
const clock = { at: START }
let racers: readonly ChildProcess[] = []
let driver: SqlDriver
let stores: Stores

beforeAll(async () => {
  racers = Array.from({ length: PROCESSES }, (_, i) => startRacer(String(i + 1)))
  await Promise.all(racers.map(nextWord))
  driver = await openSqlite({ path, now: () => clock.at, timers: systemTimers })
  stores = createSqlStores(driver, () => clock.at)
})

afterAll(async () => {
  for (const racer of racers) racer.disconnect()
  await driver.close()
  rmSync(folder, { recursive: true })
})

test('300 times four processes present one token: one rotation and three repeats each time', async () => {
  const rounds = 300
  const account = makeAccount(createDice(1), START, { id: idInSlot(7, createDice(2)) })
  await stores.accounts.insert(account, 'owner')
  const sessions = Array.from({ length: rounds }, (_, round) =>
    makeSession(createDice(round), account.id, START, { sid: sidOf(round) }),
  )
  await Promise.all(sessions.map((session) => stores.sessions.insert(session)))

  for (let round = 0; round < rounds; round++) {
    const outcomes = await race({ act: 'rotate', round, at: LATER })
    expect(outcomes.sort()).toEqual(['repeated', 'repeated', 'repeated', 'rotated'])
  }
  for (const { sid } of sessions) {
    expect(await stores.sessions.find(sid)).toMatchObject({ generation: 1, repeats: 3, endedAt: undefined })
  }
}, 60_000)

test('four processes start on a new file and make one first administrator, every time', async () => {
  for (let round = 0; round < 25; round++) {
    const made = await race({ act: 'administrator', round, at: START })
    expect(made.sort()).toEqual(['false', 'false', 'false', 'true'])
  }
}, 60_000)

test('four processes take one name: one has it, every time', async () => {
  for (let round = 0; round < 100; round++) {
    const added = await race({ act: 'account', round, at: START })
    expect(added.sort()).toEqual(['false', 'false', 'false', 'true'])
  }
}, 60_000)

test('S-A05 four processes append to the audit log: one order without a fork or a gap', async () => {
  const rounds = 100
  const told: number[] = []
  for (let round = 0; round < rounds; round++) {
    told.push(...(await race({ act: 'audit', round, at: START })).map(Number))
  }
  const everyPlace = Array.from({ length: rounds * PROCESSES }, (_, i) => i + 1)
  expect(told.sort((a, b) => a - b)).toEqual(everyPlace)

  const entries = await stores.audit.read(1, 1_000)
  expect(entries.map(({ sequence }) => sequence)).toEqual(everyPlace)
  for (const [i, { mac, body }] of entries.entries()) {
    expect(mac).toEqual(digest(entries[i - 1]?.mac ?? new Uint8Array(32), Buffer.from(body)))
  }
}, 60_000)

function startRacer(name: string): ChildProcess {
  const program = fileURLToPath(new URL('racer.ts', import.meta.url))
  return fork(program, [path, name], { execArgv: ['--conditions=@countersign/source'] })
}

/** Tells all at once and waits for the word of each. */
async function race(round: Round): Promise<string[]> {
  const words = racers.map(nextWord)
  for (const racer of racers) racer.send(round)
  return await Promise.all(words)
}

async function nextWord(racer: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const onExit = (): void => reject(new Error('a racer ended'))
  racer.once('exit', onExit)
  racer.once('message', (word) => resolve(String(word)))
  const word = await promise
  racer.off('exit', onExit)
  return word
}
