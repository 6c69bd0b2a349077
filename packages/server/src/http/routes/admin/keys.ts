import { PATHS } from '@countersign/protocol'
import { bearerOf, type Route, route } from '../../route.ts'
import { keyList, rotateKeysBody } from '../../schemas.ts'
import type { Services } from '../../services.ts'

export function adminKeyRoutes({ keys }: Services): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: PATHS.adminKeys,
      summary: 'The signing keys, with their states and times.',
      access: 'admin',
      answers: [{ status: 200, description: 'The keys.', schema: keyList }],
      errors: [],
      handle: async () => Response.json({ keys: await keys.list() }),
    }),
    route({
      method: 'POST',
      path: `${PATHS.adminKeys}/rotate`,
      summary: 'Makes the next key active and publishes another. One younger than the lead needs `now`.',
      access: 'admin_recent',
      body: rotateKeysBody,
      bodyOptional: true,
      answers: [{ status: 200, description: 'The keys as they are now.', schema: keyList }],
      errors: ['key_too_young'],
      async handle(request) {
        const by = { actor: bearerOf(request).claims.sub, caller: request.caller }
        await keys.rotate({ now: request.body.now === true }, by)
        return Response.json({ keys: await keys.list() })
      },
    }),
  ]
}
