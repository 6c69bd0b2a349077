import { PATHS } from '@countersign/protocol'
import { AuthError } from '../../../domain/errors.ts'
import type { StoredSession } from '../../../domain/session.ts'
import type { Cookies } from '../../cookies.ts'
import { bearerOf, type Route, route } from '../../route.ts'
import type { Services } from '../../services.ts'

/**
 * Clears the one refresh cookie that the ended row names, whatever binding the request carries: Alice's late logout must
 * not sign Bob out of the same browser.
 */
export function endedResponse(session: StoredSession | undefined, cookies: Cookies): Response {
  const headers = new Headers()
  if (session?.bind !== undefined) headers.append('set-cookie', cookies.clearRefresh(session.bind))
  return new Response(null, { status: 204, headers })
}

export function logoutRoute({ logout, authenticate, cookies }: Services): Route {
  return route({
    method: 'POST',
    path: PATHS.logout,
    summary: 'Ends the session of the access token. May be repeated.',
    access: 'token',
    answers: [{ status: 204, description: 'The session is over.' }],
    errors: [],
    async handle({ token, caller }) {
      if (token === undefined) throw new AuthError('token_missing')
      const { sid } = authenticate.claimsOf(token)
      return endedResponse(await logout.session(sid, 'logout', caller), cookies)
    },
  })
}

export function logoutAllRoute({ sessions, cookies }: Services): Route {
  return route({
    method: 'POST',
    path: PATHS.logoutAll,
    summary: 'Ends every session of the account and refuses all its access tokens.',
    access: 'bearer',
    answers: [{ status: 204, description: 'All sessions are over.' }],
    errors: [],
    async handle(request) {
      const bearer = bearerOf(request)
      await sessions.endAll(bearer, request.caller)
      return endedResponse(bearer.session, cookies)
    },
  })
}
