import type { AccountChange, StoredAccount } from '../domain/account.ts'

export type { AccountChange, StoredAccount }

/** How an account proves itself. */
export interface StoredCredential {
  readonly passwordHash: string
  /** Set for a one-time password: until when it is good. Such a password logs nobody in; it only lets one be chosen. */
  readonly oneTimeUntil: number | undefined
  /** When it was set. */
  readonly changedAt: number
}

export interface AccountWithCredential extends StoredAccount {
  readonly credential: StoredCredential
}

/** What a change found. */
export type ChangeOutcome =
  | { readonly outcome: 'changed'; readonly account: StoredAccount; readonly endedSessions: number }
  | { readonly outcome: 'last_administrator' }
  | { readonly outcome: 'not_found' }

/** Where accounts are kept. */
export interface AccountStore {
  /**
   * Adds an account under the mapped form of its name (RFC 8265 UsernameCaseMapped). Of any number of concurrent calls
   * with one name, exactly one is `true`.
   */
  insert(account: AccountWithCredential, usernameKey: string): Promise<boolean>

  /**
   * Adds an administrator unless some account with the role `admin` exists; asked and done in one atomic step, so that
   * two services that start together on an empty store make one.
   */
  insertFirstAdministrator(account: AccountWithCredential, usernameKey: string): Promise<boolean>

  find(id: Uint8Array): Promise<StoredAccount | undefined>
  findWithCredential(id: Uint8Array): Promise<AccountWithCredential | undefined>
  findByUsername(usernameKey: string): Promise<AccountWithCredential | undefined>

  /** A page of accounts in the order of their ids, after `after`. */
  list(after: Uint8Array | undefined, limit: number): Promise<readonly StoredAccount[]>

  /**
   * Applies a change. In one transaction with it: the last enabled administrator is neither disabled nor demoted; and
   * disabling, or a change of roles, raises the token version and writes the `u` revocation entry. Disabling ends every
   * session too; a change of roles lets them live, since the next refresh reads the roles anew, but moves their `ver`
   * along.
   */
  change(id: Uint8Array, change: AccountChange): Promise<ChangeOutcome>

  /**
   * Sets a password, raises the token version, ends every session and writes the `u` revocation entry, all in one
   * transaction, unless the version is no longer `ver`: then somebody else changed it first, and nothing happens.
   * @returns the new version
   */
  setCredential(id: Uint8Array, ver: number, credential: StoredCredential): Promise<number | undefined>

  /** Replaces the hash of the same password by a stronger one, if it is still `from`. Ends nothing. */
  upgradeHash(id: Uint8Array, from: string, to: string): Promise<void>
}
