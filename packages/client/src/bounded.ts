import type { Platform } from './platform.ts'

/** What {@link bounded} answers when the time is up. */
export const LATE: unique symbol = Symbol('late')

/**
 * Runs a job for at most so many seconds. Past that its signal aborts and the answer is {@link LATE}, whether or not the
 * job heeds the signal: no wait in this package is without an end.
 */
export async function bounded<T>(
  platform: Platform,
  seconds: number,
  job: (signal: AbortSignal) => T | Promise<T>,
): Promise<T | typeof LATE> {
  const work = new AbortController()
  const watch = new AbortController()
  const late = platform.sleep(seconds, watch.signal).then((): typeof LATE => LATE)
  try {
    // The job starts inside a promise, so that a job which throws at once is a rejection like any other.
    const first = await Promise.race([Promise.resolve(work.signal).then(job), late])
    if (first === LATE) work.abort()
    return first
  } finally {
    watch.abort()
  }
}
