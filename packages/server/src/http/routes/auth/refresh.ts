import { PATHS } from '@countersign/protocol'
import { AuthError } from '../../../domain/errors.ts'
import { type Route, type RouteRequest, route } from '../../route.ts'
import { refreshBody, refreshRevokeBody, tokenResponse as tokenResponseSchema } from '../../schemas.ts'
import type { Services } from '../../services.ts'
import { tokenResponse } from '../../token-response.ts'

interface Presented {
  readonly token: string
  /** The browser's binding, for a token that came in a cookie. */
  readonly bind: Uint8Array | undefined
}

/**
 * The refresh token of a request, from the one cookie that the browser's binding names or from the body; with both at
 * once it is not clear whose session is meant. The CSRF rule is asked where a cookie was used, and only there.
 */
function presentedToken(
  { request, body, cookies: jar }: RouteRequest<{ refresh_token?: string | undefined }>,
  { cookies, origins }: Services,
): Presented | undefined {
  const cookie = cookies.refresh(jar)
  if (cookie !== undefined && body.refresh_token !== undefined) throw new AuthError('request_malformed')
  if (cookie !== undefined) {
    origins.checkCookieRequest(request.headers)
    return cookie
  }
  return body.refresh_token === undefined ? undefined : { token: body.refresh_token, bind: undefined }
}

export function refreshRoute(services: Services): Route {
  return route({
    method: 'POST',
    path: PATHS.refresh,
    summary:
      'Exchanges a refresh token, from its cookie or the body, for a new access token and the next refresh token.',
    access: 'anyone',
    body: refreshBody,
    bodyOptional: true,
    answers: [{ status: 200, description: 'The tokens of the session.', schema: tokenResponseSchema }],
    errors: [
      'refresh_token_invalid',
      'refresh_token_reused',
      'scope_not_allowed',
      'audience_not_allowed',
      'csrf_refused',
      'rate_limited',
    ],
    async handle(request) {
      const presented = presentedToken(request, services)
      // A missing one too: a client whose cookie is gone must hear that its session is over.
      if (presented === undefined) throw new AuthError('refresh_token_invalid')
      const tokens = await services.refresh({
        presented: presented.token,
        bind: presented.bind,
        scope: request.body.scope,
        audience: request.body.audience,
        caller: request.caller,
      })
      return tokenResponse(tokens, services.cookies)
    },
  })
}

export function refreshRevokeRoute(services: Services): Route {
  return route({
    method: 'POST',
    path: PATHS.refreshRevoke,
    summary: 'Ends the session of a refresh token of any generation: a logout where the access token is gone.',
    access: 'anyone',
    body: refreshRevokeBody,
    bodyOptional: true,
    answers: [{ status: 204, description: 'The session is over, or there was none.' }],
    errors: ['csrf_refused'],
    async handle(request) {
      const presented = presentedToken(request, services)
      const headers = new Headers()
      if (presented !== undefined) {
        const left = await services.logout.byRefreshToken(
          { presented: presented.token, bind: presented.bind, sessionId: request.body.session_id },
          request.caller,
        )
        if (presented.bind !== undefined && left === 'ended') {
          headers.append('set-cookie', services.cookies.clearRefresh(presented.bind))
        }
      }
      return new Response(null, { status: 204, headers })
    },
  })
}
