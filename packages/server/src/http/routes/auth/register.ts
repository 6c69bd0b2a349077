import { PATHS } from '@countersign/protocol'
import { type Route, route } from '../../route.ts'
import { account, registerBody } from '../../schemas.ts'
import type { Services } from '../../services.ts'

export function registerRoute({ register, origins }: Services): Route {
  return route({
    method: 'POST',
    path: PATHS.register,
    summary: 'Makes an account. Gives no token.',
    access: 'anyone',
    body: registerBody,
    answers: [{ status: 201, description: 'The account.', schema: account }],
    errors: [
      'registration_closed',
      'username_taken',
      'password_refused',
      'csrf_refused',
      'rate_limited',
      'service_busy',
    ],
    async handle({ request, body, caller }) {
      origins.checkIfSent(request.headers)
      return Response.json(await register(body, caller), { status: 201 })
    },
  })
}
