import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../source.ts'

/** What came of the tests of each id when all tests were last run for the page. */
export type Results = Readonly<
  Record<string, { readonly passed: number; readonly failed: number; readonly skipped: number }>
>

export const RESULTS_PATH = 'docs/reference/security-results.json'

/** @returns a function from an id to the text of its cell */
export function readResults(): (id: string) => string {
  const path = join(ROOT, RESULTS_PATH)
  const results: Results = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  return (id) => {
    const count = results[id]
    if (count === undefined) return 'not run'
    return Object.entries(count)
      .filter(([, number]) => number > 0)
      .map(([state, number]) => `${number} ${state}`)
      .join(', ')
  }
}
