import { PATHS } from '@countersign/protocol'
import { isLoopbackAddress } from '../../domain/address.ts'
import { AuthError } from '../../domain/errors.ts'
import { type Route, route } from '../route.ts'
import { health } from '../schemas.ts'
import type { Services } from '../services.ts'

export function healthRoutes({ isReady }: Services): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: PATHS.healthLive,
      summary: 'The process answers.',
      access: 'anyone',
      anyHost: true,
      answers: [{ status: 200, description: 'Alive.', schema: health }],
      errors: [],
      handle: async () => Response.json({ status: 'ok' }),
    }),
    route({
      method: 'GET',
      path: PATHS.healthReady,
      summary: 'The store answers and there is a key to sign with.',
      access: 'anyone',
      anyHost: true,
      answers: [
        { status: 200, description: 'Ready.', schema: health },
        { status: 503, description: 'Not ready.', schema: health },
      ],
      errors: [],
      async handle() {
        if (await isReady()) return Response.json({ status: 'ok' })
        return Response.json({ status: 'unavailable' }, { status: 503, headers: { 'retry-after': '2' } })
      },
    }),
  ]
}

export function metricsRoute({ metrics, metricsOpen }: Services): Route {
  return route({
    method: 'GET',
    path: PATHS.metrics,
    summary: 'Metrics in the format of Prometheus, for loopback peers unless they are open.',
    access: 'anyone',
    anyHost: 'by_address',
    answers: [{ status: 200, description: 'The metrics.', mediaType: 'text/plain' }],
    errors: ['not_found'],
    async handle({ peer, caller, request, url }) {
      const isLocal = isLocalName(url.hostname) && isLocalClient(request.headers, peer, caller.address)
      if (!metricsOpen && !isLocal) throw new AuthError('not_found')
      return new Response(await metrics(), { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } })
    },
  })
}

/** A proxy on the same machine is a loopback peer too; whoever it forwards for is not, unless we may believe it. */
function isLocalClient(headers: Headers, peer: string | undefined, address: string | undefined): boolean {
  const forwarded = headers.has('x-forwarded-for') || headers.has('forwarded')
  return isLoopbackAddress(address) && !(forwarded && address === peer)
}

/** A proxy that says nothing of its client still passes on the name that the client asked for. */
function isLocalName(hostname: string): boolean {
  return hostname === 'localhost' || isLoopbackAddress(hostname.replaceAll(/[[\]]/g, ''))
}
