import { writeSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** What one run came to. */
interface Count {
  passed: number
  failed: number
  skipped: number
  /** Why something was skipped and how to get it, each sentence once. */
  readonly notes: Set<string>
}

/**
 * Prints `N passed, N failed, N skipped` as the last line of a run, so that a script can read it.
 *
 * With `CI` set, a skipped test fails the run: a check that nobody sees missing is worse than none. Elsewhere the lines
 * before the count say what was skipped and how to get it, taken from the note that the test gave to `skip`.
 */
export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = countTests(modules)
    // An error outside every test is a failure too, or the last line would speak of a good run.
    count.failed += unhandledErrors.length
    const lines = [...count.notes].map((note) => `skipped: ${note}`)
    if (count.skipped > 0 && isSet(process.env.CI)) {
      lines.push('Nothing may be skipped here, since CI is set.')
      process.exitCode = 1
    }
    lines.push(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
    printLast(lines.join('\n'))
  }
}

export default CountReporter

function countTests(modules: readonly TestModule[]): Count {
  const count: Count = { passed: 0, failed: 0, skipped: 0, notes: new Set() }
  for (const module of modules) {
    let failed = 0
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === 'passed') count.passed++
      if (result.state === 'failed') failed++
      if (result.state === 'skipped' || result.state === 'pending') {
        count.skipped++
        count.notes.add(result.state === 'skipped' && result.note ? result.note : `${test.fullName} (no reason given)`)
      }
    }
    // A file that does not load has no test that could fail.
    count.failed += failed === 0 && module.state() === 'failed' ? 1 : failed
  }
  return count
}

/** Other reporters still write after the run has ended, so the line waits for the end of the process. */
function printLast(line: string): void {
  process.once('exit', () => writeSync(1, `${line}\n`))
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false' && value !== '0'
}
