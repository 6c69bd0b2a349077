/**
 * An example API: a plain Node server whose one route takes access tokens of Countersign and nothing else. It asks the
 * service for its public keys once; no request of a caller needs the service or a database.
 *
 *     ISSUER=http://localhost:4000 AUDIENCE=http://localhost:4001 PORT=4001 \
 *       node --conditions=@countersign/source examples/api/api.ts
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createVerifier } from '@countersign/verifier'
import { createGuard } from '@countersign/verifier/node'

const { ISSUER = 'http://localhost:4000', PORT = '4001' } = process.env
const { AUDIENCE = `http://localhost:${PORT}` } = process.env

// Both run on one machine, with one clock, so no difference of clocks is forgiven. Leave the default of 5 s elsewhere.
const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, clockTolerance: 0 })
const { requireAuth } = createGuard(verifier)

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => unknown> = {
  'GET /health': (_request, response) => json(response, 200, { status: 'ok' }),
  'GET /orders': requireAuth((_request, response, auth) => {
    json(response, 200, { for: auth.subject, orders: ['a book', 'a kettle'] })
  }),
}

// A fault of the set-up, such as a wrong issuer, is told here and not to the first caller.
await verifier.ready()

const server = createServer((request, response) => {
  const route = routes[`${request.method} ${request.url}`]
  if (route) route(request, response)
  else json(response, 404, { error: 'not_found' })
})
server.listen(Number(PORT), '127.0.0.1')

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
