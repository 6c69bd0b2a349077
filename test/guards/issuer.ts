import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSigner, exportJwkSet, type SigningKey } from '@countersign/jwt'

export const AUDIENCE = 'https://api.example.com'

/** A small issuer on a real socket: metadata and a JWK Set, which can be rotated, broken and shut down. */
export interface TestIssuer {
  readonly url: string
  /** The paths that were asked for. */
  readonly requests: string[]
  publish(...keys: readonly SigningKey<'ES256'>[]): void
  /** Every request is answered by that status; `undefined` answers as usual. */
  answerWith(status: number | undefined): void
  sign(key: SigningKey<'ES256'>, claims?: object): string
  stop(): Promise<void>
  /** At the same address as before. */
  start(): Promise<void>
}

export async function startIssuer(...keys: readonly SigningKey<'ES256'>[]): Promise<TestIssuer> {
  let published = keys
  let broken: number | undefined
  let port = 0
  const requests: string[] = []
  const url = (): string => `http://127.0.0.1:${port}`

  const documents: Readonly<Record<string, () => unknown>> = {
    '/.well-known/oauth-authorization-server': () => ({ issuer: url(), jwks_uri: `${url()}/jwks` }),
    '/jwks': () => exportJwkSet(published),
  }
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    requests.push(path)
    const document = documents[path]
    response.writeHead(broken ?? (document === undefined ? 404 : 200), { 'content-type': 'application/json' })
    response.end(JSON.stringify(document?.()))
  })

  async function start(): Promise<void> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }
  async function stop(): Promise<void> {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }

  await start()
  return {
    url: url(),
    requests,
    publish: (...next) => {
      published = next
    },
    answerWith: (status) => {
      broken = status
    },
    sign: (key, claims = {}) =>
      createSigner({ key, issuer: url(), audience: AUDIENCE }).sign({ sub: 'alice', ...claims }),
    stop,
    start,
  }
}
