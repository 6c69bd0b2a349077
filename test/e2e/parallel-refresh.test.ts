import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, ask, freePort, type ServiceProcess, startService } from '../support/process.ts'

/** Four real processes on one database file: what one has decided, all have decided. */
const PROCESSES = 4
const ISSUER = 'http://localhost:4000'
const PASSWORD = 'seven purple lanterns drift'

const folder = mkdtempSync(join(tmpdir(), 'countersign-parallel-'))
const services: ServiceProcess[] = []
let database: DatabaseSync | undefined

beforeAll(async () => {
  // The first one makes the data.
  await start()
  await Promise.all(Array.from({ length: PROCESSES - 1 }, start))
  database = new DatabaseSync(join(folder, 'countersign.db'), { timeout: 5_000 })
}, 60_000)

afterAll(async () => {
  database?.close()
  const ended = await Promise.all(services.map((service) => service.stop()))
  rmSync(folder, { recursive: true })
  expect(ended).toEqual(Array(PROCESSES).fill(0))
}, 60_000)

async function start(): Promise<void> {
  services.push(await startService(folder, { PORT: String(await freePort()), ISSUER, RATE_LIMIT: 'off' }))
}

const at = (i: number): string => services[i % PROCESSES]?.origin ?? ''
const refresh = (i: number, refresh_token: string) => ask(at(i), ISSUER, '/auth/refresh', { refresh_token })

/** Every session was last rotated a minute ago: past the window, without waiting for it. */
const age = () => database?.exec('UPDATE session SET rotated_at = rotated_at - 60000')

async function logIn(username: string): Promise<Answer['body']> {
  const { status, body } = await ask(at(0), ISSUER, '/auth/login', { username, password: PASSWORD, transport: 'body' })
  expect(status).toBe(200)
  return body
}

function rowOf(session: string): Record<string, unknown> {
  const sid = Buffer.from(session, 'base64url')
  return { ...database?.prepare('SELECT gen, grace_n, revoked_at FROM session WHERE sid = ?').get(sid) }
}

test('S-R03 a hundred refreshes at once over four processes: one successor byte for byte, and one rotation', async () => {
  expect((await ask(at(0), ISSUER, '/auth/register', { username: 'alice', password: PASSWORD })).status).toBe(201)
  const { refresh_token: first, session_id } = await logIn('alice')
  age()
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => refresh(i, first)))
  expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200))
  const successors = new Set(answers.map(({ body }) => body.refresh_token))
  expect(successors.size).toBe(1)
  expect(successors.has(first)).toBe(false)
  expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(100)
  expect(rowOf(session_id)).toEqual({ gen: 1, grace_n: 99, revoked_at: null })

  // All four know the successor, keep it, and turn it once more when it is old.
  const [next = ''] = successors
  for (let i = 0; i < PROCESSES; i++) expect((await refresh(i, next)).body.refresh_token).toBe(next)
  age()
  const later = await Promise.all(Array.from({ length: 20 }, (_, i) => refresh(i, next)))
  expect(new Set(later.map(({ body }) => body.refresh_token)).size).toBe(1)
  expect(rowOf(session_id)).toEqual({ gen: 2, grace_n: 19, revoked_at: null })
})

test('S-R02 an old token at one process ends the session at all of them', async () => {
  const { refresh_token: first, session_id } = await logIn('alice')
  age()
  const second = (await refresh(1, first)).body
  expect((await refresh(2, second.refresh_token)).status).toBe(200)
  age()
  const stolen = await refresh(3, first)
  expect([stolen.status, stolen.body.code]).toEqual([401, 'refresh_token_reused'])
  expect(rowOf(session_id).revoked_at).toBeTypeOf('number')
  for (let i = 0; i < PROCESSES; i++) {
    const { status, body } = await refresh(i, second.refresh_token)
    expect([status, body.code]).toEqual([401, 'refresh_token_invalid'])
    expect((await ask(at(i), ISSUER, '/auth/me', undefined, second.access_token)).status).toBe(401)
  }
})
