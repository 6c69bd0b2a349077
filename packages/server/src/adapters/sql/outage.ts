import { StoreUnavailableError } from '../../ports/store-error.ts'

/** How long after an outage its victims may still come back, in milliseconds. */
const AFTERMATH = 60_000

/** A store that fails again and again has one outage of this length at most, and then the next, or nobody would rotate. */
const LONGEST_SERIES = 600_000

/** Remembers when the store could not be reached. */
export interface OutageWatch {
  /** Does `work` and takes note of how it went. */
  watch<T>(work: () => Promise<T>): Promise<T>
  /** Where a window that is `window` long began: longer ago in the minute after an outage. */
  windowStart(window: number): number
}

/**
 * A rotation that committed while its answer was lost in an outage, and a retry that comes when the outage is over, are
 * no theft, even when the outage was longer than the window. So for a minute after it the window begins before it.
 */
export function createOutageWatch(now: () => number): OutageWatch {
  let startedAt: number | undefined
  let overAt: number | undefined

  return {
    async watch(work) {
      try {
        const answer = await work()
        if (startedAt !== undefined) overAt ??= now()
        return answer
      } catch (error) {
        if (error instanceof StoreUnavailableError) noteFailure(now())
        throw error
      }
    },

    windowStart(window) {
      const at = now()
      const isFelt = startedAt !== undefined && (overAt === undefined || at < overAt + AFTERMATH)
      return (isFelt && startedAt !== undefined ? startedAt : at) - window
    },
  }

  function noteFailure(at: number): void {
    const isForgotten = overAt !== undefined && at >= overAt + AFTERMATH
    const isTooLong = overAt !== undefined && startedAt !== undefined && at > startedAt + LONGEST_SERIES
    if (startedAt === undefined || isForgotten || isTooLong) startedAt = at
    overAt = undefined
  }
}
