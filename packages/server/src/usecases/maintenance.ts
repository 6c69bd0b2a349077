import { SLOTS } from '../domain/ids.ts'
import type { Log } from '../ports/log.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { Timers } from '../ports/timers.ts'

/** The work that no request does: keys are looked at, and rows that nobody needs are swept. */
export interface Maintenance {
  start(): void
  /** Stops, and waits for what is under way. */
  close(): Promise<void>
}

const SWEEP_INTERVAL = 5_300
const SLOTS_A_TICK = 64
const ROWS_A_TICK = 500
/**
 * A day, never less: an ended row is the revocation itself, and whoever starts to follow revocations later must still
 * find it.
 */
const KEEP_ENDED = 86_400_000

export function createMaintenance(dependencies: {
  /** Reads the keys, makes the ones that are missing, lets go of those that are over; and how often, in milliseconds. */
  readonly keys: { readonly interval: number; readonly work: () => Promise<void> }
  readonly sessions: SessionStore
  readonly timers: Timers
  readonly now: () => number
  readonly log: Log
}): Maintenance {
  const { keys, sessions, timers, now, log } = dependencies
  const stop = new AbortController()
  const loops: Promise<void>[] = []
  let slot = 0

  async function sweep(): Promise<void> {
    const from = slot
    const to = Math.min(SLOTS, from + SLOTS_A_TICK) - 1
    const swept = await sessions.sweep(now() - KEEP_ENDED, { from, to }, ROWS_A_TICK)
    // A slot that had more than one tick's worth is swept again.
    if (swept < ROWS_A_TICK) slot = (to + 1) % SLOTS
  }

  /** A loop never ends by an exception: what fails now may work the next time. */
  async function loop(name: string, interval: number, work: () => Promise<void>): Promise<void> {
    for (;;) {
      await timers.sleep(interval, stop.signal)
      if (stop.signal.aborted) return
      try {
        await work()
      } catch (error) {
        log.error('maintenance failed', error, { work: name })
      }
    }
  }

  return {
    start() {
      loops.push(loop('keys', keys.interval, keys.work), loop('sweep', SWEEP_INTERVAL, sweep))
    },
    async close() {
      stop.abort()
      await Promise.all(loops)
    },
  }
}
