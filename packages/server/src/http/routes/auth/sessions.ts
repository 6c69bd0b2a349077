import { PATHS } from '@countersign/protocol'
import { bearerOf, type Route, route } from '../../route.ts'
import { sessionList } from '../../schemas.ts'
import type { Services } from '../../services.ts'
import { endedResponse } from './logout.ts'

export function listSessionsRoute({ sessions }: Services): Route {
  return route({
    method: 'GET',
    path: PATHS.sessions,
    summary: "The account's living sessions.",
    access: 'bearer',
    answers: [{ status: 200, description: 'The sessions.', schema: sessionList }],
    errors: [],
    handle: async (request) => Response.json({ sessions: await sessions.list(bearerOf(request)) }),
  })
}

export function endSessionRoute({ sessions, cookies }: Services): Route {
  return route({
    method: 'DELETE',
    path: `${PATHS.sessions}/:sid`,
    summary: "Ends one of the account's sessions.",
    access: 'bearer',
    answers: [{ status: 204, description: 'The session is over.' }],
    errors: ['not_found'],
    async handle(request) {
      const ended = await sessions.end(bearerOf(request), request.params.sid ?? '', request.caller)
      return endedResponse(ended, cookies)
    },
  })
}
