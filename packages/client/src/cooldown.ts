import type { Platform } from './platform.ts'

/** Keeps a client that failed from asking again at once. */
export interface Cooldown {
  /** Seconds left; 0 when asking is allowed. */
  readonly left: () => number
  /** After a failure. With `Retry-After` that is the wait, at most 5 minutes; else 1 s doubling to 30 s, give or take a fifth. */
  readonly begin: (retryAfter: number | undefined) => void
  readonly clear: () => void
}

const LONGEST_ORDERED = 300
const LONGEST_OWN = 30

export function createCooldown(platform: Platform): Cooldown {
  let until = 0
  let failures = 0
  return {
    left: () => Math.max(0, until - platform.mono()),
    begin(retryAfter) {
      // Spread out by a fifth, for a service that comes back must not meet all its clients in the same second.
      const own = Math.min(2 ** failures, LONGEST_OWN) * (0.8 + 0.4 * platform.random())
      failures = Math.min(failures + 1, 10)
      until = platform.mono() + (retryAfter === undefined ? own : Math.min(retryAfter, LONGEST_ORDERED))
    },
    clear() {
      until = 0
      failures = 0
    },
  }
}
