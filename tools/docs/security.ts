import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Visitor } from 'vite'
import { listFiles, parseSource, ROOT } from '../source.ts'
import { heading, type Page, table } from './page.ts'
import { ATTACKS, CHECKLIST, OPEN } from './security-checklist.ts'

/** A test, or a case of a table of tests, that names an id. */
interface Named {
  readonly title: string
  readonly path: string
}

/** `docs/reference/security.md`: what is withstood, and which test shows it. */
export function securityPage(): Page {
  const tests = testsById()
  const cells = (id: string): string => {
    const found = tests.get(id) ?? []
    return found.map(({ title, path }) => `${title} (\`${path}\`)`).join('<br>') || 'not tested yet'
  }
  const text = [
    heading('Security checklist', 'the titles of the tests'),
    'Each line is a demand and the tests that hold it; all of them run with `npm test`. A line without a test says so.\n',
    ...CHECKLIST.flatMap(({ title, demands }) => [
      `## ${title}\n`,
      table(
        ['id', 'demand', 'tests'],
        demands.map(({ id, demand }) => [id, demand, cells(id)]),
      ),
      '',
    ]),
    '## Attacks on a token\n',
    'Every refusal is tested beside a control: the same token without the attack is accepted.\n',
    ...ATTACKS.flatMap(({ title, ids }) => [
      `### ${title}\n`,
      table(
        ['id', 'tests'],
        ids.map((id) => [id, cells(id)]),
      ),
      '',
    ]),
  ]
  return { path: 'docs/reference/security.md', text: text.join('\n') }
}

/** What is wrong with the checklist: a demand that nothing tests, and one called open that something tests. */
export function checklistFaults(tests: ReadonlyMap<string, readonly Named[]> = testsById()): string[] {
  const ids = [
    ...CHECKLIST.flatMap(({ demands }) => demands.map(({ id }) => id)),
    ...ATTACKS.flatMap((group) => group.ids),
  ]
  return [
    ...ids.filter((id) => !tests.has(id) && !OPEN.has(id)).map((id) => `${id} has no test`),
    ...ids.filter((id) => tests.has(id) && OPEN.has(id)).map((id) => `${id} is tested now: it is open no longer`),
    ...[...tests.keys()]
      .filter((id) => id.startsWith('S-') && !ids.includes(id))
      .map((id) => `${id} is not on the list`),
  ]
}

const CHECKLIST_ID = /\bS-[A-Z]\d\d\b/g
const ATTACK_ID = /^([A-HJT]\d\d)[a-z]?\b(?=$|[ ,:…])/

/** Every text in a test file that names an id: titles, and the first cells of tables of cases. */
function testsById(): Map<string, Named[]> {
  const found = new Map<string, Named[]>()
  for (const path of listFiles(ROOT).filter((file) => /^(packages|test)\/.*\.test\.ts$/.test(file))) {
    const file = parseSource(path, readFileSync(join(ROOT, path), 'utf8'))
    const add = (text: string): void => {
      const title = text.replace(/\s+/g, ' ').trim()
      const ids = [...title.matchAll(CHECKLIST_ID)].map(([id]) => id)
      const attack = ATTACK_ID.exec(title)?.[1]
      for (const id of new Set(attack === undefined ? ids : [...ids, attack])) {
        const known = found.get(id) ?? []
        if (!known.some((other) => other.title === title && other.path === path))
          found.set(id, [...known, { title, path }])
      }
    }
    new Visitor({
      Literal: (node) => {
        if (typeof node.value === 'string') add(node.value)
      },
      TemplateLiteral: (node) => add(node.quasis.map(({ value }) => value.cooked ?? '').join('…')),
    }).visit(file.program)
  }
  return found
}
