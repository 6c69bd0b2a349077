/** The only way to wait: loops, timeouts, back-off and gathering all sleep. */
export interface Timers {
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. `sleep(0)` gives the event loop one turn. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
