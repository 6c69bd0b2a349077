import type { Platform } from './platform.ts'

/** The longest that a timer of a JavaScript runtime can wait: 2³¹ − 1 milliseconds. A longer one fires at once. */
const LONGEST_WAIT = 2_147_483

/** A signal that aborts at a time, in seconds since the epoch, by the clock: waking early, it waits again. */
export function signalAt(
  expiresAt: number,
  { clock, startTimer }: Pick<Platform, 'clock' | 'startTimer'>,
): AbortSignal {
  const controller = new AbortController()
  const wait = (): void => {
    const left = expiresAt - clock()
    if (left <= 0) controller.abort()
    // A millisecond more than what is left, since timers round down.
    else startTimer(Math.min(left + 0.001, LONGEST_WAIT), wait)
  }
  wait()
  return controller.signal
}
