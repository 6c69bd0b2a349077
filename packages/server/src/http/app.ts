import { Hono } from 'hono'
import { parseAddress } from '../domain/address.ts'
import { AuthError } from '../domain/errors.ts'
import { ADMIN } from '../domain/scope.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { Random } from '../ports/random.ts'
import type { Authenticate, Bearer } from '../usecases/bearer.ts'
import type { Caller } from '../usecases/context.ts'
import type { RecordRefusal } from '../usecases/refusals.ts'
import { usesBasic } from './basic.ts'
import { readBearer } from './bearer-header.ts'
import { readBody } from './body.ts'
import type { ResolveClient } from './client.ts'
import { readCookies } from './cookies.ts'
import { addCorsHeaders, preflightResponse } from './cors.ts'
import { addSecurityHeaders } from './headers.ts'
import type { OriginRule } from './origin.ts'
import { asAuthError, problemResponse } from './problem.ts'
import type { Access, Route } from './route.ts'

/** What the edge knows of a request besides the request. */
export interface RequestInfo {
  /** The address of the TCP peer. */
  readonly clientAddress?: string | undefined
  /** True where what came can be read in two ways, so that nobody knows what was asked for: 400, whatever `request` is. */
  readonly ambiguous?: boolean
}

/** The service as a function. It never rejects. */
export type App = (request: Request, info?: RequestInfo) => Promise<Response>

export interface AppDependencies {
  readonly routes: readonly Route[]
  readonly issuer: string
  /** False inside a user's own application, which decides by itself which hosts it answers for. */
  readonly checkHost: boolean
  readonly origins: OriginRule
  readonly authenticate: Authenticate
  /** Seconds. */
  readonly reauthenticationAge: number
  readonly now: () => number
  readonly clock: Clock
  readonly random: Random
  readonly resolveClient: ResolveClient
  readonly recordRefusal: RecordRefusal
  readonly log: Log
  readonly metrics: Metrics
}

const KIB = 1024
const AUTH_BODY_LIMIT = 16 * KIB
const BODY_LIMIT = 64 * KIB
const URL_LIMIT = 8 * KIB
/** A slash, backslash or NUL that some router behind or before us may read as a sign of its own. */
const AMBIGUOUS_PATH = /%2f|%5c|%00|\\/i
/** Whatever looks like the administration to anybody is guarded like it. */
const ADMIN_PATH = /^\/+admin(?![\w-])/i
const FOREIGN_REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/

/** One request on its way through the table. */
interface Passage {
  readonly request: Request
  readonly url: URL
  readonly caller: Caller
  readonly peer: string | undefined
}

type Bindings = { Bindings: { readonly passage: Passage; matched?: (route: string) => void } }

