/**
 * What comes from outside by default: the clock, waiting and the network. Nothing else in this package reaches for
 * them, so whoever passes their own has them all.
 */

/** Seconds since the epoch, by the clock of the machine. */
export const systemClock = (): number => Date.now() / 1000

/** Fetches with the platform's own client. */
export const systemFetch = (request: Request): Promise<Response> => fetch(request)

/** Settles after that many seconds, or at once when the signal fires. The timer does not keep a process alive. */
export function systemSleep(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000)
    timer.unref?.()
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
