/** A signing key as it is stored. Times are epoch milliseconds; its state is a function of them (domain/signing-key.ts). */
export interface StoredKey {
  readonly kid: string
  /** `access` for tokens signed by a key pair; `access:` and the audience for a secret shared with that audience. */
  readonly purpose: string
  /** The JWS algorithm. */
  readonly alg: string
  readonly epoch: number
  /** 0, or higher for a key that an emergency made in an epoch which already had one. */
  readonly rev: number
  /** The public JWK as JSON; absent for a secret. */
  readonly publicJwk: string | undefined
  /** The private JWK or the secret, sealed under a master key; bound to issuer, kid, alg and purpose. */
  readonly wrapped: Uint8Array
  readonly publishAt: number
  readonly activateAt: number
  readonly revokedAt: number | undefined
}

/** Where signing keys are kept. */
export interface KeyStore {
  /** All of them, in the order of `publishAt`, then `kid`. */
  list(): Promise<readonly StoredKey[]>

  /**
   * Adds a key unless its purpose, algorithm, epoch and revision are taken. Of any number of services that add the same
   * one, one is `true`; the others read again and use the winner's.
   */
  insert(key: StoredKey): Promise<boolean>

  /**
   * Makes `kid` active at `activateAt` and adds `successor`, in one transaction, if `kid` was still to become active at
   * `expected`.
   * @returns false when another service was first
   */
  activate(kid: string, expected: number, activateAt: number, successor: StoredKey): Promise<boolean>

  /** Replaces the sealed form, if it is still `from`: a master key is being rolled. */
  rewrap(kid: string, from: Uint8Array, to: Uint8Array): Promise<boolean>

  /** Deletes a key that nobody may need any more. */
  remove(kid: string): Promise<void>
}
