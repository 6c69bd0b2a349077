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
  readonly repeats: number
  readonly repeatedRotations: number
  readonly endedAt: number | undefined
  /** Cookie sessions: SHA-256 of the browser's binding cookie. Absent for sessions whose token travels in a body. */
  readonly bind: Uint8Array | undefined
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

/** Where sessions are kept. */
export interface SessionStore {
  /**
   * Adds a session, only if the account is enabled and its token version is still `session.ver`, asked and done in one
   * atomic step: a log-in whose password was checked before a change of password or a disabling never survives it.
   * @returns false when it was not added
   */
  insert(session: StoredSession): Promise<boolean>

  /**
   * Presents a refresh token to its session and applies `decideRotation` of `domain/session.ts`, all as one atomic step.
   * Concurrent calls for one session behave as if they ran one after another: of any number that present the same live
   * token at most one in a window is `rotated`, the rest `kept` or `repeated`. A `reused` session is ended in that step.
   *
   * @returns `undefined` when there is no such session, when it is ended or expired, or when the attempt is another
   * client's, another browser's or ahead of the row. Nothing has changed then.
   */
  rotate(attempt: Attempt): Promise<Rotation | undefined>

  /** Reads a session, alive or not, until the sweep takes it. */
  find(sid: Uint8Array): Promise<StoredSession | undefined>

  /** The living sessions of an account, newest first. */
  list(accountId: Uint8Array): Promise<readonly StoredSession[]>

  /**
   * Ends a session for good. A call that finds it already ended still leaves an entry that travels, since the first
   * call's commit may have come too late for those who poll.
   * @returns the row as it was before, or `undefined` when there is none
   */
  end(sid: Uint8Array): Promise<StoredSession | undefined>

  /**
   * Raises the account's token version, ends all its sessions and writes the `u` revocation entry, in one transaction.
   * @returns how many sessions ended
   */
  endAll(accountId: Uint8Array): Promise<number>

  /** Deletes up to `limit` rows of each of `slots` that went idle, came to their end or were ended before `before`. */
  sweep(before: number, slots: { readonly from: number; readonly to: number }, limit: number): Promise<number>
}
