import type { AlgorithmRow } from './algorithms.ts'
import { JwtError, type JwtVerifyErrorCode } from './errors.ts'
import { type JwkSet, type JwkSetOptions, openJwkSet, parseJwkSet, readAlgorithms } from './jwk-set.ts'
import { fetchJwkSetDocument } from './jwk-set-fetch.ts'
import type { ParsedHeader } from './jws.ts'
import type { KeyHandle } from './keys.ts'
import { checkedClock, checkFunction, checkNumber, checkOptionNames } from './options.ts'
import { systemClock, systemFetch, systemSleep } from './platform.ts'

declare const remote: unique symbol

/** A JWK Set at an address, fetched when it is needed and kept fresh. */
export interface RemoteJwkSet {
  /** The set as it is now, fetched if need be. @throws {JwtError} `jwk_set_unavailable` */
  load(): Promise<JwkSet>
  readonly [remote]: true
}

export interface RemoteJwkSetOptions extends JwkSetOptions {
  /** How long a set is good where the answer has no `Cache-Control: max-age`, in seconds, 60 to 86,400. Default 600. */
  readonly cacheLifetime?: number
  /** The least time between two fetches for an unknown `kid`, in seconds. Default 30. */
  readonly cooldown?: number
  /** How long a fetch may take, in seconds. Default 5. */
  readonly timeout?: number
  /** Default: the platform's own. Must not follow redirects: the request says `redirect: 'manual'`. */
  readonly fetch?: (request: Request) => Promise<Response>
  /** Seconds since the epoch. Default: the clock of the machine. */
  readonly clock?: () => number
  /** @internal Settles after that many seconds or when the signal fires. */
  readonly sleep?: (seconds: number, signal: AbortSignal) => Promise<void>
}

/** A good set is kept that long when no newer one can be had, in seconds. */
const MAX_STALE = 86_400
/** The bounds of a `max-age`, in seconds. */
const MIN_LIFETIME = 60
const MAX_LIFETIME = 86_400
/** After this part of its life a set is fetched again, in the background. */
const REFRESH_AT = 0.8
/** Where no set is in hand, the least time between two attempts, in seconds. */
const COLD_COOLDOWN = 1

type Fault = Extract<JwtVerifyErrorCode, 'jwk_set_unavailable' | 'jwt_key_not_found' | 'jwt_algorithm_mismatch'>

interface Loaded {
  readonly set: JwkSet
  readonly loadedAt: number
  readonly lifetime: number
}

interface Source {
  readonly uri: string
  readonly rows: readonly AlgorithmRow[]
  readonly cacheLifetime: number
  readonly cooldown: number
  readonly timeout: number
  readonly fetch: (request: Request) => Promise<Response>
  readonly now: () => number
  readonly sleep: (seconds: number, signal: AbortSignal) => Promise<void>
}

/** What the verifier asks of a remote set. */
export interface KeyFinder {
  /** The key that the header means. Waits for the network only where no set in hand can answer. */
  findKey(header: ParsedHeader): Promise<KeyHandle | Fault>
}

class FetchedJwkSet implements RemoteJwkSet, KeyFinder {
  declare readonly [remote]: true
  readonly load: () => Promise<JwkSet>
  readonly #source: Source
  #loaded: Loaded | undefined
  #flight: Promise<void> | undefined
  /** When a fetch was last begun, for whatever reason, and when for an unknown `kid`. */
  #attemptedAt = Number.NEGATIVE_INFINITY
  #askedForKidAt = Number.NEGATIVE_INFINITY

  constructor(source: Source) {
    this.#source = source
    this.load = async () => {
      const loaded = await this.#current()
      if (loaded === undefined) throw new JwtError('jwk_set_unavailable')
      return loaded.set
    }
    Object.freeze(this)
  }

  static open(set: object): FetchedJwkSet | undefined {
    return #source in set ? set : undefined
  }

