import { CSRF_HEADER, type ErrorCode, isErrorCode, PROBLEM_MEDIA_TYPE, type ProblemFault } from '@countersign/protocol'
import { bounded, LATE } from './bounded.ts'
import { saysInvalidToken } from './challenge.ts'
import { ClientError } from './errors.ts'
import type { Platform } from './platform.ts'

/** What came of a request to the service. `unreachable` is ambiguous: the request may have been acted on all the same. */
export type Answer =
  | { readonly kind: 'unreachable' }
  | {
      readonly kind: 'answered'
      readonly status: number
      /** The body of a JSON answer. */
      readonly json: unknown
      /** The code of a problem document that the service wrote. A proxy's own answer has none. */
      readonly code: ErrorCode | undefined
      readonly faults: readonly ProblemFault[] | undefined
      /** Seconds. */
      readonly retryAfter: number | undefined
      readonly requestId: string | undefined
      readonly invalidToken: boolean
    }

/** A request to the service. Always a POST. */
export interface Call {
  readonly path: string
  readonly body?: object
  readonly bearer?: string
  /** Seconds for the whole answer, body included. */
  readonly bound: number
  /** The request outlives the page, so that an answer which sets a cookie is not lost by leaving. */
  readonly keepalive?: boolean
}

/** Talks to the service. */
export interface Service {
  readonly transport: 'cookie' | 'body'
  /** Never rejects: a dead network is an answer too. */
  readonly post: (call: Call) => Promise<Answer>
}

export function createService(platform: Platform, issuer: string, transport: 'cookie' | 'body'): Service {
  const base = issuer.replace(/\/+$/, '')
  return {
    transport,
    async post(call) {
      try {
        const answer = await bounded(platform, call.bound, async (signal) =>
          readAnswer(await platform.fetch(base + call.path, { ...initOf(call, transport), signal }), platform.wall()),
        )
        return answer === LATE ? UNREACHABLE : answer
      } catch {
        return UNREACHABLE
      }
    },
  }
}

const UNREACHABLE: Answer = { kind: 'unreachable' }

function initOf(call: Call, transport: 'cookie' | 'body'): RequestInit {
  const headers = new Headers({ accept: `application/json, ${PROBLEM_MEDIA_TYPE}` })
  if (call.body) headers.set('content-type', 'application/json')
  if (call.bearer) headers.set('authorization', `Bearer ${call.bearer}`)
  // A form of another site cannot send this header, and a script there would need our permission first.
  if (transport === 'cookie') headers.set(CSRF_HEADER.name, CSRF_HEADER.value)
  return {
    method: 'POST',
    headers,
    credentials: transport === 'cookie' ? 'include' : 'omit',
    cache: 'no-store',
    // A password or refresh token never follows a redirect to wherever it points.
    redirect: 'error',
    ...(call.body ? { body: JSON.stringify(call.body) } : {}),
    ...(call.keepalive ? { keepalive: true } : {}),
  }
}

async function readAnswer(response: Response, wall: number): Promise<Answer> {
  const type = (response.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  const text = await response.text()
  const json = type === 'application/json' || type === PROBLEM_MEDIA_TYPE ? parse(text) : undefined
  const problem = type === PROBLEM_MEDIA_TYPE && typeof json === 'object' && json !== null ? json : {}
  const { code, errors } = problem as { readonly code?: unknown; readonly errors?: unknown }
  return {
    kind: 'answered',
    status: response.status,
    json,
    code: isErrorCode(code) ? code : undefined,
    faults: Array.isArray(errors) ? errors : undefined,
    retryAfter: readRetryAfter(response.headers.get('retry-after'), wall),
    requestId: response.headers.get('x-request-id') ?? undefined,
    invalidToken: saysInvalidToken(response),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Seconds or a date (RFC 9110 §10.2.3). */
function readRetryAfter(text: string | null, wall: number): number | undefined {
  if (text === null) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  const date = Date.parse(text) / 1000
  return Number.isNaN(date) ? undefined : Math.max(0, date - wall)
}

/** The error for an answer that is not the one hoped for. */
export function errorOf(answer: Answer): ClientError {
  if (answer.kind === 'unreachable') return new ClientError('unavailable')
  const { code, status, retryAfter, requestId, faults } = answer
  if (code) return new ClientError(code, { retryAfter, requestId, faults })
  const own = status === 429 || status >= 500 ? 'unavailable' : 'response_invalid'
  return new ClientError(own, { retryAfter, requestId })
}
