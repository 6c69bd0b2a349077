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
  'server/usecases': ['server/domain', 'server/ports', 'jwt', 'protocol'],
  'server/adapters/*': ['server/domain', 'server/ports'],
  // The SQL texts are shared by the engines; everything else about two adapters stays apart.
  'server/adapters/sqlite': ['server/domain', 'server/ports', 'server/adapters/sql'],
  'server/adapters/postgres': ['server/domain', 'server/ports', 'server/adapters/sql'],
  'server/conformance': ['server/domain', 'server/ports'],
  'server/http': ['server/usecases', 'server/domain', 'protocol'],
  'server/config': [],
  'server/cli': ['server/usecases', 'server/config', 'protocol', 'jwt'],
  'server/server.ts': [
    'server/http',
    'server/usecases',
    'server/domain',
    'server/ports',
    'server/adapters/*',
    'server/config',
    'jwt',
    'protocol',
  ],
  'server/index.ts': ['server/server.ts', 'server/config', 'server/ports', 'server/domain', 'server/usecases'],
  'server/main.ts': ['server/server.ts', 'server/cli', 'server/config', 'protocol'],
}

/** Paths (or their beginnings, when they end in `/`) that may import a package from outside or a module of Node. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  hono: ['packages/server/src/http/', 'packages/verifier/src/hono.ts'],
  '@hono/node-server': ['packages/server/src/main.ts'],
  valibot: ['packages/server/src/http/'],
  '@valibot/to-json-schema': ['packages/server/src/http/'],
  commander: ['packages/server/src/cli/', 'packages/server/src/main.ts'],
  pino: ['packages/server/src/adapters/', 'packages/server/src/main.ts'],
  'prom-client': ['packages/server/src/adapters/'],
  '@node-rs/argon2': ['packages/server/src/adapters/argon2id/'],
  express: ['packages/verifier/src/express.ts'],
  fastify: ['packages/verifier/src/fastify.ts'],
  koa: ['packages/verifier/src/koa.ts'],
  react: ['packages/client/src/react.ts', 'packages/client/src/react.tsx'],
  vue: ['packages/client/src/vue.ts'],

  'node:sqlite': ['packages/server/src/adapters/sqlite/'],
  'node:fs': [
    'packages/server/src/adapters/',
    'packages/server/src/config/load.ts',
    'packages/server/src/cli/',
    'packages/server/src/main.ts',
    'packages/client/src/node.ts',
    'packages/client/src/node/',
  ],
  'node:crypto': [
    'packages/jwt/src/primitives.ts',
    'packages/server/src/domain/',
    'packages/server/src/adapters/',
    'packages/verifier/src/',
  ],
  'node:http': ['packages/server/src/main.ts', 'packages/verifier/src/'],
  'node:net': [
    'packages/server/src/config/',
    'packages/server/src/domain/',
    'packages/server/src/http/',
    'packages/server/src/main.ts',
  ],
  'node:os': ['packages/server/src/adapters/', 'packages/server/src/main.ts'],
  'node:path': [
    'packages/server/src/adapters/',
    'packages/server/src/config/',
    'packages/server/src/cli/',
    'packages/server/src/server.ts',
    'packages/server/src/main.ts',
    'packages/client/src/node.ts',
    'packages/client/src/node/',
  ],
  'node:url': ['packages/server/src/cli/', 'packages/server/src/config/', 'packages/server/src/main.ts'],
  'node:readline': ['packages/server/src/cli/', 'packages/server/src/main.ts'],
  'node:timers': ['packages/server/src/adapters/system/'],
  'node:perf_hooks': ['packages/server/src/adapters/'],
  'node:buffer': ['packages/'],
  'node:util': ['packages/'],
  'node:zlib': ['packages/server/src/domain/'],
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
      // A name put together at run time would pass every rule, so it is shown as what it is.
      add(source.type === 'Literal' ? source : { value: '(computed)', start: node.start })
    },
  }).visit(file.program)
  return found
}

/** The zone of a file: its package, or inside the server its floor, its adapter or the file at the top. */
export function zoneOf(path: string): string {
  const [, name = '', , first = '', second] = path.split('/')
  if (name !== 'server') return name
  if (first === 'adapters' && second !== undefined) return `server/adapters/${second.replace(/\.ts$/, '')}`
  return `server/${first}`
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
  return own === 'server' ? 'server/index.ts' : own
}

/** `node:fs/promises` and `fs` are `node:fs`; `@a/b/c` is `@a/b`; `hono/cookie` is `hono`. */
function outsideName(target: string): string {
  const parts = target.replace(/^node:/, '').split('/')
  if (target.startsWith('node:') || builtinModules.includes(target)) return `node:${parts[0]}`
  return parts.slice(0, target.startsWith('@') ? 2 : 1).join('/')
}

const START = '<!-- arrows: made by `npm run docs` -->'
const END = '<!-- end of arrows -->'

/** The arrows as text: one line for each zone, packages first, then the floors of the server from the top down. */
export function arrowsPicture(arrows: ReadonlyMap<string, ReadonlySet<string>>): string {
  const order = ['protocol', 'jwt', 'verifier', 'client', 'console', 'server/index.ts', 'server/main.ts']
  order.push('server/server.ts', 'server/cli', 'server/http', 'server/usecases', 'server/domain', 'server/ports')
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
