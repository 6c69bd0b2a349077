/** What a limit said. */
export interface Allowance {
  readonly allowed: boolean
  /** Seconds until it would be allowed; 0 when it is. */
  readonly retryAfter: number
}

/** So many in so long, with bursts up to the whole (GCRA). */
export interface RateLimit {
  readonly limit: number
  /** Milliseconds. */
  readonly period: number
}

/**
 * Counters of attempts. They may be lost in a crash; they are never the only copy of anything. Keys are opaque texts,
 * made by HMAC where they name a person.
 */
export interface AttemptStore {
  /**
   * Counts one attempt against every limit at once and says whether all allow it; a refused one counts against none.
   * Atomic: of any number of concurrent calls, no more than the limit are allowed.
   */
  take(limits: readonly { readonly key: string; readonly limit: RateLimit }[]): Promise<Allowance>

  /**
   * Claims the right to one password check under `key`: at most `free` failures without delay, then a delay that
   * doubles from `firstDelay` to `maxDelay` (milliseconds) since the last failure. The claim itself counts as a failure
   * until `clear`, so that a hundred checks at the same instant cannot all pass before the first has failed.
   */
  claim(key: string, policy: FailurePolicy): Promise<Allowance>

  /** Forgets the failures under `key`: the password was right. */
  clear(key: string): Promise<void>

  /** Gives one claim back that came to no verdict, because the check itself could not be made. */
  release(key: string): Promise<void>
}

/** How failures delay. Times in milliseconds. */
export interface FailurePolicy {
  readonly free: number
  readonly firstDelay: number
  readonly maxDelay: number
}
