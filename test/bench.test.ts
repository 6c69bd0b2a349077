import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compareCpu, type Subject } from '../bench/harness/rounds.ts'
import { median, quantile, rounded } from '../bench/harness/statistics.ts'
import { ROOT } from '../tools/source.ts'

interface Report {
  readonly name: string
  readonly node: string
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

function bench(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const script = join(ROOT, 'bench/run.ts')
  return spawnSync(process.execPath, ['--conditions=@countersign/source', script, ...args], { encoding: 'utf8' })
}

function report(...args: readonly string[]): Report {
  const { status, stdout, stderr } = bench(...args)
  if (status !== 0) throw new Error(`the benchmark ended with ${status}: ${stderr}`)
  return JSON.parse(stdout) as Report
}

describe('the command', () => {
  test.each([
    ['jwt', ['jose', 'jsonwebtoken', 'node:crypto']],
    ['refresh', ['floor']],
    ['guard', ['bare', 'hono/jwt', 'jose', 'jsonwebtoken']],
  ])('%s --json is one object with rows of one shape, and names its peers', { timeout: 60_000 }, (name, peers) => {
    const { rows, ...head } = report(name, '--json', '--quick')
    expect(head).toEqual({ name, node: process.versions.node })
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(['case', 'unit', 'median', 'ratios', 'better'])
      expect(row).toMatchObject({ case: expect.any(String), unit: expect.any(String) })
      expect(row.median).toBeGreaterThan(0)
      expect(['higher', 'lower']).toContain(row.better)
      for (const ratio of Object.values(row.ratios as object)) expect(ratio).toBeGreaterThan(0)
    }
    expect(new Set(rows.map((row) => row.case)).size).toBe(rows.length)
    expect([...new Set(rows.flatMap(({ ratios }) => Object.keys(ratios as object)))].sort()).toEqual(peers)
  })

  test('without --json it is a table', { timeout: 60_000 }, () => {
    const { status, stdout } = bench('jwt', '--quick')
    expect(status).toBe(0)
    expect(stdout).toContain('ES256 verify')
    expect(stdout).toContain('× jose')
  })

  test.each([[[]], [['speed']], [['jwt', 'guard']], [['jwt', '--fast']]])('%j is told the names, exit 2', (args) => {
    const { status, stdout, stderr } = bench(...args)
    expect(status).toBe(2)
    expect(stdout).toBe('')
    for (const name of ['jwt', 'guard', 'refresh', 'login', 'start']) expect(stderr).toContain(`  ${name}`)
  })
})

describe('the method', () => {
  const PACE = { rounds: 9, turn: 10, warmUp: 20 }
  /** @param costs microseconds an operation, one for each turn; the last one stays */
  const subject = (name: string, ...costs: readonly number[]): Subject => {
    let turn = 0
    return {
      name,
      async measure(count) {
        const cost = costs[Math.min(turn++, costs.length - 1)] ?? 0
        return { cpu: cost * count, wall: cost * count }
      },
    }
  }

  test('a ratio is theirs ÷ ours, so that above 1 is our lead', async () => {
    const row = await compareCpu('work', [subject('ours', 10), subject('slow', 25), subject('quick', 5)], PACE)
    expect(row).toMatchObject({ median: 10, ratios: { slow: 2.5, quick: 0.5 }, better: 'lower' })
  })

  test('a turn that the machine disturbed changes neither the median nor the ratio', async () => {
    const calm = Array.from({ length: 40 }, () => 10)
    const row = await compareCpu('work', [subject('ours', ...calm.slice(0, 12), 900, 10), subject('theirs', 20)], PACE)
    expect(row).toMatchObject({ median: 10, ratios: { theirs: 2 } })
  })

  test('quantiles lie between the values, and figures have three digits', () => {
    expect(median([5, 1, 3])).toBe(3)
    expect(median([1, 2, 3, 4])).toBe(2.5)
    expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9)
    expect(() => median([])).toThrow(TypeError)
    expect(rounded(1234.5)).toBe(1230)
    expect(rounded(0.123456)).toBe(0.123)
  })
})
