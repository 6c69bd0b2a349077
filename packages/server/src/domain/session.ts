/**
 * A session and the rotation of its refresh token (RFC 9700 §4.14.2).
 *
 *             log-in              rotate
 *     (none) -------> LIVE ------------------> LIVE, generation + 1
 *                      |  |
 *                      |  +-- reuse, logout, revoke --> ENDED     (final)
 *                      +----- idle or absolute age ---> EXPIRED   (final; computed, never stored)
 *
 * (1) `generation` never goes down.
 * (2) Only the token of the current generation rotates, at most once in a window; inside the window it is kept, and its
 *     immediate predecessor is repeated: everybody gets the same successor. So an honest client whose answer was lost,
 *     or whose request crawled for seconds, is never older than the predecessor.
 * (3) Once `endedAt` is set it is never cleared, and no token of the session is accepted again.
 * (4) Nothing stored is enough to make a token.
 *
 * This file says what is right. A store does the same as one atomic step, and its conformance suite compares the two.
 */

/** A session as it is stored: one row, which never grows. Times are epoch milliseconds. */
export interface StoredSession {
  /** 16 bytes; the first two are the slot of the account. An identifier, no credential: it stands in every token. */
  readonly sid: Uint8Array
  readonly accountId: Uint8Array
  readonly clientId: string
  readonly generation: number
  /** The id of the master key under which the live token was sealed. */
  readonly macKid: number
  /** SHA-256 of the generation and secret of the only live token. */
  readonly currentHash: Uint8Array
  readonly createdAt: number
  /** At log-in the same as `createdAt`: the first window counts from there. */
  readonly rotatedAt: number
  readonly idleExpiresAt: number
  readonly absoluteExpiresAt: number
  /** How often the predecessor was repeated since the last rotation. */
  readonly repeats: number
  /** Rotations in a row before which there was a repeat: many of them are a sign of two holders. */
  readonly repeatedRotations: number
  readonly endedAt: number | undefined
  /** Cookie sessions: SHA-256 of the browser's binding cookie. Absent for sessions whose token travels in a body. */
  readonly bind: Uint8Array | undefined
  /** The thumbprint of the key that every refresh must prove (RFC 9449), base64url; absent for sessions bound to none. */
  readonly dpopThumbprint?: string | undefined
  /** Space-separated. */
  readonly scope: string
  /** Space-separated. */
  readonly audience: string
  /** The account's token version at log-in. */
  readonly ver: number
  /** When the password was last given. */
  readonly authAt: number
  readonly transport: 'cookie' | 'body' | 'none'
  readonly userAgent: string | undefined
  readonly address: string | undefined
}

/** A refresh token presented to its session. Hashes are 32 bytes, lengths milliseconds: the store adds them to its own time. */
export interface Attempt {
  readonly sid: Uint8Array
  readonly generation: number
  /** Authenticated, or first-party: the token of another client neither rotates nor ends the session (RFC 6749 §6). */
  readonly clientId: string
  readonly presentedHash: Uint8Array
  readonly successorHash: Uint8Array
  /** The id of the active master key, under which a successor is sealed. */
  readonly macKid: number
  /** Hash of the browser's binding cookie; absent when the token came in a body. */
  readonly bind: Uint8Array | undefined
  /** The thumbprint of the key that was proved (RFC 9449), for sessions that are bound to one. */
  readonly dpopThumbprint: string | undefined
  readonly idleLifetime: number
  /** The grace and the time for a slow commit: inside it the live token is kept and its predecessor repeated. */
  readonly window: number
  /** How many repeats one generation may have. A circuit breaker, not a security bound. */
  readonly maxRepeats: number
}

export type RotationOutcome = 'rotated' | 'kept' | 'repeated' | 'reused'

/** What became of an attempt, with the row as it now is. */
export interface Rotation {
  readonly outcome: RotationOutcome
  readonly session: StoredSession
}

/**
 * How long a revocation entry must be told, in milliseconds: the longest that any access token lives (60 min), and the
 * largest tolerance of a verifier's clock (300 s) with a minute of error. Told for less, a revoked token came back.
 */
export const REVOCATION_MEMORY = 3_960_000

/**
 * How old the last entry of a session may be, in milliseconds, to speak for one more end of it too. Whoever reads entries
 * looks back further than this for late commits; and without it, a logout that is repeated without end would write
 * without end.
 */
export const REVOCATION_REPEAT = 1_000

const HOUR = 3_600_000

/**
 * When a session was last used, as anybody is shown it: rounded down to the hour. Who sees the moment of each rotation
 * can present a stolen copy right after it, unseen.
 */
export function lastUseShown({ rotatedAt }: StoredSession): number {
  return Math.floor(rotatedAt / HOUR) * HOUR
}

/** Neither ended nor expired. */
export function isAlive(session: StoredSession, now: number): boolean {
  return session.endedAt === undefined && session.idleExpiresAt > now && session.absoluteExpiresAt > now
}

/**
 * What a presented token does to its session at `now`. `undefined`: refused, and nothing changes.
 *
 * The token's MAC was checked before, so an old generation is provably ours; without that, anybody who knows a session's
 * id could end it by presenting junk.
 */
export function decideRotation(session: StoredSession, attempt: Attempt, now: number): Rotation | undefined {
  if (!isAlive(session, now)) return undefined
  if (!isForThisHolder(session, attempt)) return undefined
  // Ahead of the row: a failover lost the commit. That is no theft.
  if (attempt.generation > session.generation) return undefined

  const inWindow = session.rotatedAt >= now - attempt.window

  if (isSame(attempt.presentedHash, session.currentHash)) {
    if (inWindow) return { outcome: 'kept', session }
    return { outcome: 'rotated', session: rotated(session, attempt, now) }
  }

  // The successor is derived, so only the immediate predecessor's is the live token.
  const isPredecessor = isSame(attempt.successorHash, session.currentHash)
  // Who proves the session's own key is the same client, however late.
  const isProved = session.dpopThumbprint !== undefined
  if (isPredecessor && (isProved || (inWindow && session.repeats < attempt.maxRepeats))) {
    return { outcome: 'repeated', session: { ...session, repeats: session.repeats + 1 } }
  }
  return { outcome: 'reused', session: { ...session, repeats: session.repeats + 1, endedAt: now } }
}

/** The same client, browser, transport and key as at log-in. Otherwise a stranger could burn somebody's session. */
function isForThisHolder(session: StoredSession, attempt: Attempt): boolean {
  return (
    attempt.clientId === session.clientId &&
    isSame(attempt.bind, session.bind) &&
    (session.dpopThumbprint === undefined || session.dpopThumbprint === attempt.dpopThumbprint)
  )
}

function rotated(session: StoredSession, attempt: Attempt, now: number): StoredSession {
  return {
    ...session,
    generation: session.generation + 1,
    macKid: attempt.macKid, // the winner's: whoever repeats seals the same bytes
    currentHash: attempt.successorHash,
    rotatedAt: now,
    idleExpiresAt: now + attempt.idleLifetime,
    repeats: 0,
    repeatedRotations: session.repeats > 0 ? session.repeatedRotations + 1 : 0,
  }
}

/** These are hashes, and equal or not tells nobody anything, so constant time is not needed. */
function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return Buffer.compare(a, b) === 0
}
