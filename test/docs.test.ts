import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERRORS } from '../packages/protocol/src/errors.ts'
import { RESULTS_PATH, type Results } from '../tools/docs/results.ts'
import { checklistFaults } from '../tools/docs/security.ts'
import { findDrift } from '../tools/generate-docs.ts'
import { listFiles, ROOT } from '../tools/source.ts'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const pages = listFiles(ROOT).filter((path) => path.endsWith('.md') && !path.startsWith('vectors/'))

describe('pages made from the code', () => {
  test('are what the code says', async () => {
    expect(await findDrift()).toEqual([])
  })

  test('every code of the service has a section', () => {
    const headings = read('docs/reference/errors.md').split('\n')
    for (const code of Object.keys(ERRORS)) expect(headings).toContain(`### ${code}`)
  })
})

describe('the security checklist', () => {
  test('every demand on it has a test, or is said to be open', () => {
    expect(checklistFaults()).toEqual([])
  })

  test('every demand that has a test has a result, and none of them is a failure', () => {
    const results: Results = JSON.parse(read(RESULTS_PATH))
    const page = read('docs/reference/security.md')
    const rows = [...page.matchAll(/^\| ([A-Z](?:-[A-Z])?\d\d) \|.*$/gm)].filter(
      ([row]) => !row.includes('not tested yet'),
    )
    expect(rows.length).toBeGreaterThan(150)
    expect(rows.filter(([, id = '']) => (results[id]?.passed ?? 0) === 0).map(([, id]) => id)).toEqual([])
    expect(Object.entries(results).filter(([, { failed }]) => failed > 0)).toEqual([])
  })

  test('control: a demand without a test, a test without a demand and a stale mark are seen', () => {
    const named = [{ title: 'x', path: 'x.test.ts' }]
    const faults = checklistFaults(
      new Map([
        ['S-Z99', named],
        ['S-C08', named],
      ]),
      new Set(['S-C08']),
    )
    expect(faults).toContain('S-S01 has no test')
    expect(faults).toContain('S-Z99 is not on the list')
    expect(faults).toContain('S-C08 is tested now: it is open no longer')
  })
})

describe('pages written by hand', () => {
  test('every link inside the repository leads to a file', () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, target = '']) => normalize(join(dirname(page), target)))
        .filter((target) => !existsSync(join(ROOT, target)))
        .map((target) => `${page}: ${target}`),
    )
    expect(pages.length).toBeGreaterThan(10)
    expect(broken).toEqual([])
  })

  test('every path that ARCHITECTURE.md names exists', () => {
    const named = [
      ...read('ARCHITECTURE.md').matchAll(/`((?:packages|tools|test|docs|vectors|examples|bench)\/[\w./-]+)`/g),
    ]
    expect(named.length).toBeGreaterThan(5)
    expect(named.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  test('every npm script that a page names exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, name = '']) => name),
    )
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })

  test('no example holds a token or a key that looks real', () => {
    const LONG_TOKEN = /eyJ[\w-]{30,}\.[\w-]{30,}\.[\w-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY/
    expect(pages.filter((page) => LONG_TOKEN.test(read(page)))).toEqual([])
  })
})
