import { type ESTree, Visitor } from 'vite'
import type { Fault } from './arrows.ts'
import { lineOf, type SourceFile } from './source.ts'

/**
 * The seams: time, chance, timers and transport come in as values, so that the real code can run in simulated time and
 * one seed replays one history. This file holds what needs the syntax tree; plain names of globals (`fetch`,
 * `setTimeout`, `process`, …) are held by `noRestrictedGlobals` in biome.json, which knows scopes.
 */

/** Files that are themselves the seam, as biome.json has them. A path, or the beginning of paths before `**`. */
export const SEAMS: readonly string[] = [
  'packages/server/src/main.ts',
  'packages/server/src/adapters/system/**',
  'packages/client/src/platform.ts',
  'packages/verifier/src/platform.ts',
  'packages/jwt/src/primitives.ts',
  'packages/jwt/src/platform.ts',
]

/** Members of global objects that read a clock, draw chance or start a timer. `*` is every member. */
const FORBIDDEN_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Date: ['now'],
  performance: ['*'],
  Math: ['random'],
  crypto: ['*'],
  webcrypto: ['*'],
  AbortSignal: ['timeout'],
  Atomics: ['wait', 'waitAsync'],
}

/** Globals that are refused even when reached as `globalThis.name`. */
const FORBIDDEN_GLOBALS: readonly string[] = [
  ...['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'setTimeout', 'setInterval', 'setImmediate'],
  ...['process', 'performance', 'crypto', 'Worker', 'WeakRef', 'FinalizationRegistry'],
]

/** What may be taken from these modules: synchronous and the same for the same input. */
const PURE_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': [
    ...['createHash', 'createHmac', 'hash', 'hkdfSync', 'timingSafeEqual', 'createCipheriv', 'createDecipheriv'],
    ...['createSecretKey', 'createPublicKey', 'createPrivateKey', 'sign', 'verify', 'KeyObject', 'X509Certificate'],
  ],
  'node:zlib': ['crc32'],
}

/** SQL that asks the database for a time or for chance of its own, in a statement that reads or writes rows. */
const ROW_STATEMENT = /\b(insert\s+into|update\s+\w+\s+set|delete\s+from|select\s+.+\s+from)\b/is
const SQL_OWN_CLOCK =
  /\b(now|random|randomblob|gen_random_uuid|clock_timestamp|statement_timestamp|unixepoch|julianday|datetime|strftime)\s*\(|\b(current_timestamp|current_date|current_time)\b/i
const SQL_LIMIT = /\blimit\s+(?!1\b)/i
const SQL_ORDER = /\border\s+by\b/i

/** Every breach of the seams in the given files. */
export function seamFaults(files: readonly SourceFile[]): Fault[] {
  return files.filter((file) => !SEAMS.some((seam) => isAt(file.path, seam))).flatMap(faultsOf)
}

function faultsOf(file: SourceFile): Fault[] {
  const faults: Fault[] = []
  const report = (node: { start: number }, message: string): void => {
    faults.push({ path: file.path, line: lineOf(file.text, node.start), message })
  }

  for (const statement of file.program.body) checkModuleState(statement, report)
  new Visitor({
    MemberExpression: (node) => {
      const member = memberName(node)
      const owner = ownerName(node.object)
      const refused = owner === undefined ? undefined : FORBIDDEN_MEMBERS[owner]
      if (refused?.includes('*') || (member !== undefined && refused?.includes(member))) {
        report(node, `${owner}.${member ?? '…'} is outside the seams`)
      }
      if (owner === 'globalThis' && member !== undefined && FORBIDDEN_GLOBALS.includes(member)) {
        report(node, `globalThis.${member} is outside the seams`)
      }
    },
    NewExpression: (node) => {
      if (isName(node.callee, 'Date') && node.arguments.length === 0) report(node, 'new Date() reads the clock')
    },
    CallExpression: (node) => {
      if (isName(node.callee, 'Date')) report(node, 'Date() reads the clock')
    },
    ImportDeclaration: (node) => {
      const pure = PURE_IMPORTS[node.source.value]
      if (pure === undefined || node.importKind === 'type') return
      for (const specifier of node.specifiers) {
        if (specifier.type !== 'ImportSpecifier') {
          report(specifier, `take single names from ${node.source.value}, so that this check can read them`)
        } else if (specifier.importKind !== 'type' && !pure.includes(nameOf(specifier.imported))) {
          report(specifier, `${nameOf(specifier.imported)} of ${node.source.value} is outside the seams`)
        }
      }
    },
    Literal: (node) => {
      if (typeof node.value === 'string') checkSql(node.value, node, report)
    },
    TemplateLiteral: (node) => checkSql(node.quasis.map((part) => part.value.raw).join(' '), node, report),
  }).visit(file.program)
  return faults
}

type Report = (node: { start: number }, message: string) => void

/** A crash in the simulator is to forget the object and build another, so no module may remember anything. */
function checkModuleState(statement: ESTree.Program['body'][number], report: Report): void {
  const exported = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
  if (exported?.type !== 'VariableDeclaration' || exported.declare) return
  if (exported.kind === 'let' || exported.kind === 'var') report(exported, 'module scope holds no variable')
  for (const { init } of exported.declarations) {
    if (init?.type === 'NewExpression' && init.arguments.length === 0 && isCollection(init.callee)) {
      report(init, 'module scope holds no collection that starts empty: it is state')
    }
    if (init?.type === 'ArrayExpression' && init.elements.length === 0) report(init, 'an empty list is state')
    if (init?.type === 'ObjectExpression' && init.properties.length === 0) report(init, 'an empty object is state')
  }
}

function checkSql(text: string, node: { start: number }, report: Report): void {
  if (!ROW_STATEMENT.test(text)) return
  const own = SQL_OWN_CLOCK.exec(text)?.[0]
  if (own !== undefined) report(node, `SQL uses ${own}: times and chance are parameters`)
  if (SQL_LIMIT.test(text) && !SQL_ORDER.test(text)) report(node, 'SQL lists rows without ORDER BY')
}

/** `Date` for `Date` and for `globalThis.Date`. */
function ownerName(node: ESTree.Expression): string | undefined {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'MemberExpression' && ownerName(node.object) === 'globalThis') return memberName(node)
  return undefined
}

function memberName(node: ESTree.MemberExpression): string | undefined {
  if (node.property.type === 'Literal') return String(node.property.value)
  return node.computed || node.property.type !== 'Identifier' ? undefined : node.property.name
}

function nameOf(node: ESTree.ModuleExportName): string {
  return node.type === 'Literal' ? String(node.value) : node.name
}

function isName(node: ESTree.Expression, name: string): boolean {
  return ownerName(node) === name
}

function isCollection(node: ESTree.Expression): boolean {
  return ['Map', 'Set', 'WeakMap', 'WeakSet'].some((name) => isName(node, name))
}

function isAt(path: string, place: string): boolean {
  return place.endsWith('**') ? path.startsWith(place.slice(0, -2)) : path === place
}
