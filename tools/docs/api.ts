import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { ESTree } from 'vite'
import { parseSource, ROOT } from '../source.ts'
import { heading, type Page } from './page.ts'

const PACKAGES = ['jwt', 'protocol', 'verifier', 'client', 'server'] as const

/** A name that a package exports, with its declaration. */
interface Exported {
  readonly name: string
  readonly kind: string
  /** The TSDoc above the declaration, without its stars; empty where there is none. */
  readonly doc: string
  /** The declaration without bodies. */
  readonly code: string
}

/** `docs/reference/api/<package>.md`: every exported name of every entry point, from the sources. */
export function apiPages(): Page[] {
  return PACKAGES.map(apiPage)
}

function apiPage(name: (typeof PACKAGES)[number]): Page {
  const text = [heading(`@countersign/${name}`, 'the comments in the sources')]
  for (const [subpath, file] of entryPoints(name)) {
    const exported = exportsOf(file).sort((a, b) => a.name.localeCompare(b.name, 'en'))
    text.push(`## \`@countersign/${name}${subpath.slice(1)}\`\n`)
    for (const { name: word, kind, doc, code } of exported) {
      text.push(`### ${word}\n`, `${kind}${doc === '' ? '' : `. ${doc}`}\n`, '```ts', code, '```', '')
    }
  }
  return { path: `docs/reference/api/${name}.md`, text: text.join('\n') }
}

/** The subpaths of a package and the source files behind them. */
export function entryPoints(name: string): [subpath: string, file: string][] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8')) as {
    exports: Record<string, string | Record<string, string>>
  }
  return Object.entries(exports).flatMap(([subpath, target]) => {
    const source = typeof target === 'string' ? undefined : target['@countersign/source']
    return source === undefined ? [] : [[subpath, posix.join('packages', name, source)] as [string, string]]
  })
}

/** Every name that a file exports, its own and those it hands on. */
export function exportsOf(path: string, seen: ReadonlySet<string> = new Set()): Exported[] {
  if (seen.has(path) || !existsSync(join(ROOT, path))) return []
  const file = parseSource(path, readFileSync(join(ROOT, path), 'utf8'))
  const found: Exported[] = []
  for (const statement of file.program.body) {
    if (statement.type === 'ExportAllDeclaration') {
      found.push(...handedOn(path, statement.source.value, new Set([...seen, path])))
    }
    if (statement.type !== 'ExportNamedDeclaration') continue
    const { source, declaration, specifiers } = statement
    if (declaration !== null) found.push(...declared(file.text, statement.start, declaration))
    const names = specifiers.map(({ local, exported }) => ({ from: nameOf(local), to: nameOf(exported) }))
    const origin =
      source === null ? exportsOfImports(path, file.program) : handedOn(path, source.value, new Set([...seen, path]))
    for (const { from, to } of names) {
      const original = origin.find((candidate) => candidate.name === from)
      if (original !== undefined) found.push({ ...original, name: to })
      else
        found.push({ name: to, kind: 'handed on', doc: '', code: `export { ${to} } from '${source?.value ?? path}'` })
    }
  }
  return found
}

/** For `import { a } from './x.ts'; export { a }`: what the imports of a file bring. */
function exportsOfImports(path: string, program: ESTree.Program): Exported[] {
  return program.body.flatMap((statement) =>
    statement.type === 'ImportDeclaration' ? handedOn(path, statement.source.value, new Set([path])) : [],
  )
}

function handedOn(path: string, source: string, seen: ReadonlySet<string>): Exported[] {
  if (source.startsWith('.')) return exportsOf(posix.join(posix.dirname(path), source), seen)
  const [, name, rest = ''] = /^@countersign\/([^/]+)(\/.*)?$/.exec(source) ?? []
  const entry = name === undefined ? undefined : entryPoints(name).find(([subpath]) => subpath === `.${rest}`)
  return entry === undefined ? [] : exportsOf(entry[1], seen)
}

function declared(text: string, start: number, node: ESTree.Declaration): Exported[] {
  const doc = commentAbove(text, start)
  if (node.type === 'VariableDeclaration') {
    return node.declarations.flatMap(({ id, init, start: from, end }) => {
      if (id.type !== 'Identifier') return []
      const code = id.typeAnnotation ? text.slice(from, id.typeAnnotation.end) : constant(text.slice(from, end), init)
      return [
        {
          name: id.name,
          kind: init?.type === 'ArrowFunctionExpression' ? 'Function' : 'Constant',
          doc,
          code: `const ${code}`,
        },
      ]
    })
  }
  if (node.type === 'FunctionDeclaration' || node.type === 'TSDeclareFunction') {
    const code = text.slice(node.start, node.body?.start ?? node.end).trim()
    return node.id === null ? [] : [{ name: node.id.name, kind: 'Function', doc, code }]
  }
  if (node.type === 'ClassDeclaration') {
    return node.id === null ? [] : [{ name: node.id.name, kind: 'Class', doc, code: classShape(text, node) }]
  }
  if (node.type === 'TSInterfaceDeclaration' || node.type === 'TSTypeAliasDeclaration') {
    const kind = node.type === 'TSInterfaceDeclaration' ? 'Interface' : 'Type'
    return [{ name: node.id.name, kind, doc, code: text.slice(node.start, node.end) }]
  }
  return []
}

/** A constant table as it stands; a function or something long by its beginning alone. */
function constant(code: string, init: ESTree.Expression | null): string {
  if (init?.type === 'ArrowFunctionExpression')
    return code.slice(0, init.body.start - init.start + code.indexOf('=') + 2)
  return code.length <= 400 ? code : `${code.slice(0, code.indexOf('\n'))} …`
}

/** The head of a class and its public members, without bodies. */
function classShape(text: string, node: ESTree.Class): string {
  const members = node.body.body.flatMap((member) => {
    if (!('key' in member) || member.key.type === 'PrivateIdentifier') return []
    if ('accessibility' in member && member.accessibility === 'private') return []
    const comment = rawCommentAbove(text, member.start)
    const end = member.type === 'MethodDefinition' ? (member.value.body?.start ?? member.end) : member.end
    return [`${comment === '' ? '' : `  ${comment}\n`}  ${text.slice(member.start, end).trim()}`]
  })
  return `${text.slice(node.start, node.body.start).trim()} {\n${members.join('\n')}\n}`
}

function rawCommentAbove(text: string, start: number): string {
  return /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(text.slice(0, start))?.[0].trim() ?? ''
}

/** The text of the TSDoc comment that ends right above `start`, as Markdown. */
function commentAbove(text: string, start: number): string {
  return rawCommentAbove(text, start)
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim()
    .replace(/\{@link ([^}|]+)(\|[^}]*)?\}/g, '`$1`')
    .replace(/@throws \{(\w+)\}/g, 'Throws `$1`:')
    .replace(/@(param|returns|example|remarks|defaultValue)\b/g, '_$1_')
}

function nameOf(node: ESTree.ModuleExportName): string {
  return node.type === 'Literal' ? String(node.value) : node.name
}
