import { ERRORS, PROBLEM_MEDIA_TYPE, type Problem } from '@countersign/protocol'
import { AuthError } from '../domain/errors.ts'
import { StoreUnavailableError } from '../ports/store-error.ts'
import { MalformedBearer } from './bearer-header.ts'

const STORE_RETRY = 2

/** What the one place that makes error answers needs to know of the request. */
export interface RefusedRequest {
  readonly requestId: string
  readonly issuer: string
  readonly realm: string
  readonly usedBasic: boolean
  /** Seconds; what `reauthentication_required` asks for (RFC 9470 §3). */
  readonly reauthenticationAge: number
}

/** A refusal as it is; a fault of ours as one, with nothing told. */
export function asAuthError(error: unknown): AuthError {
  if (error instanceof AuthError) return error
  if (error instanceof StoreUnavailableError) return new AuthError('store_unavailable', { retryAfter: STORE_RETRY })
  return new AuthError('internal_error')
}

/** The one place where a refusal becomes a response (RFC 9457, RFC 6750 §3). */
export function problemResponse(error: AuthError, request: RefusedRequest): Response {
  const { status, sentence } = ERRORS[error.code]
  const problem: Problem = {
    // The entry of the code on the service's own page.
    type: `${request.issuer}/docs#${error.code}`,
    title: sentence,
    status,
    instance: `urn:countersign:request:${request.requestId}`,
    code: error.code,
    ...(error.faults === undefined ? {} : { errors: error.faults }),
  }
  const headers = new Headers({ 'content-type': `${PROBLEM_MEDIA_TYPE}; charset=utf-8` })
  const challenge = challengeFor(error, status, request)
  if (challenge !== undefined) headers.set('www-authenticate', challenge)
  const retryAfter = error.retryAfter ?? (status === 503 ? STORE_RETRY : undefined)
  if (retryAfter !== undefined) headers.set('retry-after', String(Math.max(1, Math.ceil(retryAfter))))
  return new Response(JSON.stringify(problem), { status, headers })
}

/** Every 401 has a challenge; `error` stands there only where a bearer token was refused (RFC 6750 §3.1). */
function challengeFor(error: AuthError, status: number, request: RefusedRequest): string | undefined {
  const bearer = `Bearer realm="${request.realm}"`
  if (error instanceof MalformedBearer) return `${bearer}, error="invalid_request"`
  switch (error.code) {
    case 'token_invalid':
      return `${bearer}, error="invalid_token"`
    case 'scope_insufficient':
      return `${bearer}, error="insufficient_scope", scope="admin"`
    case 'reauthentication_required':
      return `${bearer}, error="insufficient_user_authentication", max_age=${request.reauthenticationAge}`
  }
  if (status !== 401) return undefined
  return request.usedBasic ? `Basic realm="${request.realm}", charset="UTF-8"` : bearer
}
