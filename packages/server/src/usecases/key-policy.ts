/** How keys live. Lengths in seconds. */
export interface KeyPolicy {
  /** What new tokens are signed with. */
  readonly algorithm: string
  readonly accessTokenLifetime: number
  /** How long a key signs. */
  readonly keyPeriod: number
  /** How long a key is published before a scheduled use. */
  readonly keyLead: number
  /** How long a retired key still verifies. Default: see {@link keepOf}. */
  readonly keyKeep?: number | undefined
}

/** The longest life that an access token can be given, and a quarter of an hour, in seconds. */
const MOST_KEEP = 75 * 60
/** The clock difference that verifiers allow by default, and a reading of the rows. */
const LEAST_KEEP = 10

/**
 * For how many seconds a retired key verifies: the life of a token; and as long again as the longest one could be, since
 * the setting may have been lowered a moment ago, which covers clock differences, the reading of the rows and the caches
 * of verifiers too. Not more than a period, so that periods of seconds, to try things out, pile up no keys.
 */
export function keepOf({ keyKeep, accessTokenLifetime, keyPeriod }: KeyPolicy): number {
  return keyKeep ?? accessTokenLifetime + Math.max(LEAST_KEEP, Math.min(MOST_KEEP, keyPeriod))
}
