import type { ErrorCode } from '@countersign/protocol'
import type { GenericSchema, InferOutput } from 'valibot'
import type { Bearer } from '../usecases/bearer.ts'
import type { Caller } from '../usecases/context.ts'
import type { CookieJar } from './cookies.ts'

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/**
 * Who may call a route.
 * - `anyone`: no credential is asked for by the table.
 * - `bearer`: an access token whose session still stands.
 * - `bearer_or_none`: the same where one was sent.
 * - `token`: an access token by signature and time alone, so that a logout can be repeated.
 * - `admin`: `bearer` with the scope `admin`, for the issuer alone.
 * - `admin_recent`: the same, of a log-in that is not too old.
 */
export type Access = 'anyone' | 'bearer' | 'bearer_or_none' | 'token' | 'admin' | 'admin_recent'

/** What a handler gets: values that were read and judged, and the request itself for its headers. */
export interface RouteRequest<Body = unknown> {
  readonly request: Request
  readonly url: URL
  readonly params: Readonly<Record<string, string>>
  readonly body: Body
  readonly cookies: CookieJar
  readonly caller: Caller
  /** The TCP peer, as it was told to us; absent where nobody told. */
  readonly peer: string | undefined
  /** The access token as it was sent, for `token`. */
  readonly token: string | undefined
  readonly bearer: Bearer | undefined
}

/** One answer that a route may give, for the reference and the OpenAPI document. */
export interface Answer {
  readonly status: number
  readonly description: string
  readonly schema?: GenericSchema
  readonly mediaType?: string
}

/**
 * One endpoint: a row of the table from which the router, the 405 answers, the OpenAPI document and the reference come.
 * Handlers know `Request` and `Response`; none of them knows the router.
 */
export interface Route {
  readonly method: Method
  /** Below the issuer's path; `:name` is a parameter. */
  readonly path: string
  readonly summary: string
  readonly access: Access
  /** The body's shape. Without one, only an empty body or `{}` is taken. */
  readonly body?: GenericSchema
  /** True where a request may come without a body. */
  readonly bodyOptional?: boolean
  readonly query?: Readonly<Record<string, string>>
  readonly answers: readonly Answer[]
  /** The codes that this route's own work may refuse with; what the table itself refuses is added to them. */
  readonly errors: readonly ErrorCode[]
  /**
   * Requests for another host are served too: a balancer asks by address. With `by_address` only those whose `Host` is an
   * address or `localhost`, so no name that a foreign page made point here (DNS rebinding).
   */
  readonly anyHost?: true | 'by_address'
  handle(request: RouteRequest): Promise<Response>
}

/** Ties the type of a handler's body to its schema. */
export function route<const S extends GenericSchema>(
  row: Omit<Route, 'handle' | 'body'> & {
    readonly body: S
    readonly handle: (request: RouteRequest<InferOutput<S>>) => Promise<Response>
  },
): Route
export function route(
  row: Omit<Route, 'handle' | 'body'> & { readonly handle: (request: RouteRequest<undefined>) => Promise<Response> },
): Route
export function route(row: Route): Route {
  return row
}

/** The bearer of a route that asks for one: the table has seen to it. */
export function bearerOf({ bearer }: RouteRequest): Bearer {
  if (bearer === undefined) throw new TypeError('this route was not declared to need a bearer')
  return bearer
}
