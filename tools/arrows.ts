import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, posix } from 'node:path'
import { Visitor } from 'vite'
import type { Page } from './docs/page.ts'
import { lineOf, ROOT, readSources, type SourceFile } from './source.ts'

/**
 * Who may import whom. A zone is a package, or a floor of the server; type-only and dynamic imports count, tests do
 * not. What is not in a row is refused.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  jwt: [],
  verifier: ['jwt', 'protocol'],
  client: ['protocol'],
  console: ['client', 'protocol', 'jwt'],

  'server/domain': ['protocol'],
  'server/ports': ['server/domain'],
  // Clock, timers, randomness, log and metrics: what the machine gives. No store is among them.
  'server/machine': [],
  'server/usecases': ['server/domain', 'server/ports', 'server/machine', 'jwt', 'protocol'],
  'server/adapters/*': ['server/domain', 'server/ports', 'server/machine', 'protocol'],
  // The engines share their SQL texts; two adapters know nothing else of each other.
  'server/adapters/sqlite': ['server/domain', 'server/ports', 'server/machine', 'server/adapters/sql'],
  'server/adapters/postgres': ['server/domain', 'server/ports', 'server/machine', 'server/adapters/sql'],
  'server/conformance': ['server/domain', 'server/ports', 'server/machine'],
  // No store: a route that can reach one will.
  'server/http': ['server/usecases', 'server/domain', 'server/machine', 'protocol'],
  'server/config': [],
  'server/cli': ['server/usecases', 'server/config', 'protocol', 'jwt'],
  'server/wiring': [
    ...['server/http', 'server/usecases', 'server/domain', 'server/ports', 'server/machine', 'server/adapters/*'],
    ...['server/config', 'server/cli', 'jwt', 'protocol'],
  ],
  // Public names, and nothing else.
  'server/index': ['server/wiring', 'server/http', 'server/usecases', 'server/config', 'server/ports', 'server/domain'],
  'server/main': ['server/wiring', 'server/cli', 'server/adapters/system'],
}

/** The files at the top of the server that tie everything together; whoever reads them can follow every arrow. */
const WIRING: readonly string[] = ['server.ts', 'countersign.ts', 'cli-services.ts', 'data-folder.ts']

/** Ports that are no stores. A refusal of the store (`store-error`) is among them, for it becomes an answer. */
const MACHINE: readonly string[] = ['clock.ts', 'timers.ts', 'random.ts', 'log.ts', 'metrics.ts', 'store-error.ts']

const SERVER = 'packages/server/src/'
const CLIENT_NODE = 'packages/client/src/node.ts'

/** An import whose name is put together at run time. It would pass every rule, so it is shown as what it is. */
const COMPUTED = '(computed)'

/** Paths (or their beginnings, when they end in `/`) that may import a package from outside or a module of Node. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  hono: [`${SERVER}http/`, 'packages/verifier/src/hono.ts'],
  '@hono/node-server': [`${SERVER}http/node-handler.ts`],
  valibot: [`${SERVER}http/`],
  '@valibot/to-json-schema': [`${SERVER}http/`],
  commander: [`${SERVER}cli/`],
  pino: [`${SERVER}adapters/pino/`],
  'prom-client': [`${SERVER}adapters/prometheus/`],
  '@node-rs/argon2': [`${SERVER}adapters/argon2id/`],
  express: ['packages/verifier/src/express.ts'],
  fastify: ['packages/verifier/src/fastify.ts'],
  koa: ['packages/verifier/src/koa.ts'],
  react: ['packages/client/src/react.ts'],
  vue: ['packages/client/src/vue.ts'],

  'node:sqlite': [`${SERVER}adapters/sqlite/`],
  'node:fs': [...['adapters/', 'config/load.ts', 'cli/files.ts', 'main.ts'].map((path) => SERVER + path), CLIENT_NODE],
  'node:path': [...['adapters/', 'config/', 'cli/', ...WIRING, 'main.ts'].map((path) => SERVER + path), CLIENT_NODE],
  'node:os': [`${SERVER}countersign.ts`, `${SERVER}main.ts`, CLIENT_NODE],
  'node:http': [`${SERVER}http/listen.ts`, `${SERVER}http/node-handler.ts`, 'packages/verifier/src/'],
  'node:net': [`${SERVER}config/`, `${SERVER}domain/`, `${SERVER}http/`],
  'node:process': [`${SERVER}adapters/system/`, `${SERVER}main.ts`],
  'node:stream': [`${SERVER}main.ts`],
  'node:url': [`${SERVER}adapters/`, `${SERVER}config/`, `${SERVER}cli/`, `${SERVER}main.ts`],
  'node:timers': [`${SERVER}adapters/system/`],
  'node:perf_hooks': [`${SERVER}adapters/`],
  'node:zlib': [`${SERVER}domain/`],
  // Only what is synchronous and gives the same for the same input: tools/seams.ts reads the names.
  'node:crypto': ['packages/jwt/src/', SERVER, 'packages/verifier/src/', CLIENT_NODE],
  'node:buffer': ['packages/'],
  'node:util': ['packages/'],

  // The configuration file of the operator.
  [COMPUTED]: [`${SERVER}main.ts`],
}

/** One `import` as it stands in a file. */
export interface Import {
  readonly path: string
  readonly line: number
  readonly target: string
}

