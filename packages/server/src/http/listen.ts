import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Timers } from '../ports/timers.ts'
import type { NodeHandler } from './node-handler.ts'

/** An open port. */
export interface Listening {
  readonly port: number
  /** Stops accepting, lets requests finish for `grace` milliseconds, then closes what is left. */
  close(grace: number): Promise<void>
}

/** How long a client may take. Milliseconds, as `node:http` names them. */
export interface Patience {
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly keepAliveTimeout: number
  readonly connectionsCheckingInterval: number
}

/**
 * Slow clients are let go: Node's own patience (60 s for headers, 300 s for a request) lets a few hundred of them hold a
 * service. Times in milliseconds.
 */
export const PATIENCE: Patience = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
}
const MAX_HEADER_BYTES = 16 * 1024
/** More than any browser keeps for a site. */
const MAX_COOKIES = 512
const MAX_CONNECTIONS = 4_096

/** @throws what the socket says: `EADDRINUSE` where the port is taken */
export async function listen(
  handler: NodeHandler,
  options: {
    readonly host: string
    readonly port: number
    readonly timers: Timers
    /** Default `PATIENCE`. */
    readonly patience?: Patience
  },
): Promise<Listening> {
  const patience = options.patience ?? PATIENCE
  const server = createServer({ ...patience, maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    if (hasTooManyCookies(request)) refuse(response)
    else handler(request, response)
  })
  server.maxConnections = MAX_CONNECTIONS
  server.setTimeout(patience.requestTimeout)
  const connections = watchConnections(server)
  await open(server, options)
  const { port } = server.address() as AddressInfo
  return { port, close: (grace) => close(server, connections, grace, options.timers) }
}

function hasTooManyCookies({ headers }: IncomingMessage): boolean {
  return (headers.cookie?.split(';', MAX_COOKIES + 1).length ?? 0) > MAX_COOKIES
}

/** As the parser answers a header block that is too large (RFC 6585 §5). */
function refuse(response: ServerResponse): void {
  response.writeHead(431, { connection: 'close' }).end()
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

/** The open connections, of which some have a request under way. */
interface Connections {
  /** Closes those that have none, and each other one after its answer. */
  closeIdle(): void
}

/**
 * To Node a connection on which nothing was asked yet is not an idle one, and browsers open such in advance: each would
 * hold up a stop until the grace is over.
 */
function watchConnections(server: Server): Connections {
  const underWay = new Map<Socket, number>()
  const state = { closing: false }
  const add = (socket: Socket, count: number) => {
    const requests = underWay.get(socket)
    if (requests === undefined) return
    underWay.set(socket, requests + count)
    if (state.closing && requests + count === 0) socket.destroySoon()
  }
  server.on('connection', (socket: Socket) => {
    underWay.set(socket, 0)
    socket.once('close', () => underWay.delete(socket))
  })
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    add(socket, 1)
    response.once('close', () => add(socket, -1))
  })
  return {
    closeIdle() {
      state.closing = true
      for (const socket of underWay.keys()) add(socket, 0)
    },
  }
}

async function close(server: Server, connections: Connections, grace: number, timers: Timers): Promise<void> {
  const done = new AbortController()
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      done.abort()
      resolve()
    })
  })
  connections.closeIdle()
  await timers.sleep(grace, done.signal)
  server.closeAllConnections()
  await closed
}
