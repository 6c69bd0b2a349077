import type { TokenResponse } from '@countersign/protocol'
import { encodeId } from '../domain/ids.ts'
import type { TokenSet } from '../usecases/open-session.ts'
import type { CookieJar, Cookies } from './cookies.ts'

/** The answer to a refresh: tokens in the body, or in the one cookie that the browser's binding names. */
export function tokenResponse(tokens: TokenSet, cookies: Cookies): Response {
  const headers = new Headers()
  const { bind } = tokens.session
  if (tokens.setCookie && tokens.transport === 'cookie' && bind !== undefined && tokens.refreshToken !== undefined) {
    headers.append('set-cookie', cookies.setRefresh(bind, tokens.refreshToken, tokens.refreshExpiresIn))
  }
  return Response.json(toBody(tokens), { headers })
}

/**
 * The answer to a log-in and to a password change: the binding too, the device cookie, and whatever cookie the request's
 * own binding pointed to is cleared, for its session is over.
 */
export function newSessionResponse(
  tokens: TokenSet & { readonly deviceCookie: string },
  { cookies, jar, absoluteLifetime }: { cookies: Cookies; jar: CookieJar; absoluteLifetime: number },
): Response {
  const response = tokenResponse(tokens, cookies)
  if (tokens.binding !== undefined) {
    response.headers.append('set-cookie', cookies.setBinding(tokens.binding.text, absoluteLifetime))
    response.headers.append('set-cookie', cookies.setDevice(tokens.deviceCookie))
  }
  const previous = cookies.previousBind(jar)
  if (previous !== undefined) response.headers.append('set-cookie', cookies.clearRefresh(previous))
  return response
}

function toBody(tokens: TokenSet): TokenResponse {
  return {
    access_token: tokens.accessToken,
    token_type: 'Bearer',
    expires_in: tokens.expiresIn,
    scope: tokens.scope,
    session_id: encodeId(tokens.session.sid),
    account: tokens.account,
    ...(tokens.transport === 'body' && tokens.refreshToken !== undefined
      ? { refresh_token: tokens.refreshToken, refresh_expires_in: tokens.refreshExpiresIn }
      : {}),
  }
}