/** Something that must not be there, with the place and the rule. */
export interface Fault {
  readonly path: string
  readonly line: number
  readonly message: string
}

/** Every import of a file: static, type-only, re-exported, dynamic, and `import('…')` in a type. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = []
  const add = (source: { value: unknown; start: number } | null): void => {
    if (source === null) return
    const line = lineOf(file.text, source.start)
    found.push({ path: file.path, line, target: String(source.value) })
  }
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    ImportExpression: (node) => {
      const source = node.source
      add(source.type === 'Literal' ? source : { value: COMPUTED, start: node.start })
    },
  }).visit(file.program)
  return found
}

/** The zone of a file: its package, or inside the server its floor, its adapter or the wiring at the top. */
export function zoneOf(path: string): string {
  const [, name = '', , first = '', second = ''] = path.split('/')
  if (name !== 'server') return name
  if (first === 'adapters') return `server/adapters/${second}`
  if (first === 'ports' && MACHINE.includes(second)) return 'server/machine'
  return WIRING.includes(first) ? 'server/wiring' : `server/${first.replace(/\.ts$/, '')}`
}

/** The actual arrows between zones: from each zone to the zones it imports. */
export function collectArrows(files: readonly SourceFile[]): Map<string, Set<string>> {
  const arrows = new Map<string, Set<string>>()
  for (const file of files) {
    const from = zoneOf(file.path)
    const targets = arrows.get(from) ?? new Set<string>()
    arrows.set(from, targets)
    for (const { target } of importsOf(file)) {
      const to = targetZone(file.path, target)
      if (to !== undefined && to !== from) targets.add(to)
    }
  }
  return arrows
}

/** Every import that the two tables above do not allow. */
export function arrowFaults(files: readonly SourceFile[]): Fault[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap((found) => {
      const message = judge(found)
      return message === undefined ? [] : [{ path: found.path, line: found.line, message }]
    }),
  )
}

function judge({ path, target }: Import): string | undefined {
  const from = zoneOf(path)
  const to = targetZone(path, target)
  if (to === from) return undefined
  if (to !== undefined) {
    const row = ALLOWED[from] ?? ALLOWED[from.replace(/^server\/adapters\/.*/, 'server/adapters/*')]
    if (row === undefined) return `${from} is not in the table of arrows`
    if (row.includes(to) || (to.startsWith('server/adapters/') && row.includes('server/adapters/*'))) return undefined
    return `${from} must not import ${to} (${target})`
  }
  const name = outsideName(target)
  const places = OUTSIDE[name]
  if (places === undefined) return `${target} is not in the table of what may be imported`
  if (places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place))) return undefined
  return `${target} must not be imported here`
}

/** The zone an import leads to, or undefined when it leads out of the repository. */
function targetZone(path: string, target: string): string | undefined {
  if (target.startsWith('.')) return zoneOf(posix.join(posix.dirname(path), target))
  const own = /^@countersign\/([^/]+)/.exec(target)?.[1]
  return own === 'server' ? 'server/index' : own
}

/** `node:fs/promises` and `fs` are `node:fs`; `@a/b/c` is `@a/b`; `hono/cookie` is `hono`. */
function outsideName(target: string): string {
  const parts = target.replace(/^node:/, '').split('/')
  if (target.startsWith('node:') || builtinModules.includes(target)) return `node:${parts[0]}`
  return parts.slice(0, target.startsWith('@') ? 2 : 1).join('/')
}

const START = '<!-- arrows: made by `npm run docs` -->'
const END = '<!-- end of arrows -->'

const FLOORS = ['index', 'main', 'wiring', 'cli', 'http', 'usecases', 'domain', 'ports', 'machine', 'config']

/** The arrows as text: one line for each zone, packages first, then the floors of the server from the top down. */
export function arrowsPicture(arrows: ReadonlyMap<string, ReadonlySet<string>>): string {
  const order = ['protocol', 'jwt', 'verifier', 'client', 'console']
  for (const floor of FLOORS) order.push(`server/${floor}`)
  const rank = (zone: string): number => (order.indexOf(zone) + order.length + 1) % (order.length + 1)
  const zones = [...arrows.keys()].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en'))
  const width = Math.max(...zones.map((zone) => zone.length))
  const lines = zones.map((zone) => {
    const targets = [...(arrows.get(zone) ?? [])].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en'))
    return `${zone.padEnd(width)} -> ${targets.length === 0 ? '(nothing)' : targets.join(', ')}`
  })
  return ['```', ...lines, '```'].join('\n')
}

/** ARCHITECTURE.md with the picture between its two marks put in anew. */
export function drawArrows(page: string, picture: string): string {
  const start = page.indexOf(START)
  const end = page.indexOf(END)
  if (start < 0 || end < start) throw new Error(`ARCHITECTURE.md lacks the marks "${START}" and "${END}"`)
  return `${page.slice(0, start + START.length)}\n\n${picture}\n\n${page.slice(end)}`
}

/** ARCHITECTURE.md with the arrows as they are. */
export function arrowsPage(files: readonly SourceFile[] = readSources()): Page {
  const path = 'ARCHITECTURE.md'
  const text = drawArrows(readFileSync(join(ROOT, path), 'utf8'), arrowsPicture(collectArrows(files)))
  return { path, text }
}
