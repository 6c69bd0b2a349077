import { AuthError } from '../../domain/errors.ts'
import type { Clock } from '../../ports/clock.ts'

/** Lets so many pieces of heavy work run at once and keeps a bounded line of others waiting, first come, first served. */
export interface HashQueue {
  /** @throws {AuthError} `service_busy` with `retryAfter`, at once, when the line is full or too slow */
  run<Result>(work: () => Promise<Result>): Promise<Result>
}

export interface HashQueueOptions {
  readonly clock: Clock
  /** How many run at once, 1 or more. */
  readonly concurrency: number
  /** How many may wait. */
  readonly maxWaiting: number
  /** The longest expected wait, in milliseconds. */
  readonly maxWait: number
  /** What one piece takes, in milliseconds, until the first ones have been measured. */
  readonly firstGuess: number
}

/** How much the newest measurement counts in the moving average. */
const WEIGHT = 0.2

/**
 * A storm of log-ins must slow down log-ins and nothing else: hashes share the thread pool with files and DNS, and on a
 * small machine the processor with everything. So few run at once, and who would wait too long is told to come back
 * while the answer still costs nothing.
 */
export function createHashQueue({ clock, concurrency, maxWaiting, maxWait, firstGuess }: HashQueueOptions): HashQueue {
  if (!(concurrency >= 1)) throw new TypeError('at least one hash must be able to run')
  const waiting: (() => void)[] = []
  let running = 0
  let typical = firstGuess

  async function run<Result>(work: () => Promise<Result>): Promise<Result> {
    await turn()
    const startedAt = clock.mono()
    try {
      return await work()
    } finally {
      typical += (clock.mono() - startedAt - typical) * WEIGHT
      leave()
    }
  }

  async function turn(): Promise<void> {
    if (running < concurrency) {
      running += 1
      return
    }
    const expectedWait = ((waiting.length + 1) * typical) / concurrency
    if (waiting.length >= maxWaiting || expectedWait > maxWait) {
      throw new AuthError('service_busy', { retryAfter: Math.max(1, Math.ceil(expectedWait / 1000)) })
    }
    await new Promise<void>((resolve) => waiting.push(resolve))
  }

  // The place is handed on rather than freed, so that nobody who comes in between can take it.
  function leave(): void {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }

  return { run }
}
