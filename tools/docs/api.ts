import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { ESTree } from 'vite'
import { parseSource, ROOT, type SourceFile } from '../source.ts'
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
export function exportsOf(path: string): Exported[] {
  const found: Exported[] = []
  for (const statement of parseFile(path).program.body) {
    if (statement.type === 'ExportAllDeclaration')
      found.push(...fileBehind(path, statement.source.value).flatMap(exportsOf))
    if (statement.type !== 'ExportNamedDeclaration') continue
    if (statement.declaration !== null) {
      found.push(...declared(parseFile(path).text, statement.start, statement.declaration))
    }
    for (const { local, exported } of statement.specifiers) {
      const name = nameOf(exported)
      found.push({ ...findName(sourceOf(path, statement.source?.value, nameOf(local)), nameOf(local)), name })
    }
  }
  return found
}

/** The declaration of one name, followed through the files that hand it on. */
function findName(path: string | undefined, name: string): Exported {
  const unknown: Exported = { name, kind: 'Handed on', doc: '', code: name }
  if (path === undefined) return unknown
  for (const statement of parseFile(path).program.body) {
    if (statement.type === 'ExportAllDeclaration') {
      const found = fileBehind(path, statement.source.value).map((file) => findName(file, name))[0]
      if (found !== undefined && found.kind !== unknown.kind) return found
    }
    const exported = statement.type === 'ExportNamedDeclaration'
    const declaration = exported ? statement.declaration : statement
    if (declaration !== null && isDeclaration(declaration)) {
      const found = declared(parseFile(path).text, statement.start, declaration).find((one) => one.name === name)
      if (found !== undefined) return found
    }
    const specifier = exported ? statement.specifiers.find((one) => nameOf(one.exported) === name) : undefined
    if (exported && specifier !== undefined) {
      const local = nameOf(specifier.local)
      const next = sourceOf(path, statement.source?.value, local)
      if (next !== path || local !== name) return findName(next, local)
    }
  }
  return unknown
}

/** The file that a name comes from: the one behind `from`, or behind the import of that name, or this one. */
function sourceOf(path: string, source: string | undefined, name: string): string | undefined {
  if (source !== undefined) return fileBehind(path, source)[0]
  for (const statement of parseFile(path).program.body) {
    if (statement.type !== 'ImportDeclaration') continue
    if (statement.specifiers.some(({ local }) => local.name === name))
      return fileBehind(path, statement.source.value)[0]
  }
  return path
}

/** The source file behind an import: none for what is not ours. */
function fileBehind(path: string, source: string): string[] {
  if (source.startsWith('.')) return [posix.join(posix.dirname(path), source)]
  const [, name, rest = ''] = /^@countersign\/([^/]+)(\/.*)?$/.exec(source) ?? []
  const entry = name === undefined ? undefined : entryPoints(name).find(([subpath]) => subpath === `.${rest}`)
  return entry === undefined ? [] : [entry[1]]
}

const parsed = new Map<string, SourceFile>()

function parseFile(path: string): SourceFile {
  const file = parsed.get(path) ?? parseSource(path, readFileSync(join(ROOT, path), 'utf8'))
  parsed.set(path, file)
  return file
}

function isDeclaration(node: ESTree.Statement | ESTree.Declaration): node is ESTree.Declaration {
  return /^(Variable|Function|Class|TSInterface|TSTypeAlias)Declaration$|^TSDeclareFunction$/.test(node.type)
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
