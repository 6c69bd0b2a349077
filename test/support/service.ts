import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../packages/server/src/adapters/system/clock.ts'
import { systemRandom } from '../../packages/server/src/adapters/system/random.ts'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import { resolveSettings } from '../../packages/server/src/config/load.ts'
import type { SettingsInput } from '../../packages/server/src/config/settings.ts'
import type { Log } from '../../packages/server/src/ports/log.ts'
import { openService, type Service, type ServicePlugins } from '../../packages/server/src/server.ts'

/**
 * The real service on SQLite in a folder of its own, without a socket, on a clock that the test moves. Requests go in at
 * the front door: `Request` in, `Response` out.
 */
export interface TestService {
  readonly issuer: string
  readonly folder: string
  readonly service: Service
  /** Every log line, as it was written. */
  readonly logs: string[]
  /** Every SQL statement since the start. */
  readonly statements: string[]
  /** The first administrator's one-time password. */
  readonly oneTimePassword: string
  readonly clock: { now(): number; advance(seconds: number): void }
  /** @param path below the issuer, or a whole address */
  request(path: string, init?: TestRequest): Promise<Response>
  post(path: string, body?: unknown, init?: TestRequest): Promise<Response>
  close(): Promise<void>
  /** Closes and opens again on the same data, with the same clock. */
  restart(): Promise<TestService>
}

export interface TestRequest {
  readonly method?: string
  readonly headers?: Record<string, string> | [string, string][]
  readonly body?: BodyInit | null
  /** Sent as a bearer token. */
  readonly token?: string | undefined
  /** The TCP peer. */
  readonly peer?: string | undefined
  readonly json?: unknown
}

export interface TestServiceOptions {
  readonly settings?: Partial<SettingsInput>
  readonly plugins?: ServicePlugins
  readonly folder?: string
  readonly at?: { value: number }
}

export const PASSWORD = 'seven purple lanterns drift'
export const ISSUER = 'http://localhost:4000'

export async function openTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'countersign-test-'))
  const offset = options.at ?? { value: 0 }
  const logs: string[] = []
  const statements: string[] = []
  const clock = {
    wall: () => Math.floor(systemClock.wall() + offset.value),
    mono: () => systemClock.mono() + offset.value,
  }
  const write =
    (level: string) =>
    (message: string, ...rest: unknown[]) => {
      logs.push(
        JSON.stringify({ level, message, rest: rest.map((one) => (one instanceof Error ? String(one.stack) : one)) }),
      )
    }
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const settings = resolveSettings({ issuer: ISSUER, dataDir: folder, ...options.settings })
  const service = await openService(
    settings,
    options.plugins ?? {},
    { clock, timers: systemTimers, random: systemRandom, log, cores: cpus().length, cwd: folder },
    { checkHost: true, serving: true, onStatement: (text) => statements.push(text) },
  )

  const request = (path: string, { token, peer, json, ...init }: TestRequest = {}): Promise<Response> => {
    const headers = new Headers(init.headers)
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
    if (json !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json')
    const body = json === undefined ? init.body : JSON.stringify(json)
    const address = path.startsWith('http') ? path : settings.issuer + path
    const given = { ...init, headers, ...(body === undefined ? {} : { body }) } as RequestInit
    return service.app(new Request(address, given), { clientAddress: peer ?? '192.0.2.1' })
  }

  return {
    issuer: settings.issuer,
    folder,
    service,
    logs,
    statements,
    oneTimePassword: service.firstAdministrator?.oneTimePassword ?? '',
    clock: {
      now: () => clock.wall(),
      advance(seconds) {
        offset.value += seconds * 1000
      },
    },
    request,
    post: (path, body, init = {}) =>
      request(path, { method: 'POST', ...(body === undefined ? {} : { json: body }), ...init }),
    async close() {
      await service.close()
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
    },
    async restart() {
      await service.close()
      return openTestService({ ...options, folder, at: offset })
    },
  }
}

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
  readonly refresh_expires_in: number
  readonly scope: string
  readonly session_id: string
  readonly account: { readonly id: string; readonly username: string; readonly roles: readonly string[] }
}

/** Registers somebody. */
export async function register(service: TestService, username: string, more: object = {}): Promise<Response> {
  return service.post('/auth/register', { username, password: PASSWORD, ...more }, { peer: addressOf(username) })
}

/** Registers somebody new and logs them in with tokens in the body. */
export async function signUp(service: TestService, username: string, more: object = {}): Promise<Tokens> {
  const registered = await register(service, username)
  if (registered.status !== 201) throw new Error(`register: ${registered.status} ${await registered.text()}`)
  return login(service, username, more)
}

export async function login(service: TestService, username: string, more: object = {}): Promise<Tokens> {
  const response = await service.post(
    '/auth/login',
    { username, password: PASSWORD, transport: 'body', ...more },
    { peer: addressOf(username) },
  )
  if (response.status !== 200) throw new Error(`login: ${response.status} ${await response.text()}`)
  return (await response.json()) as Tokens
}

/** Changes the first administrator's one-time password and gives tokens with the scope `admin`. */
export async function administrator(service: TestService): Promise<Tokens> {
  const response = await service.post('/auth/password/change', {
    username: 'admin',
    current_password: service.oneTimePassword,
    new_password: PASSWORD,
    transport: 'body',
    scope: 'admin',
  })
  if (response.status !== 200) throw new Error(`administrator: ${response.status} ${await response.text()}`)
  return (await response.json()) as Tokens
}

/** An address of its own for each name, so that tests do not meet in each other's limits. */
export function addressOf(name: string): string {
  let hash = 7
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 65_536
  return `198.18.${hash >> 8}.${hash & 255}`
}

/** The cookies that an answer sets: name to value, `''` for a cleared one. */
export function cookiesOf(response: Response): Map<string, string> {
  return new Map(
    response.headers.getSetCookie().map((line) => {
      const [pair = ''] = line.split(';', 1)
      const at = pair.indexOf('=')
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

/** The payload of a token, without any check. */
export function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

export async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { code: string }).code
}
