/**
 * The store could not be asked, or its answer was lost. Every adapter turns its driver's faults into this, so that one
 * place above turns it into a 503: nothing was decided, the caller may repeat.
 */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'

  constructor(cause: unknown) {
    super('the store cannot be reached', { cause })
  }
}
