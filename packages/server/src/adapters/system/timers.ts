import type { Timers } from '../../ports/timers.ts'

/** The longest that `setTimeout` can wait. Asked for more, it would fire at once. */
const LONGEST = 2 ** 31 - 1

/** The event loop's own timers. */
export const systemTimers: Timers = {
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      if (ms <= 0) return void setImmediate(resolve)

      const wake = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, Math.min(ms, LONGEST))
      signal?.addEventListener('abort', wake)
    }),
}
