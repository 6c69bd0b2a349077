/**
 * The contract of the service, kept in memory and in a time of the test's own, with the faults that a network has and
 * that the real service cannot be asked for: a dead line, an answer lost after the act, a proxy's page. The same client
 * code is run against the real service in `real-service.test.ts`.
 */
import { ERRORS, type ErrorCode, type TokenResponse } from '@countersign/protocol'
import { createClientOn } from '../../packages/client/src/client.ts'
import type { Client, ClientOptions, TokenStorage } from '../../packages/client/src/index.ts'
import type { Platform } from '../../packages/client/src/platform.ts'

export const ISSUER = 'https://auth.example.com'
export const API = 'https://api.example.com'
export const PAGE = 'https://app.example.com'

interface Row {
  readonly id: string
  readonly username: string
  readonly transport: 'cookie' | 'body'
  generation: number
  rotatedAt: number
  ended: boolean
}

/** Every member that a body of the contract may have. */
interface Sent {
  readonly username?: string
  readonly password?: string
  readonly transport?: 'cookie' | 'body'
  readonly refresh_token?: string
  readonly session_id?: string
  readonly current_password?: string
  readonly new_password?: string
}

/** What happens to a request instead of, or after, being answered. */
export type Fault = 'dead' | 'lost' | 'hang' | Response

/** One request as it arrived. */
export interface Seen {
  readonly url: string
  readonly headers: Headers
  readonly body: string
  readonly init: RequestInit | undefined
}

