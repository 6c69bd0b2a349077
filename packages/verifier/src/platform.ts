/**
 * What comes from outside: the clock, timers, the network, and a place to tell of faults. Nothing else in this package
 * reaches for them, so whoever passes their own has them all.
 */
export interface Platform {
  /** Seconds since the epoch. */
  readonly clock: () => number
  /** Calls `act` once after that many seconds; the result takes it back. The timer does not keep a process alive. */
  readonly startTimer: (seconds: number, act: () => void) => () => void
  readonly fetch: (request: Request) => Promise<Response>
  /** Tells the operator of a fault inside a guard, whose caller only sees a 503. */
  readonly reportFault: (fault: unknown) => void
}

/** The machine's own. */
export const systemPlatform: Platform = {
  clock: () => Date.now() / 1000,
  startTimer(seconds, act) {
    const timer = setTimeout(act, seconds * 1000)
    timer.unref?.()
    return () => clearTimeout(timer)
  },
  fetch: (request) => fetch(request),
  reportFault: (fault) => console.error('A guard failed and refused the request:', fault),
}
