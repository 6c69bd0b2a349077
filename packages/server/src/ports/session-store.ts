import type { Attempt, Rotation, RotationOutcome, StoredSession } from '../domain/session.ts'

export type { Attempt, Rotation, RotationOutcome, StoredSession }

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

  /**
   * Deletes up to `limit` rows of each of `slots` that went idle, came to their end or were ended before `before`, and
   * the revocation entries that may be forgotten since then. `before` lies a day back: the row of an ended session is
   * what tells the verifiers.
   * @returns how many sessions went
   */
  sweep(before: number, slots: { readonly from: number; readonly to: number }, limit: number): Promise<number>
}
