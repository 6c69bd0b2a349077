import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ESTree, Visitor } from 'vite'
import { listFiles, parseSource, ROOT } from '../source.ts'
import { heading, type Page, table } from './page.ts'
import { readResults } from './results.ts'
import { ATTACKS, CHECKLIST, OPEN } from './security-checklist.ts'

/** A test, or a case of a table of tests, that names an id. */
interface Named {
  readonly title: string
  readonly path: string
}

/** `docs/reference/security.md`: what is withstood, and which test shows it. */
export function securityPage(): Page {
  const tests = testsById()
  const result = readResults()
  const cells = (id: string): string => {
    const found = tests.get(id) ?? []
    return found.map(({ title, path }) => `${title} (\`${path}\`)`).join('<br>') || 'not tested yet'
  }
  const text = [
    heading('Security checklist', 'the titles of the tests'),
    'Each line is a demand and the tests that hold it; all of them run with `npm test`. A line without a test says so. The results are those of the last `npm run docs:results`.\n',
    ...CHECKLIST.flatMap(({ title, demands }) => [
      `## ${title}\n`,
      table(
        ['id', 'demand', 'tests', 'result'],
        demands.map(({ id, demand }) => [id, demand, cells(id), result(id)]),
      ),
      '',
    ]),
    '## Attacks on a token\n',
    'Every refusal is tested beside a control: the same token without the attack is accepted.\n',
    ...ATTACKS.flatMap(({ title, ids }) => [
      `### ${title}\n`,
      table(
        ['id', 'tests', 'result'],
        ids.map((id) => [id, cells(id), result(id)]),
      ),
      '',
    ]),
  ]
  return { path: 'docs/reference/security.md', text: text.join('\n') }
}

/** What is wrong with the checklist: a demand that nothing tests, and one called open that something tests. */
export function checklistFaults(
  tests: ReadonlyMap<string, readonly Named[]> = testsById(),
  open: ReadonlySet<string> = OPEN,
): string[] {
  const ids = [
    ...CHECKLIST.flatMap(({ demands }) => demands.map(({ id }) => id)),
    ...ATTACKS.flatMap((group) => group.ids),
  ]
  return [
    ...ids.filter((id) => !tests.has(id) && !open.has(id)).map((id) => `${id} has no test`),
    ...ids.filter((id) => tests.has(id) && open.has(id)).map((id) => `${id} is tested now: it is open no longer`),
    ...[...tests.keys()]
      .filter((id) => id.startsWith('S-') && !ids.includes(id))
      .map((id) => `${id} is not on the list`),
  ]
}

const CHECKLIST_ID = /\bS-[A-Z]\d\d\b/g
const ATTACK_ID = /^[A-HJT]\d\d[a-z]?(?=$|[ ,:…])/

/** The page's own test speaks of ids without testing them. */
const IS_TEST = /^packages\/.*\.test\.ts$|^test\/(?!docs\.test|fixtures\/).*\.ts$/

/** Every text in a test that names an id: titles, and the cells of tables of cases. */
function testsById(): Map<string, Named[]> {
  const found = new Map<string, Named[]>()
  for (const path of listFiles(ROOT).filter((file) => IS_TEST.test(file))) {
    const add = (text: string): void => {
      const title = text.replace(/\s+/g, ' ').trim()
      for (const id of idsOf(title)) found.set(id, [...(found.get(id) ?? []), { title, path }])
    }
    new Visitor({
      Literal: (node) => add(textOf(node) ?? ''),
      TemplateLiteral: (node) => add(textOf(node) ?? ''),
      // A case of a table: the id, and beside it what is done.
      CallExpression: (node) => add(besides(node.arguments)),
      ArrayExpression: (node) => add(besides(node.elements)),
    }).visit(parseSource(path, readFileSync(join(ROOT, path), 'utf8')).program)
  }
  return new Map([...found].map(([id, tests]) => [id, distinct(id, tests)]))
}

/** Checklist ids anywhere in a title; attack ids at its beginning, one or several. */
export function idsOf(title: string): Set<string> {
  const ids = [...title.matchAll(CHECKLIST_ID)].map(([id]) => id)
  for (const word of title.split(' ')) {
    if (!ATTACK_ID.test(word)) break
    ids.push(word.slice(0, 3))
  }
  return new Set(ids)
}

/** The first two of some arguments or elements, when both are texts. */
function besides(nodes: readonly (ESTree.Node | null)[]): string {
  const [id, title] = nodes.slice(0, 2).map((node) => (node === null ? undefined : textOf(node)))
  return id === undefined || title === undefined || !/^[A-HJT]\d\d[a-z]?$/.test(id) ? '' : `${id} ${title}`
}

function textOf(node: ESTree.Node): string | undefined {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined
  return node.type === 'TemplateLiteral' ? node.quasis.map(({ value }) => value.cooked ?? '').join('…') : undefined
}

/** Each test once, and the bare id only where no text says more. */
function distinct(id: string, tests: readonly Named[]): Named[] {
  const telling = tests.filter(({ title }) => title !== id && !/^[A-Z]\d\d[a-z]$/.test(title))
  const kept = telling.length > 0 ? telling : tests
  return kept.filter(
    (one, index) => kept.findIndex(({ title, path }) => title === one.title && path === one.path) === index,
  )
}
