import type { Row } from './report.ts'
import type { Sample } from './stand.ts'
import { median, quantile, rounded } from './statistics.ts'

/** Somebody who can do a number of operations and say what they took. */
export interface Subject {
  readonly name: string
  measure(count: number): Promise<Sample>
}

export interface Pace {
  /** How many times everybody has a turn. */
  readonly rounds: number
  /** How long one turn should take, in milliseconds. */
  readonly turn: number
  /** The least warm-up, in milliseconds. */
  readonly warmUp: number
  /** The most operations of one turn. */
  readonly most?: number
}

/**
 * Compares the first subject with the others by CPU time per operation.
 *
 * All have one turn in each round, in an order drawn anew, and are compared within the round, so that noise of the machine
 * hits all alike. The ratio is the median of those ratios: theirs ÷ ours, so above 1 is our lead.
 */
export async function compareCpu(
  caseName: string,
  [ours, ...theirs]: readonly [Subject, ...Subject[]],
  pace: Pace,
): Promise<Row> {
  const subjects = [ours, ...theirs]
  const counts = new Map<Subject, number>()
  for (const subject of subjects) counts.set(subject, await warmUp(subject, pace))

  const costs = new Map<Subject, number[]>(subjects.map((subject) => [subject, []]))
  for (let round = 0; round < pace.rounds; round++) {
    for (const subject of shuffled(subjects)) {
      const count = counts.get(subject) ?? 1
      costs.get(subject)?.push((await subject.measure(count)).cpu / count)
    }
  }

  const mine = costs.get(ours) ?? []
  const ratioTo = (subject: Subject) =>
    rounded(median((costs.get(subject) ?? []).map((cost, round) => cost / (mine[round] ?? cost))))
  return {
    case: caseName,
    unit: 'µs CPU',
    median: rounded(median(mine)),
    quartiles: [rounded(quantile(mine, 0.25)), rounded(quantile(mine, 0.75))],
    ratios: Object.fromEntries(theirs.map((subject) => [subject.name, ratioTo(subject)])),
    better: 'lower',
  }
}

/** Runs until it is warm, and gives the number of operations that fill a turn. */
async function warmUp(subject: Subject, { warmUp: least, turn, most = 4096 }: Pace): Promise<number> {
  let count = 1
  let spent = 0
  for (;;) {
    const wall = (await subject.measure(count)).wall / 1000
    spent += wall
    const fitting = Math.max(1, Math.min(most, Math.round((count * turn) / Math.max(wall, 0.001))))
    if (spent >= least && fitting <= count * 2) return fitting
    count = Math.min(fitting, count * 2)
  }
}

function shuffled<T>(values: readonly T[]): readonly T[] {
  return values
    .map((value) => ({ value, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value)
}