/** Turns the table of routes into a function from `Request` to `Response`. The router is known to this file alone. */
export function createApp(dependencies: AppDependencies): App {
  const { routes, issuer, origins, authenticate, clock, random, log, metrics } = dependencies
  const { protocol, host, pathname } = new URL(issuer)
  const base = pathname === '/' ? '' : pathname
  const realm = issuer.replaceAll(/["\\]/g, '')
  const hono = createRouter()

  let warned = false
  function warnOnce(): void {
    if (!warned) log.warn('no client address is told, so limits go by account alone')
    warned = true
  }

  return async (request, info = {}) => {
    const startedAt = clock.mono()
    if (info.clientAddress === undefined) warnOnce()
    const client = dependencies.resolveClient(info.clientAddress, request.headers)
    const caller: Caller = {
      requestId: requestIdOf(request, client.throughTrustedProxy),
      address: client.address,
      userAgent: request.headers.get('user-agent') ?? undefined,
    }
    let matched = 'none'
    let response: Response
    try {
      const url = checkTarget(request, info)
      const passage: Passage = { request, url, caller, peer: info.clientAddress }
      response = await hono.fetch(request, {
        passage,
        matched: (path: string) => {
          matched = path
        },
      })
    } catch (error) {
      response = await refuse(error, request, caller, matched)
    }
    if (request.method === 'HEAD') response = new Response(null, response)
    finish(response, request, caller)
    const seconds = (clock.mono() - startedAt) / 1000
    metrics.request(request.method, matched, response.status, seconds)
    log.info('request', {
      requestId: caller.requestId,
      method: request.method,
      route: matched,
      status: response.status,
      milliseconds: Math.round(seconds * 1000),
      address: caller.address,
    })
    return response
  }

  function createRouter(): Hono<Bindings> {
    const router = new Hono<Bindings>()
    for (const [path, rows] of Map.groupBy(routes, (row) => row.path)) {
      const methods = rows.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
      for (const row of rows) {
        for (const place of placesOf(row)) {
          router.on(row.method, place, (c) => {
            c.env.matched?.(row.path)
            return serve(row, c.env.passage, c.req.param())
          })
        }
      }
      for (const place of placesOf({ path })) {
        router.options(place, async (c) => {
          c.env.matched?.(path)
          const origin = c.req.header('origin') ?? null
          checkHost(rows[0] ?? {}, c.env.passage)
          // A preflight carries no credential. Nobody else is shown that the path exists.
          if (origin === null || !origins.isAllowed(origin)) await guardAdministration(c.env.passage)
          return preflightResponse(origin, methods, origins)
        })
        router.all(place, async (c) => {
          c.env.matched?.(path)
          checkHost(rows[0] ?? {}, c.env.passage)
          await guardAdministration(c.env.passage)
          throw new MethodNotAllowed(methods)
        })
      }
    }
    router.notFound(async (c) => {
      checkHost({}, c.env.passage)
      await guardAdministration(c.env.passage)
      throw new AuthError('not_found')
    })
    router.onError((error) => {
      throw error
    })
    return router
  }

  /** The metadata of an issuer with a path stands in two places (RFC 8414 §3.1). */
  function placesOf({ path }: Pick<Route, 'path'>): readonly string[] {
    const place = base + path
    return base !== '' && path === '/.well-known/oauth-authorization-server' ? [place, path + base] : [place]
  }

  /** The order of the checks, the same for every route: host, access, body, then its own work. */
  async function serve(row: Route, passage: Passage, params: Record<string, string>): Promise<Response> {
    const { request, url, caller, peer } = passage
    checkHost(row, passage)
    const { token, bearer } = await admit(row.access, request)
    checkQuery(row, url)
    const limit = row.path.startsWith('/auth/') ? AUTH_BODY_LIMIT : BODY_LIMIT
    const body = row.method === 'GET' ? undefined : await readBody(request, row, limit)
    const cookies = readCookies(request.headers.get('cookie'))
    return row.handle({ request, url, params, body, cookies, caller, peer, token, bearer })
  }

  async function admit(
    access: Access,
    { headers }: Request,
  ): Promise<{ readonly token?: string | undefined; readonly bearer?: Bearer | undefined }> {
    if (access === 'anyone') return {}
    const token = readBearer(headers)
    if (token === undefined) {
      if (access === 'bearer_or_none') return {}
      throw new AuthError('token_missing')
    }
    if (access === 'token') return { token }
    const bearer = await authenticate(token)
    if (access === 'admin' || access === 'admin_recent') checkAdministrator(bearer, access === 'admin_recent')
    return { token, bearer }
  }

  /** A token for the issuer alone: one that other services hold too must not open the administration. */
  function checkAdministrator({ claims, scope, session }: Bearer, recent: boolean): void {
    if (!scope.has(ADMIN) || claims.aud !== issuer) throw new AuthError('scope_insufficient')
    if (recent && dependencies.now() - session.authAt > dependencies.reauthenticationAge * 1000) {
      throw new AuthError('reauthentication_required')
    }
  }

  /** Decided before it shows whether a path exists. */
  async function guardAdministration({ request, url }: Passage): Promise<void> {
    if (isAdministration(url.pathname)) await admit('admin', request)
  }

  function checkHost({ anyHost }: Pick<Route, 'anyHost'>, { url }: Passage): void {
    // A proxy that ends TLS may name the port, which is none of the plain http that it speaks with us (RFC 9110 §4.2.3).
    const named = protocol === 'https:' ? url.host.replace(/:443$/, '') : url.host
    if (!dependencies.checkHost || named === host || anyHost === true) return
    if (anyHost !== 'by_address' || !isAddress(url.hostname)) throw new AuthError('host_unknown')
  }

  function checkTarget(request: Request, { ambiguous }: RequestInfo): URL {
    if (ambiguous) throw new AuthError('request_malformed')
    if (request.url.length > URL_LIMIT) throw new AuthError('url_too_long')
    const url = URL.parse(request.url)
    if (url === null || AMBIGUOUS_PATH.test(url.pathname)) throw new AuthError('request_malformed')
    return url
  }

  /** A parameter that comes twice has two values, depending on who reads it. */
  function checkQuery({ query = {} }: Route, { searchParams }: URL): void {
    if (Object.keys(query).some((name) => searchParams.getAll(name).length > 1))
      throw new AuthError('request_malformed')
  }

  function requestIdOf(request: Request, trusted: boolean): string {
    const foreign = trusted ? request.headers.get('x-request-id') : null
    if (foreign !== null && FOREIGN_REQUEST_ID.test(foreign)) return foreign
    return Buffer.from(random.bytes(16)).toString('base64url')
  }

  async function refuse(error: unknown, request: Request, caller: Caller, route: string): Promise<Response> {
    const refusal = asAuthError(error)
    if (refusal.code === 'internal_error' || refusal.code === 'store_unavailable') {
      log.error('request failed', error, { requestId: caller.requestId, route })
    }
    metrics.refusal(refusal.code)
    await record(refusal, request, caller, route)
    const response = problemResponse(refusal, {
      requestId: caller.requestId,
      issuer,
      realm,
      usedBasic: usesBasic(request.headers),
      reauthenticationAge: dependencies.reauthenticationAge,
    })
    if (error instanceof MethodNotAllowed) response.headers.set('allow', error.methods.join(', '))
    return response
  }

  async function record(error: AuthError, request: Request, caller: Caller, route: string): Promise<void> {
    try {
      const administrative = isAdministration(URL.parse(request.url)?.pathname ?? '')
      const actor = administrative ? actorOf(request.headers) : undefined
      await dependencies.recordRefusal({ error, route, administrative, actor }, caller)
    } catch (failure) {
      log.error('a refusal could not be recorded', failure, { requestId: caller.requestId, route })
    }
  }

  /** Whose token it was, if it is one of ours: it may be refused and still tell who it was. */
  function actorOf(headers: Headers): string | undefined {
    try {
      const token = readBearer(headers)
      return token === undefined ? undefined : authenticate.claimsOf(token).claims.sub
    } catch {
      return undefined
    }
  }

  function isAdministration(path: string): boolean {
    return ADMIN_PATH.test(unescaped(path.slice(base.length)))
  }

  function finish({ headers }: Response, request: Request, caller: Caller): void {
    headers.set('x-request-id', caller.requestId)
    addSecurityHeaders(headers, { secure: protocol === 'https:' })
    addCorsHeaders(headers, request.headers.get('origin'), origins)
  }
}

/** A host that no name server can make point anywhere else. */
function isAddress(hostname: string): boolean {
  return hostname === 'localhost' || parseAddress(hostname.replaceAll(/[[\]]/g, '')) !== undefined
}

/** As the router reads it: `/%61dmin` is `/admin`. What is no UTF-8 stays as it is. */
function unescaped(path: string): string {
  return path.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
}

class MethodNotAllowed extends AuthError {
  readonly methods: readonly string[]

  constructor(methods: readonly string[]) {
    super('method_not_allowed')
    this.methods = methods
  }
}
