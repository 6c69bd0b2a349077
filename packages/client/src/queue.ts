/** Runs jobs one after the other. */
export type Queue = <T>(job: () => Promise<T>) => Promise<T>

/**
 * Refresh, log-in, log-out and password change wait for each other: a late answer to a refresh would otherwise overwrite
 * what a newer log-in has stored. Every job is bounded, so nobody waits for ever.
 */
export function createQueue(): Queue {
  let tail: Promise<unknown> = Promise.resolve()
  return (job) => {
    const run = tail.then(job)
    tail = run.catch(() => undefined)
    return run
  }
}
