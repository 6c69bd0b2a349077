/** What every server of this benchmark gets, and how it answers. */
import type { JsonWebKey } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Stand } from '../harness/stand.ts'

export interface GuardSetup {
  readonly kind: string
  readonly publicJwk: JsonWebKey & { readonly kid: string; readonly alg: string }
}

export const ISSUER = 'https://auth.example.com'
export const AUDIENCE = 'https://api.example.com'
export const SCOPE = 'orders:read'
/** What every endpoint answers; the guarded ones after they have read the subject. */
export const ANSWER = { orders: [{ id: 1 }] }

/** Opens a port at the call `listen`. */
export function serving(listener: RequestListener): Stand {
  const server = createServer(listener)
  return {
    cases: {},
    calls: {
      listen: () =>
        new Promise<number>((resolve) => {
          server.listen({ host: '127.0.0.1', port: 0 }, () => resolve((server.address() as AddressInfo).port))
        }),
    },
    close: () => server.closeAllConnections(),
  }
}
