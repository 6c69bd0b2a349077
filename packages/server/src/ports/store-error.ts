/**
 * The store could not be asked, or its answer was lost. Every adapter turns its driver's faults into this, so that one
 * place above turns it into a 503: the caller may repeat.
 */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'

  /** `failed`: nothing was written. `unknown`: the commit itself was interrupted, and either may be true. */
  readonly outcome: 'failed' | 'unknown'

  constructor(cause: unknown, outcome: 'failed' | 'unknown' = 'failed') {
    super('the store cannot be reached', { cause })
    this.outcome = outcome
  }
}

/** The store was written by a newer version than this one, which therefore must not touch it. */
export class StoreNewerError extends Error {
  override readonly name = 'StoreNewerError'

  constructor(found: number, known: number) {
    super(`the store is at migration ${found}, and this version knows only ${known}`)
  }
}
