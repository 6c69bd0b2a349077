import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Timers } from '../ports/timers.ts'
import type { NodeHandler } from './node-handler.ts'

/** An open port. */
export interface Listening {
  readonly port: number
  /** Stops accepting, lets requests finish for `grace` milliseconds, then closes what is left. */
  close(grace: number): Promise<void>
}

/**
 * Slow clients are let go: Node's own patience (60 s for headers, 300 s for a request) lets a few hundred of them hold a
 * service. Times in milliseconds.
 */
const PATIENCE = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
}
const MAX_HEADER_BYTES = 16 * 1024
const MAX_CONNECTIONS = 4_096

/** @throws what the socket says: `EADDRINUSE` where the port is taken */
export async function listen(
  handler: NodeHandler,
  options: { readonly host: string; readonly port: number; readonly timers: Timers },
): Promise<Listening> {
  const server = createServer({ ...PATIENCE, maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    if (hasOneHost(request)) handler(request, response)
    else refuse(response)
  })
  server.maxConnections = MAX_CONNECTIONS
  server.setTimeout(PATIENCE.requestTimeout)
  await open(server, options)
  const { port } = server.address() as AddressInfo
  return { port, close: (grace) => close(server, grace, options.timers) }
}

/** Two of them are two sites, depending on who reads the request (RFC 9112 §3.2). */
function hasOneHost({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host').length < 2
}

function refuse(response: ServerResponse): void {
  response.writeHead(400, { connection: 'close', 'content-type': 'text/plain; charset=utf-8' }).end('Bad Request\n')
}

function open(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function close(server: Server, grace: number, timers: Timers): Promise<void> {
  const done = new AbortController()
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      done.abort()
      resolve()
    })
  })
  server.closeIdleConnections()
  await timers.sleep(grace, done.signal)
  server.closeAllConnections()
  await closed
}
