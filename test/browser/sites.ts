import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCountersign, toNodeHandler } from '@countersign/server'
import { ROOT } from '../../tools/source.ts'
import { freePort } from '../support/free-port.ts'

/** What the service was asked, as it came over the socket. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly cookie: string
  readonly status: number
}

/** A service, an application of the same site, and a page of another site: three servers, two sites. */
export interface Sites {
  /** `http://localhost:…` */
  readonly issuer: string
  /** Another port of localhost: another origin, the same site, and on the list of allowed origins. */
  readonly app: string
  /** `http://127.0.0.1:…`: another site. */
  readonly foreign: string
  readonly seen: Seen[]
  close(): Promise<void>
}

export async function openSites(): Promise<Sites> {
  const dataDir = await mkdtemp(join(tmpdir(), 'countersign-browser-'))
  const [port, appPort, foreignPort] = [await freePort(), await freePort(), await freePort()]
  const issuer = `http://localhost:${port}`
  const app = `http://localhost:${appPort}`
  const countersign = createCountersign({ issuer, dataDir, allowedOrigins: [app], logLevel: 'silent' })
  await countersign.ready()

  const seen: Seen[] = []
  const handle = toNodeHandler(countersign)
  const servers = await Promise.all([
    listen(port, (request, response) => {
      response.on('finish', () => {
        const { method = '', url: path = '', headers } = request
        seen.push({ method, path, cookie: headers.cookie ?? '', status: response.statusCode })
      })
      handle(request, response)
    }),
    listen(appPort, serveApplication),
    listen(foreignPort, (_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<!doctype html><title>another site</title>')
    }),
  ])

  return {
    issuer,
    app,
    foreign: `http://127.0.0.1:${foreignPort}`,
    seen,
    async close() {
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
      await countersign.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

function listen(port: number, handle: RequestListener): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer(handle).listen(port, '127.0.0.1', () => resolve(server))
  })
}

const IMPORTS = {
  '@countersign/client': '/packages/client/src/index.ts',
  '@countersign/protocol': '/packages/protocol/src/index.ts',
}

/** A page that offers `createClient` to the test; the modules are the sources, with their types taken out. */
const serveApplication: RequestListener = (request, response) => {
  const path = request.url ?? '/'
  if (/^\/packages\/(client|protocol)\/src\/[\w-]+\.ts$/.test(path)) {
    response.setHeader('content-type', 'text/javascript')
    response.end(stripTypeScriptTypes(readFileSync(join(ROOT, path), 'utf8')))
    return
  }
  response.setHeader('content-type', 'text/html')
  response.end(`<!doctype html><title>application</title>
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">
import { createClient } from '@countersign/client'
globalThis.onPage = { createClient }
document.title = 'loaded'
</script>`)
}
