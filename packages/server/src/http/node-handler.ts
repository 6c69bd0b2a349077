import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { App } from './app.ts'

/** Stands for an address that cannot be told. */
const UNREADABLE = 'http://unreadable.invalid/'

/** A handler of `node:http`, which is also a middleware of Express and its kind. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void

/** A request whose body a framework may have read already. */
type ParsedRequest = IncomingMessage & { readonly body?: unknown; readonly originalUrl?: string }

/**
 * Serves an app by `node:http`. Foreign paths go to `next` where there is one.
 *
 * A body that `express.json()` has read before is understood: its value is written out again, so that it makes no
 * difference which middleware stands first.
 */
export function createNodeHandler(app: App, owns: (path: string) => boolean): NodeHandler {
  const listen = getRequestListener(
    (request, { incoming }) => {
      // A socket that is gone has no address any more, but came from one.
      const clientAddress = incoming.socket.remoteAddress ?? (incoming.socket.destroyed ? 'gone' : undefined)
      return isAmbiguous(incoming as ParsedRequest)
        ? app(new Request(UNREADABLE), { clientAddress, ambiguous: true })
        : app(withParsedBody(request, incoming as ParsedRequest), { clientAddress })
    },
    {
      // The application's own Request and Response stay what they are.
      overrideGlobalObjects: false,
      // Target and `Host` make no address. The app never rejects, so it is nothing else.
      errorHandler: () => app(new Request(UNREADABLE), { ambiguous: true }),
    },
  )
  return (request: ParsedRequest, response, next) => {
    // Express takes the mount path off; the app knows paths as the client sent them.
    const target = request.originalUrl ?? request.url ?? '/'
    if (next !== undefined && !owns(target.split('?', 1)[0] ?? '/')) {
      next()
      return
    }
    request.url = target
    void listen(request, response)
  }
}

/**
 * Two `Host` headers are two sites, depending on who reads the request (RFC 9112 §3.2). A target in absolute form names a
 * second one and is for proxies, which we are not.
 */
function isAmbiguous({ rawHeaders, url, originalUrl }: ParsedRequest): boolean {
  const hosts = rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host')
  return hosts.length > 1 || !(originalUrl ?? url ?? '').startsWith('/')
}

function withParsedBody(incoming: Request, { body, readableEnded, method, headers }: ParsedRequest): Request {
  if (!readableEnded || body === undefined || method === 'GET' || method === 'HEAD') return incoming
  const text = Buffer.isBuffer(body) ? body : typeof body === 'string' ? body : JSON.stringify(body)
  // The body was decoded when it was read, so the old length and encoding speak of bytes that are gone.
  const fresh = new Headers(incoming.headers)
  fresh.delete('content-length')
  fresh.delete('content-encoding')
  const empty = headers['content-length'] === undefined && headers['transfer-encoding'] === undefined
  return new Request(incoming.url, { method, headers: fresh, body: empty ? null : text } as RequestInit)
}
