import { PATHS } from '@countersign/protocol'
import { AuthError } from '../../../domain/errors.ts'
import type { SessionTransport } from '../../../usecases/open-session.ts'
import { readBasic } from '../../basic.ts'
import { isBrowser } from '../../origin.ts'
import { type Route, route } from '../../route.ts'
import { loginBody, tokenResponse as tokenResponseSchema } from '../../schemas.ts'
import type { Services } from '../../services.ts'
import { newSessionResponse } from '../../token-response.ts'

export function loginRoute({ login, origins, cookies, absoluteLifetime }: Services): Route {
  return route({
    method: 'POST',
    path: PATHS.login,
    summary: 'Checks a username and password and opens a session. Takes Basic credentials in their place.',
    access: 'anyone',
    body: loginBody,
    bodyOptional: true,
    answers: [{ status: 200, description: 'The tokens of the session.', schema: tokenResponseSchema }],
    errors: [
      'credentials_invalid',
      'password_change_required',
      'audience_not_allowed',
      'scope_not_allowed',
      'csrf_refused',
      'rate_limited',
      'service_busy',
    ],
    async handle({ request, body, cookies: jar, caller }) {
      origins.checkIfSent(request.headers)
      const credentials = credentialsOf(readBasic(request.headers), body)
      const tokens = await login({
        ...credentials,
        scope: body.scope,
        audience: body.audience,
        transport: transportOf(body.transport, request.headers),
        previousBinding: cookies.binding(jar),
        deviceCookie: cookies.device(jar),
        caller,
      })
      return newSessionResponse(tokens, { cookies, jar, absoluteLifetime })
    },
  })
}

interface Credentials {
  readonly username: string
  readonly password: string
}

/** One way or the other, never both: two names in one request are two users, depending on who reads it. */
function credentialsOf(
  basic: Credentials | undefined,
  body: { readonly [N in keyof Credentials]?: string | undefined },
): Credentials {
  const { username, password } = body
  if (basic !== undefined) {
    if (username !== undefined || password !== undefined) throw new AuthError('request_malformed')
    return basic
  }
  const missing = (['username', 'password'] as const).filter((name) => body[name] === undefined)
  if (username === undefined || password === undefined) {
    throw new AuthError('body_invalid', {
      faults: missing.map((name) => ({
        pointer: `/${name}`,
        code: 'member_missing',
        detail: 'This member is needed.',
      })),
    })
  }
  return { username, password }
}

/** A browser gets cookies, which its scripts cannot read; everybody else the body. */
export function transportOf(wanted: SessionTransport | 'session' | undefined, headers: Headers): SessionTransport {
  if (wanted === 'session') {
    const detail = 'This version has no server-session mode yet.'
    throw new AuthError('body_invalid', { faults: [{ pointer: '/transport', code: 'value_invalid', detail }] })
  }
  return wanted ?? (isBrowser(headers) ? 'cookie' : 'body')
}
