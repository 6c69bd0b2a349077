import { PATHS } from '@countersign/protocol'
import { bearerOf, type Route, route } from '../../route.ts'
import { me } from '../../schemas.ts'
import type { Services } from '../../services.ts'

export function meRoute({ accounts }: Services): Route {
  return route({
    method: 'GET',
    path: PATHS.me,
    summary: 'The account of the access token, and the claims of the token.',
    access: 'bearer',
    answers: [{ status: 200, description: 'Account and claims.', schema: me }],
    errors: [],
    async handle(request) {
      const { claims } = bearerOf(request)
      return Response.json({ account: await accounts.get(claims.sub), claims })
    },
  })
}
