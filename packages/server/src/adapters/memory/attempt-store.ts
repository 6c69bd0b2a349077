import type { Allowance, AttemptStore, FailurePolicy } from '../../ports/attempt-store.ts'
import { createBoundedMap } from './bounded-map.ts'

const MOST_KEYS = 100_000

/** A tenth of a microsecond, in milliseconds: sums of fractions miss the whole by less. */
const ROUNDING = 1e-4

const ALLOWED: Allowance = { allowed: true, retryAfter: 0 }

/** Password checks that were claimed under one key and not cleared. Times are monotonic milliseconds. */
interface Failures {
  readonly count: number
  /** From when on the next claim is allowed. */
  readonly freeAt: number
}

export interface MemoryAttemptOptions {
  /** A monotonic clock in milliseconds: a step of the wall clock must neither open nor close anything. */
  readonly mono: () => number
  /** How many keys of each kind are remembered. Default 100,000, some 20 MB. */
  readonly mostKeys?: number
}

/**
 * Counters of this process alone. No method awaits between its reads and its writes, so each is one atomic step.
 *
 * A rate is one number for each key, the theoretical arrival time (GCRA): it lies as far ahead as attempts were made
 * faster than the rate allows, and an attempt that would push it more than a whole period ahead is refused.
 */
export function createMemoryAttemptStore({ mono, mostKeys = MOST_KEYS }: MemoryAttemptOptions): AttemptStore {
  const arrivals = createBoundedMap<number>(mostKeys, (arrival) => arrival <= mono())
  const failures = createBoundedMap<Failures>(mostKeys, ({ freeAt }) => freeAt <= mono())

  return {
    async take(limits) {
      const now = mono()
      const taken = limits.map(({ key, limit: { limit, period } }) => {
        const arrival = Math.max(arrivals.get(key) ?? now, now) + period / limit
        return { key, arrival, wait: arrival - now - period }
      })
      const wait = Math.max(0, ...taken.map(({ wait }) => wait))
      if (wait > ROUNDING) return refusedFor(wait)
      for (const { key, arrival } of taken) arrivals.set(key, arrival)
      return ALLOWED
    },

    async claim(key, policy) {
      const now = mono()
      const before = failures.get(key)
      const wait = (before?.freeAt ?? now) - now
      if (wait > 0) return refusedFor(wait)

      const count = (before?.count ?? 0) + 1
      failures.set(key, { count, freeAt: now + delayAfter(count, policy) })
      return ALLOWED
    },

    async clear(key) {
      failures.delete(key)
    },

    async release(key) {
      const claimed = failures.get(key)
      if (claimed === undefined) return
      if (claimed.count === 1) return failures.delete(key)
      // Whoever could claim this one had waited for it, so the next one may be claimed at once.
      failures.set(key, { count: claimed.count - 1, freeAt: mono() })
    },
  }
}

/** How long nothing may be claimed after so many failures, in milliseconds. */
function delayAfter(count: number, { free, firstDelay, maxDelay }: FailurePolicy): number {
  if (count < free) return 0
  return Math.min(firstDelay * 2 ** (count - free), maxDelay)
}

/** Rounded up, or a client that obeys would come too early. */
function refusedFor(wait: number): Allowance {
  return { allowed: false, retryAfter: Math.max(1, Math.ceil(wait / 1_000)) }
}
