import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPinoLog } from '../../packages/server/src/adapters/pino/log.ts'
import { systemClock } from '../../packages/server/src/adapters/system/clock.ts'
import { systemRandom } from '../../packages/server/src/adapters/system/random.ts'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import { resolveSettings } from '../../packages/server/src/config/load.ts'
import { listen } from '../../packages/server/src/http/listen.ts'
import { createNodeHandler } from '../../packages/server/src/http/node-handler.ts'
import type { PasswordHasher } from '../../packages/server/src/ports/password-hasher.ts'
import { openService } from '../../packages/server/src/server.ts'

export const ISSUER = 'http://localhost:4000'
export const PASSWORD = 'seven purple lanterns drift'

/** Milliseconds: past the window of 35 s. */
const PAST = 36_000

/** The service itself, whole, on SQLite in a folder of its own, on a clock that the benchmark moves. Limits are off. */
export interface BenchService {
  /** A new request each time. */
  post(path: string, body: object): Request
  /** The whole service as a function, without a socket. */
  answer(request: Request): Promise<Response>
  /** Opens a port as the command `serve` does. */
  listen(): Promise<number>
  /** Past the window: the next refresh of every session rotates. */
  age(): void
  close(): Promise<void>
}

export async function openBenchService(plugins: { readonly passwordHasher?: PasswordHasher }): Promise<BenchService> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const offset = { value: 0 }
  const clock = { wall: () => Math.floor(systemClock.wall() + offset.value), mono: systemClock.mono }
  // Lines are made as in production, redaction and all, and written to where nobody reads.
  const log = createPinoLog('info', { write: (line) => process.stderr.write(line) }, clock.wall)
  const settings = resolveSettings({ issuer: ISSUER, dataDir: folder, rateLimit: 'off' })
  const service = await openService(
    settings,
    plugins,
    { clock, timers: systemTimers, random: systemRandom, log, cores: cpus().length, cwd: folder },
    { checkHost: true, serving: true },
  )
  return {
    post: (path, body) =>
      new Request(`${ISSUER}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'bench' },
        body: JSON.stringify(body),
      }),
    answer: (request) => service.app(request, { clientAddress: '127.0.0.1' }),
    async listen() {
      const handler = createNodeHandler(service.app, () => true)
      const { port } = await listen(handler, { host: '127.0.0.1', port: 0, timers: systemTimers })
      return port
    },
    age() {
      offset.value += PAST
    },
    async close() {
      await service.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The refresh token of an answer, which must be of that status. */
export async function tokenOf(response: Response, status: number): Promise<string> {
  const text = await response.text()
  if (response.status !== status) throw new Error(`the service answered ${response.status} where ${status} was due`)
  return (JSON.parse(text) as { readonly refresh_token?: string }).refresh_token ?? ''
}

/** Registers accounts and logs each in, `sessionsEach` times. @returns the refresh tokens */
export async function signUpAll(
  { post, answer }: BenchService,
  accounts: number,
  sessionsEach: number,
): Promise<string[]> {
  const tokens: string[] = []
  for (const username of usernames(accounts)) {
    await tokenOf(await answer(post('/auth/register', { username, password: PASSWORD })), 201)
    for (let i = 0; i < sessionsEach; i++) {
      const credentials = { username, password: PASSWORD, transport: 'body' }
      tokens.push(await tokenOf(await answer(post('/auth/login', credentials)), 200))
    }
  }
  return tokens
}

export function usernames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `user${i}`)
}
