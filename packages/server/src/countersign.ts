import { cpus } from 'node:os'
import { createPinoLog } from './adapters/pino/log.ts'
import { systemClock } from './adapters/system/clock.ts'
import { standardError, workingFolder } from './adapters/system/process.ts'
import { systemRandom } from './adapters/system/random.ts'
import { systemTimers } from './adapters/system/timers.ts'
import { resolveSettings } from './config/load.ts'
import type { SettingsInput } from './config/settings.ts'
import { AuthError } from './domain/errors.ts'
import type { RequestInfo } from './http/app.ts'
import { addSecurityHeaders } from './http/headers.ts'
import { createNodeHandler, type NodeHandler } from './http/node-handler.ts'
import { problemResponse } from './http/problem.ts'
import type { PasswordHasher } from './ports/password-hasher.ts'
import { openService, type Service, type System } from './server.ts'
import type { ClaimsInput } from './usecases/claims-hook.ts'

/** Names that a claims hook may not set: the compiler refuses them here, the service at run time. */
export type AddedClaims = object & {
  readonly [N in
    | 'iss'
    | 'sub'
    | 'aud'
    | 'exp'
    | 'iat'
    | 'nbf'
    | 'jti'
    | 'client_id'
    | 'scope'
    | 'roles'
    | 'sid'
    | 'ver'
    | 'cnf']?: never
}

/** Behaviour: what no variable can say. */
export interface Plugins<C extends AddedClaims = Record<never, never>> {
  /** Added to each access token and shown to the client. Small, and nothing secret: whoever holds a token can read it. */
  readonly claims?: (input: ClaimsInput) => C | Promise<C>
  /** In place of argon2id. */
  readonly passwordHasher?: PasswordHasher
  /** Milliseconds since the epoch. For tests. */
  readonly clock?: () => number
}

declare const added: unique symbol

/** The service inside an application. */
export interface Countersign<C extends object = Record<never, never>> {
  /**
   * Answers a request; 404 for a path that is not ours. Never rejects. Opens the service if nobody has. Without
   * `clientAddress` limits go by account alone, and forwarding headers are ignored.
   */
  readonly fetch: (request: Request, info?: RequestInfo) => Promise<Response>
  /** The paths to route here: `/auth/*` and so on, below the issuer's path. */
  readonly paths: readonly string[]
  /** Opens the store, migrates it, loads the keys. @throws {ConfigError} */
  readonly ready: () => Promise<void>
  /** Finishes and lets go of the store. */
  readonly close: () => Promise<void>
  readonly [added]?: C
}

/** The claims that a service's hook adds, as a type. */
export type ClaimsOf<S> = S extends Countersign<infer C> ? C : never

const PATHS = ['/auth/*', '/admin/*', '/.well-known/*', '/health/*', '/metrics', '/openapi.json', '/docs', '/docs/*']

/**
 * Makes a service to be mounted in an application. Checks the settings and touches nothing; `ready` or the first request
 * opens it. The first administrator is made with `adminPassword`; without it nobody would see a one-time password, so it
 * is `countersign account create NAME --role admin` that makes one.
 *
 * @throws {ConfigError} that lists every fault of the settings
 */
export function createCountersign<C extends AddedClaims = Record<never, never>>(
  settings: SettingsInput,
  plugins: Plugins<C> = {},
): Countersign<C> {
  const resolved = resolveSettings(settings)
  const system = systemOf(resolved.logLevel, plugins)
  const { pathname } = new URL(resolved.issuer)
  const base = pathname === '/' ? '' : pathname
  const paths = PATHS.map((path) => base + path)
  if (base !== '') paths.push(`/.well-known/oauth-authorization-server${base}`)

  const state: { opening?: Promise<Service>; closed: boolean } = { closed: false }

  function open(): Promise<Service> {
    if (state.closed) return Promise.reject(new TypeError('the service was closed'))
    state.opening ??= openService(resolved, plugins, system, {
      checkHost: false,
      serving: true,
      announces: false,
    }).catch((error: unknown) => {
      // The next request may find the store again.
      delete state.opening
      throw error
    })
    return state.opening
  }

  function unavailable(error: unknown): Response {
    const { issuer, reauthenticationAge } = resolved
    const requestId = Buffer.from(system.random.bytes(16)).toString('base64url')
    system.log.error('the service is not open', error, { requestId })
    const refusal = new AuthError('store_unavailable')
    const response = problemResponse(refusal, {
      requestId,
      issuer,
      realm: issuer,
      usedBasic: false,
      reauthenticationAge,
    })
    response.headers.set('x-request-id', requestId)
    addSecurityHeaders(response.headers, { secure: issuer.startsWith('https:') })
    return response
  }

  return {
    paths,
    async fetch(request, info) {
      try {
        const { app } = await open()
        return await app(request, info)
      } catch (error) {
        // The app itself never rejects: there is none yet, or none any more.
        return unavailable(error)
      }
    },
    async ready() {
      await open()
    },
    async close() {
      state.closed = true
      const service = await state.opening?.catch(() => undefined)
      await service?.close()
    },
  }
}

/**
 * A handler of `node:http`, and a middleware of Express: foreign paths go to `next`, and a body that `express.json()` has
 * read is understood.
 */
export function toNodeHandler(countersign: Pick<Countersign, 'fetch' | 'paths'>): NodeHandler {
  const patterns = countersign.paths.map((path) => ({ path: path.replace(/\/\*$/, '/'), open: path.endsWith('/*') }))
  const owns = (path: string) => patterns.some((one) => (one.open ? path.startsWith(one.path) : path === one.path))
  return createNodeHandler(countersign.fetch, owns)
}

function systemOf(logLevel: Parameters<typeof createPinoLog>[0], plugins: { readonly clock?: () => number }): System {
  const wall = plugins.clock ?? systemClock.wall
  const clock = { wall, mono: systemClock.mono }
  return {
    clock,
    timers: systemTimers,
    random: systemRandom,
    log: createPinoLog(logLevel, standardError, wall),
    cores: cpus().length,
    cwd: workingFolder(),
  }
}
