import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RESULTS_PATH, type Results } from './docs/results.ts'
import { idsOf } from './docs/security.ts'
import { ROOT } from './source.ts'

/**
 * `npm run docs:results`: runs every test and notes what came of those that carry an id of the security checklist, for
 * the column of results in `docs/reference/security.md`. A failed test is noted as one, and fails this too.
 */
interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
    }[]
  }[]
}

const folder = mkdtempSync(join(tmpdir(), 'countersign-results-'))
const output = join(folder, 'report.json')
const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--reporter=json', `--outputFile=${output}`, '--reporter=./tools/count-reporter.ts'],
  { cwd: ROOT, stdio: 'inherit' },
)
const report = JSON.parse(readFileSync(output, 'utf8')) as Report
rmSync(folder, { recursive: true })

const results = new Map<string, { passed: number; failed: number; skipped: number }>()
for (const { ancestorTitles, title, status: state } of report.testResults.flatMap((file) => file.assertionResults)) {
  for (const id of new Set([...ancestorTitles, title].flatMap((text) => [...idsOf(text)]))) {
    const count = results.get(id) ?? { passed: 0, failed: 0, skipped: 0 }
    if (state === 'passed' || state === 'failed') count[state]++
    else count.skipped++
    results.set(id, count)
  }
}
const sorted: Results = Object.fromEntries([...results].sort(([a], [b]) => (a < b ? -1 : 1)))
const lines = Object.entries(sorted).map(([id, count]) => `  ${JSON.stringify(id)}: ${JSON.stringify(count)}`)
writeFileSync(join(ROOT, RESULTS_PATH), `{\n${lines.join(',\n')}\n}\n`)
console.log(`wrote ${RESULTS_PATH}: ${lines.length} ids; now run npm run docs`)
process.exitCode = status ?? 1
