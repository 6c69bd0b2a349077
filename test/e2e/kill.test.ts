import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import { ask, freePort, MAIN, type ServiceProcess, startService } from '../support/process.ts'

/** `kill -9` in the middle of refreshes and logouts: whatever was answered is true afterwards. */
const ISSUER = 'http://localhost:4000'
const PASSWORD = 'seven purple lanterns drift'
const SESSIONS = 40
const LANES = 8
/** How long after its first answer the process lives, in milliseconds: each cycle another instant. */
const LIVES = [0, 4, 12, 25, 60]

const folder = mkdtempSync(join(tmpdir(), 'countersign-kill-'))
let running: ServiceProcess | undefined
afterAll(async () => {
  await running?.kill() // a test that failed left it behind
  rmSync(folder, { recursive: true })
})

/** A session as its client knows it. */
interface Held {
  readonly session: string
  /** The token that the client sent last. */
  sent: string
  /** The answer to it, when one came. */
  answered: string | undefined
  /** A logout was answered. */
  ended: boolean
}

test('S-R05 killed at any instant under load: no rotation, no logout and no reuse that was answered is lost', async () => {
  let service = await start()
  const post = (path: string, body: object) => ask(service.origin, ISSUER, path, body)
  expect((await post('/auth/register', { username: 'alice', password: PASSWORD })).status).toBe(201)
  const held: Held[] = []
  for (let i = 0; i < SESSIONS; i++) {
    const { body } = await post('/auth/login', { username: 'alice', password: PASSWORD, transport: 'body' })
    held.push({ session: body.session_id, sent: body.refresh_token, answered: undefined, ended: false })
  }
  const refresh = (refresh_token: string) => post('/auth/refresh', { refresh_token })
  const tally = { answered: 0, unanswered: 0, ended: 0 }

  for (const [cycle, life] of LIVES.entries()) {
    age()
    const alive = held.filter(({ ended }) => !ended)
    const leaving = alive.slice(0, 3)
    const work: (() => Promise<void>)[] = alive.slice(3).map((one) => async () => {
      const { status, body } = await refresh(one.sent)
      expect(status).toBe(200)
      one.answered = body.refresh_token
    })
    for (const [i, one] of leaving.entries()) {
      work.splice(i * 9, 0, async () => {
        expect((await post('/auth/refresh/revoke', { refresh_token: one.sent })).status).toBe(204)
        one.ended = true
      })
    }
    await underLoad(work, () => killAfter(service, life))
    service = await start()

    for (const one of alive) {
      const again = await refresh(one.sent)
      if (one.ended) {
        tally.ended += 1
        expect([again.status, again.body.code]).toEqual([401, 'refresh_token_invalid'])
        continue
      }
      if (leaving.includes(one)) {
        // Killed before the answer: ended or not, as the commit was before or after, but never in between.
        if (again.status === 200) one.sent = again.body.refresh_token
        else one.ended = true
        continue
      }
      // Answered or not, the token that was sent is good for its successor, and for no other than the answered one.
      expect([cycle, again.status]).toEqual([cycle, 200])
      expect(again.body.refresh_token).not.toBe(one.sent)
      if (one.answered === undefined) tally.unanswered += 1
      else {
        tally.answered += 1
        expect(again.body.refresh_token).toBe(one.answered)
        expect((await refresh(one.answered)).status).toBe(200)
      }
      one.sent = again.body.refresh_token
      one.answered = undefined
    }
  }
  // Something was answered and something was cut off, or the test says nothing.
  expect(tally.answered).toBeGreaterThan(0)
  expect(tally.unanswered).toBeGreaterThan(0)

  // A reuse that was answered ends the session for good, whatever comes after.
  const [victim] = held.filter(({ ended }) => !ended)
  const old = victim?.sent ?? ''
  age()
  const next = (await refresh(old)).body.refresh_token
  age()
  expect((await refresh(old)).body.code).toBe('refresh_token_reused')
  await service.kill()
  service = await start()
  for (const token of [old, next]) expect((await refresh(token)).body.code).toBe('refresh_token_invalid')

  expect(await service.stop()).toBe(0)
  const database = new DatabaseSync(join(folder, 'countersign.db'))
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  database.close()
  expect(await auditVerify()).toBe(0)
}, 60_000)

async function start(): Promise<ServiceProcess> {
  running = await startService(folder, { PORT: String(await freePort()), ISSUER, RATE_LIMIT: 'off' })
  return running
}

/** Every session was last rotated a minute earlier: past the window, without waiting for it. */
function age(): void {
  const database = new DatabaseSync(join(folder, 'countersign.db'), { timeout: 5_000 })
  database.exec('UPDATE session SET rotated_at = rotated_at - 60000')
  database.close()
}

/** Does the work in lanes, calls `kill` after the first answer, and takes what the connections then say as no answer. */
async function underLoad(work: readonly (() => Promise<void>)[], kill: () => Promise<void>): Promise<void> {
  const waiting = [...work]
  const { promise: first, resolve: begun } = Promise.withResolvers<void>()
  const lane = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      try {
        await one()
        begun()
      } catch (error) {
        if (!isCutOff(error)) throw error
        return
      }
    }
  }
  const lanes = Array.from({ length: LANES }, lane)
  await Promise.race([first, Promise.all(lanes)])
  await kill()
  await Promise.all(lanes)
}

async function killAfter(service: ServiceProcess, milliseconds: number): Promise<void> {
  await systemTimers.sleep(milliseconds)
  await service.kill()
}

function isCutOff(error: unknown): boolean {
  const codes: readonly unknown[] = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE']
  return error instanceof Error && 'code' in error && codes.includes(error.code)
}

/** `countersign audit verify`: no entry is missing, changed or out of order. */
function auditVerify(): Promise<number | null> {
  const child = spawn(process.execPath, ['--conditions=@countersign/source', MAIN, 'audit', 'verify'], {
    cwd: folder,
    env: { PATH: process.env.PATH, COUNTERSIGN_DATA_DIR: folder, COUNTERSIGN_ISSUER: ISSUER },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return new Promise((resolve) => child.once('exit', resolve))
}
