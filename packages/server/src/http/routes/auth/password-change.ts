import { PATHS } from '@countersign/protocol'
import { AuthError } from '../../../domain/errors.ts'
import { type Route, route } from '../../route.ts'
import { passwordChangeBody, tokenResponse } from '../../schemas.ts'
import type { Services } from '../../services.ts'
import { newSessionResponse } from '../../token-response.ts'
import { transportOf } from './login.ts'

export function passwordChangeRoute({ changePassword, origins, cookies, absoluteLifetime }: Services): Route {
  return route({
    method: 'POST',
    path: PATHS.passwordChange,
    summary: 'Sets a new password, ends every older session and opens a new one.',
    access: 'bearer_or_none',
    body: passwordChangeBody,
    answers: [{ status: 200, description: 'The tokens of the new session.', schema: tokenResponse }],
    errors: [
      'credentials_invalid',
      'password_refused',
      'audience_not_allowed',
      'scope_not_allowed',
      'csrf_refused',
      'rate_limited',
      'service_busy',
    ],
    async handle({ request, body, bearer, cookies: jar, caller }) {
      origins.checkIfSent(request.headers)
      const passwords = {
        currentPassword: body.current_password,
        newPassword: body.new_password,
        previousBinding: cookies.binding(jar),
        caller,
      }
      const respond = { cookies, jar, absoluteLifetime }
      if (bearer !== undefined) {
        for (const name of ['username', 'transport', 'scope', 'audience'] as const) {
          if (body[name] !== undefined) throw surplus(name)
        }
        return newSessionResponse(await changePassword.own({ ...passwords, bearer }), respond)
      }
      if (body.username === undefined) throw new AuthError('token_missing')
      const tokens = await changePassword.oneTime({
        ...passwords,
        username: body.username,
        deviceCookie: cookies.device(jar),
        scope: body.scope,
        audience: body.audience,
        transport: transportOf(body.transport, request.headers),
      })
      return newSessionResponse(tokens, respond)
    },
  })
}

function surplus(name: string): AuthError {
  const detail = 'This member goes with a one-time password, not with an access token.'
  return new AuthError('body_invalid', { faults: [{ pointer: `/${name}`, code: 'member_unknown', detail }] })
}