export function createWorld(figures: { life?: number; grace?: number } = {}) {
  const life = figures.life ?? 600
  const grace = figures.grace ?? 35
  let mono = 1000
  let wall = 1_800_000_000
  const sleepers = new Set<{ at: number; wake: () => void }>()
  const passwords = new Map([
    ['alice', 'correct horse battery'],
    ['bob', 'staple battery horse'],
  ])
  const rows = new Map<string, Row>()
  const access = new Map<string, { row: Row; expires: number }>()
  const faults = new Map<string, Fault[]>()
  const gates = new Map<string, Promise<void>>()
  const seen: Seen[] = []
  const flags = new Map<string, string>()
  let serial = 0

  const problem = (code: ErrorCode, headers: Record<string, string> = {}): Response =>
    new Response(
      JSON.stringify({ type: 'about:blank', title: ERRORS[code].sentence, status: ERRORS[code].status, code }),
      {
        status: ERRORS[code].status,
        headers: { 'content-type': 'application/problem+json', 'x-request-id': 'request-1', ...headers },
      },
    )

  const tokens = (row: Row): TokenResponse => {
    const access_token = `access-${++serial}`
    access.set(access_token, { row, expires: mono + life })
    return {
      access_token,
      token_type: 'Bearer',
      expires_in: life,
      scope: '',
      session_id: row.id,
      account: {
        id: `id-of-${row.username}`,
        username: row.username,
        email: null,
        email_verified: false,
        roles: [],
        claims: {},
      },
      ...(row.transport === 'body'
        ? { refresh_token: `csn_rt_${row.id}.${row.generation}`, refresh_expires_in: 1_209_600 }
        : {}),
    }
  }

  /** A browser has one jar, shared by its pages. */
  const createJar = () => ({ refresh: undefined as string | undefined })
  type Jar = ReturnType<typeof createJar>

  const open = (row: Row, jar: Jar): Response => {
    rows.set(row.id, row)
    if (row.transport === 'cookie') jar.refresh = `csn_rt_${row.id}.${row.generation}`
    return Response.json(tokens(row))
  }

  const bearerRow = (headers: Headers): Row | undefined => {
    const found = access.get((headers.get('authorization') ?? '').replace('Bearer ', ''))
    return found && found.expires > mono && !found.row.ended ? found.row : undefined
  }

  const refused = (): Response => problem('token_invalid', { 'www-authenticate': 'Bearer error="invalid_token"' })

  const routes: Record<string, (request: { body: Sent; headers: Headers; jar: Jar }) => Response> = {
    '/auth/login': ({ body, jar }) => {
      const { username = '', transport = 'body' } = body
      if (passwords.get(username) !== body.password) return problem('credentials_invalid')
      const row = { id: `s${++serial}`, username, transport, generation: 1 }
      return open({ ...row, rotatedAt: Number.NEGATIVE_INFINITY, ended: false }, jar)
    },
    '/auth/refresh': ({ body, headers, jar }) => {
      const presented = body.refresh_token ?? jar.refresh
      if (!presented) return problem('refresh_token_invalid')
      if (!body.refresh_token && headers.get('x-csn-csrf') !== '1') return problem('csrf_refused')
      const [id, generation] = presented.replace('csn_rt_', '').split('.')
      const row = rows.get(id!)
      if (!row || row.ended) return problem('refresh_token_invalid')
      const inWindow = mono - row.rotatedAt < grace
      const age = row.generation - Number(generation)
      if (age === 0 && !inWindow) {
        row.generation++
        row.rotatedAt = mono
      } else if (age > 1 || (age === 1 && !inWindow)) {
        row.ended = true
        return problem('refresh_token_reused')
      }
      if (row.transport === 'cookie') jar.refresh = `csn_rt_${row.id}.${row.generation}`
      return Response.json(tokens(row))
    },
    '/auth/refresh/revoke': ({ body, jar }) => {
      const id = (body.refresh_token ?? jar.refresh)?.replace('csn_rt_', '').split('.')[0]
      if (body.session_id && body.session_id !== id) return new Response(null, { status: 204 })
      const row = rows.get(id ?? '')
      if (row) row.ended = true
      if (!body.refresh_token) jar.refresh = undefined
      return new Response(null, { status: 204 })
    },
    '/auth/logout': ({ headers, jar }) => {
      const row = bearerRow(headers)
      if (!row) return refused()
      row.ended = true
      if (row.transport === 'cookie') jar.refresh = undefined
      return new Response(null, { status: 204 })
    },
    '/auth/logout-all': ({ headers }) => {
      const row = bearerRow(headers)
      if (!row) return refused()
      for (const other of rows.values()) if (other.username === row.username) other.ended = true
      return new Response(null, { status: 204 })
    },
    '/auth/password/change': ({ body, headers, jar }) => {
      const row = bearerRow(headers)
      if (!row) return refused()
      if (passwords.get(row.username) !== body.current_password) return problem('credentials_invalid')
      passwords.set(row.username, body.new_password ?? '')
      for (const other of rows.values()) if (other.username === row.username) other.ended = true
      return open({ ...row, id: `s${++serial}`, generation: 1, rotatedAt: Number.NEGATIVE_INFINITY, ended: false }, jar)
    },
  }

  /** The API: it tells who the token says is calling, and what it got. */
  const api = (headers: Headers, body: string): Response => {
    const authorization = headers.get('authorization')
    const found = access.get((authorization ?? '').replace('Bearer ', ''))
    if (authorization && !(found && found.expires > mono))
      return new Response('{}', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
    return Response.json({ caller: found?.row.username ?? null, body })
  }

  const fetchFrom =
    (jar: Jar) =>
    async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const request = new Request(input, {
        ...init,
        ...(init?.body instanceof ReadableStream ? { duplex: 'half' } : {}),
      } as RequestInit)
      const url = new URL(request.url)
      const text = await request.text()
      seen.push({ url: request.url, headers: request.headers, body: text, init })
      const fault = faults.get(url.pathname)?.shift()
      if (fault === 'dead') throw new TypeError('fetch failed')
      if (fault instanceof Response) return fault
      const route = url.origin === ISSUER ? routes[url.pathname] : undefined
      const jarOf = init?.credentials === 'include' ? jar : createJar()
      const response = route
        ? route({ body: text === '' ? {} : (JSON.parse(text) as Sent), headers: request.headers, jar: jarOf })
        : api(request.headers, text)
      await gates.get(url.pathname)
      if (fault === 'lost') throw new TypeError('fetch failed')
      if (fault === 'hang') await new Promise(() => undefined)
      return response
    }

  const platformOf = (jar: Jar, page: boolean): Platform => ({
    fetch: fetchFrom(jar),
    mono: () => mono,
    wall: () => wall,
    sleep: (seconds, signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(sleeper)
          resolve()
        }
        const sleeper = { at: mono + seconds, wake }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', sleeper.wake)
      }),
    random: () => 0.5,
    origin: page ? PAGE : undefined,
    base: () => (page ? `${PAGE}/` : undefined),
    flag: {
      get: (name) => flags.get(name) ?? null,
      set: (name, value) => void (value === null ? flags.delete(name) : flags.set(name, value)),
    },
    report: (error) => reported.push(error),
  })
  const reported: unknown[] = []
  const browser = createJar()

  return {
    seen,
    rows,
    flags,
    reported,
    browser,
    /** The transport of a page. */
    fetch: fetchFrom(browser),
    problem,
    /** The answers to the next requests to a path, before the service's own. */
    fail: (path: string, ...next: Fault[]) => void faults.set(path, next),
    /** Holds back the answers of a path until the returned function is called. */
    hold(path: string): () => void {
      let release = (): void => undefined
      gates.set(path, new Promise((resolve) => (release = resolve)))
      return () => {
        gates.delete(path)
        release()
      }
    },
    count: (path: string) => seen.filter(({ url }) => new URL(url).pathname === path).length,
    /** Lets time pass, step by step where somebody waits. */
    async advance(seconds: number, clocks: { mono?: boolean; wall?: boolean } = {}) {
      const end = mono + (clocks.mono === false ? 0 : seconds)
      if (clocks.wall !== false) wall += seconds
      for (;;) {
        await settle()
        const next = [...sleepers].sort((a, b) => a.at - b.at)[0]
        if (!next || next.at > end) break
        mono = Math.max(mono, next.at)
        next.wake()
      }
      mono = end
      await settle()
    },
    /** A page of the one browser. */
    page: (options: Partial<ClientOptions> = {}): Client =>
      createClientOn(platformOf(browser, true), { issuer: ISSUER, origins: [API], ...options }),
    /** A program with a storage. */
    program: (storage: TokenStorage, options: Partial<ClientOptions> = {}): Client =>
      createClientOn(platformOf(createJar(), false), { issuer: ISSUER, origins: [API], storage, ...options }),
  }
}

/** Lets everything that can go on go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A storage that a test can look into. */
export function createStore(initial: string | null = null) {
  const store = {
    value: initial,
    get: () => store.value,
    set: (value: string | null) => {
      store.value = value
    },
  }
  return store
}

export const ALICE = { username: 'alice', password: 'correct horse battery' }
export const BOB = { username: 'bob', password: 'staple battery horse' }
