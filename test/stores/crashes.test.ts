import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { createSqlStores } from '../../packages/server/src/adapters/sql/stores.ts'
import { openSqlite } from '../../packages/server/src/adapters/sqlite/open.ts'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import {
  attemptWith,
  createDice,
  digest,
  idInSlot,
  makeAccount,
  makeSession,
  outcomeOf,
  tokenOf,
  WINDOW,
} from '../../packages/server/src/conformance/fixtures.ts'
import { sidOf } from './round.ts'

const CYCLES = 20
const START = 1_800_000_000_000

const folder = mkdtempSync(join(tmpdir(), 'countersign-crashes-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What a writer said that it was answered. */
interface Told {
  readonly lane?: number
  readonly generation?: number
  readonly sequence?: number
  readonly ended?: number
}

test('S-R05 killed at any instant, and opened again: nothing that was answered is lost', async () => {
  const path = join(folder, 'crashes.db')
  const dice = createDice(99)
  const clock = { at: START }
  await seed(path)

  const generations = new Map<number, number>()
  let lastSequence = 0
  let answers = 0

  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const told = await writeUntilKilled(path, cycle, clock.at, dice.int(120))
    answers += told.length
    for (const { lane, generation, sequence } of told) {
      if (lane !== undefined && generation !== undefined) generations.set(lane, generation)
      lastSequence = Math.max(lastSequence, sequence ?? 0)
    }

    const driver = await openSqlite({ path, now: () => clock.at, timers: systemTimers })
    const { sessions, audit } = createSqlStores(driver, () => clock.at)
    for (const [lane, generation] of generations) {
      const session = await sessions.find(sidOf(lane))
      expect(session?.generation ?? -1).toBeGreaterThanOrEqual(generation)
      expect(session?.endedAt).toBeUndefined()
      clock.at = Math.max(clock.at, (session?.rotatedAt ?? 0) + WINDOW + 1)
    }
    for (const { ended } of told) {
      if (ended === undefined) continue
      expect((await sessions.find(sidOf(ended)))?.endedAt).toBeTypeOf('number')
      expect(outcomeOf(await sessions.rotate(attemptWith(tokenOf(sidOf(ended), 0))))).toBe('refused')
    }
    const entries = await audit.read(1, 1_000_000)
    expect(entries.length).toBeGreaterThanOrEqual(lastSequence)
    for (const [i, { mac, body, sequence }] of entries.entries()) {
      expect(sequence).toBe(i + 1)
      expect(mac).toEqual(digest(entries[i - 1]?.mac ?? new Uint8Array(32), Buffer.from(body)))
    }
    await driver.close()
  }
  // It did write, or the test says nothing.
  expect(answers).toBeGreaterThan(CYCLES)
}, 60_000)

/** Four sessions to rotate, and one for each cycle to end. */
async function seed(path: string): Promise<void> {
  const driver = await openSqlite({ path, now: () => START, timers: systemTimers })
  const { accounts, sessions } = createSqlStores(driver, () => START)
  const account = makeAccount(createDice(1), START, { id: idInSlot(7, createDice(2)) })
  await accounts.insert(account, 'owner')
  for (let i = 0; i < CYCLES + 4; i++) {
    const lives = { idleExpiresAt: Number.MAX_SAFE_INTEGER, absoluteExpiresAt: Number.MAX_SAFE_INTEGER }
    await sessions.insert(makeSession(createDice(i), account.id, START, { sid: sidOf(i), ...lives }))
  }
  await driver.close()
}

/** Kills it `after` ms after its first word: in the middle of whatever it does then. */
async function writeUntilKilled(path: string, cycle: number, at: number, after: number): Promise<readonly Told[]> {
  const program = fileURLToPath(new URL('writer.ts', import.meta.url))
  const writer = fork(program, [path, String(cycle), String(at)], { execArgv: ['--conditions=@countersign/source'] })
  const told: Told[] = []
  const { promise: first, resolve: begun } = Promise.withResolvers<void>()
  const { promise: dead, resolve: died } = Promise.withResolvers<void>()
  writer.on('message', (word) => {
    told.push(word as Told)
    begun()
  })
  writer.on('close', () => died())
  writer.on('exit', () => begun())
  await first
  await systemTimers.sleep(after)
  writer.kill('SIGKILL')
  await dead
  return told
}
