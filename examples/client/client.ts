/**
 * An example client: a program that stays signed in and calls the example API. It is told what to do over HTTP on this
 * machine only, and answers with every request that it made, so that the demo can show them.
 *
 *     POST /login {"username","password"}     GET /orders     POST /logout     GET /state
 */
import { createServer, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { ClientError, createClient } from '@countersign/client'
import { type Exchange, recordingFetch } from '../demo/exchange.ts'

const { ISSUER = 'http://localhost:4000', API = 'http://localhost:4001', PORT = '4002' } = process.env

const exchanges: Exchange[] = []

// The session ends with this process. A program of yours keeps the refresh token in a keychain or an encrypted file.
let kept: string | null = null

const client = createClient({
  issuer: ISSUER,
  origins: [API],
  storage: {
    get: () => kept,
    set: (value) => {
      kept = value
    },
  },
  fetch: recordingFetch((exchange) => exchanges.push(exchange)),
})

/** What the program does, and what came of it. */
const actions: Record<string, (request: IncomingMessage) => Promise<unknown>> = {
  'POST /login': async (request) => client.login((await json(request)) as { username: string; password: string }),
  'GET /orders': async () => (await client.fetch(`${API}/orders`)).status,
  'POST /logout': async () => client.logout(),
  'GET /state': async () => client.state.status,
}

const server = createServer(async (request, response) => {
  const action = actions[`${request.method} ${request.url}`]
  // A page of another site must not drive this program: browsers say where a request comes from, and we are not a page.
  const foreign = request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined
  exchanges.length = 0
  const outcome = !action || foreign ? 'refused' : await action(request).catch(told)
  response.writeHead(action && !foreign ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ outcome: outcome ?? null, status: client.state.status, exchanges }))
})
server.listen(Number(PORT), '127.0.0.1')

function told(error: unknown): { error: string } {
  if (error instanceof ClientError) return { error: error.code }
  throw error
}