  async findKey(header: ParsedHeader): Promise<KeyHandle | Fault> {
    const before = this.#loaded
    const loaded = await this.#current()
    if (loaded === undefined) return 'jwk_set_unavailable'
    const key = findIn(loaded, header)
    // A set that arrived while we waited knows all there is to know.
    if (key !== 'jwt_key_not_found' || loaded !== before) return key
    await this.#askForUnknownKid()
    return findIn(this.#loaded ?? loaded, header)
  }

  /** The set in hand if it is still good, a new one if it can be had, else the last good one for a day. */
  async #current(): Promise<Loaded | undefined> {
    const { now, cooldown } = this.#source
    const loaded = this.#loaded
    const time = now()
    const sinceAttempt = between(time, this.#attemptedAt)
    if (loaded === undefined) {
      if (this.#flight !== undefined || sinceAttempt >= COLD_COOLDOWN) await this.#refresh()
      return this.#loaded
    }
    const age = between(time, loaded.loadedAt)
    const isAttemptDue = sinceAttempt >= cooldown
    if (age < loaded.lifetime) {
      if (age >= loaded.lifetime * REFRESH_AT && isAttemptDue) void this.#refresh()
      return loaded
    }
    // Past its age: one of its keys may have been withdrawn, so the next set decides, if the issuer can be reached.
    if (isAttemptDue) await this.#refresh()
    const latest = this.#loaded
    return latest !== undefined && between(time, latest.loadedAt) < MAX_STALE + latest.lifetime ? latest : undefined
  }

  /**
   * The cooldown counts attempts, not successes: whoever sends invented kids costs an issuer one fetch in that time, and
   * one that is down no more. Nothing is remembered of a kid.
   */
  async #askForUnknownKid(): Promise<void> {
    const time = this.#source.now()
    if (this.#flight === undefined) {
      if (between(time, this.#askedForKidAt) < this.#source.cooldown) return
      this.#askedForKidAt = time
    }
    await this.#refresh()
  }

  /** One flight at a time; everybody waits for the same one. It never rejects: a failure leaves the set as it was. */
  #refresh(): Promise<void> {
    this.#flight ??= this.#fetch().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  async #fetch(): Promise<void> {
    const source = this.#source
    this.#attemptedAt = source.now()
    try {
      const { document, maxAge } = await fetchJwkSetDocument(source)
      const set = parseJwkSet(document, source.rows)
      const lifetime = Math.min(Math.max(maxAge ?? source.cacheLifetime, MIN_LIFETIME), MAX_LIFETIME)
      // Replaced, never merged: a key that is no longer published is no longer good.
      this.#loaded = { set, loadedAt: source.now(), lifetime }
    } catch {
      return // whatever it was, the last good set stays; without one the verifier says `jwk_set_unavailable`
    }
  }
}

/**
 * The seconds between two readings of a clock that may have been set back in between: a set from the future is no fresh
 * one, and nobody waits for the clock to come back to where it was. A jump costs one fetch.
 */
const between = (later: number, earlier: number): number => Math.abs(later - earlier)

function findIn(loaded: Loaded, header: ParsedHeader): KeyHandle | Fault {
  return openJwkSet(loaded.set)?.find(header) ?? 'jwt_key_not_found'
}

/** The set with its inner verb, or undefined for anything that is no remote set. */
export function openRemoteJwkSet(set: unknown): KeyFinder | undefined {
  return typeof set === 'object' && set !== null ? FetchedJwkSet.open(set) : undefined
}

/**
 * A JWK Set at an address: `https`, or `http` to a loopback host; anything else is a TypeError here.
 *
 * Fetched at the first use and cached as `Cache-Control: max-age` says, between a minute and a day; fetched again in
 * the background after 80 % of that, and for an unknown `kid` at most once in `cooldown`. One request at a time, no
 * redirects, at most 1 MB. While the issuer is down the last good set stays in use for a day past its age.
 */
export function createRemoteJwkSet(uri: string, options: RemoteJwkSetOptions = {}): RemoteJwkSet {
  const owner = 'createRemoteJwkSet'
  checkOptionNames(owner, options, ['algorithms', 'cacheLifetime', 'cooldown', 'timeout', 'fetch', 'clock', 'sleep'])
  for (const name of ['fetch', 'clock', 'sleep'] as const) checkFunction(owner, name, options[name])
  return new FetchedJwkSet({
    uri: checkUri(owner, uri),
    rows: readAlgorithms(owner, options.algorithms === undefined ? {} : { algorithms: options.algorithms }),
    cacheLifetime: checkNumber(owner, 'cacheLifetime', options.cacheLifetime ?? 600, {
      min: MIN_LIFETIME,
      max: MAX_LIFETIME,
    }),
    cooldown: checkNumber(owner, 'cooldown', options.cooldown ?? 30, { min: 1, max: 3600 }),
    timeout: checkNumber(owner, 'timeout', options.timeout ?? 5, { min: 0.01, max: 60 }),
    fetch: options.fetch ?? systemFetch,
    now: checkedClock(owner, options.clock ?? systemClock),
    sleep: options.sleep ?? systemSleep,
  })
}

const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

function checkUri(owner: string, uri: unknown): string {
  const url = typeof uri === 'string' ? URL.parse(uri) : null
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
  if (url === null || !isSafe) throw new TypeError(`${owner}: the address must be https, or http to a loopback host`)
  if (url.username !== '' || url.password !== '') throw new TypeError(`${owner}: the address must not hold credentials`)
  return url.href
}
