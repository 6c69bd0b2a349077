/** What sends a request: the shape of the platform's own `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * Where a phone or a program keeps its refresh token: a keychain, a key store, an encrypted file.
 *
 * `set` must be atomic and durable: a reader sees the old value or the new one, never half of one, and the promise
 * resolves when the value would survive a crash. `get` answers `null` for what it cannot read for good, such as a text
 * whose key was lost, and rejects only for what may work later.
 */
export interface TokenStorage {
  /** The kept text, or `null` when there is none. Asked inside every refresh, for another process may have moved on. */
  get(): string | null | Promise<string | null>
  /** Keeps the text; `null` forgets it. */
  set(value: string | null): void | Promise<void>
}

/**
 * Who is signed in: the `account` of the token response. `C` types what the service's claims hook added; it is the
 * caller's promise and is not checked.
 */
export interface User<C extends object = object> {
  /** The account's id, the `sub` of its tokens. */
  readonly id: string
  readonly username: string
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly roles: readonly string[]
  readonly claims: Readonly<C>
}

/** One log-in. */
export interface Session {
  /** The `sid` of its tokens. */
  readonly id: string
  /** Seconds since the epoch at which an unused refresh token lapses. Known only where there is a `storage`. */
  readonly expiresAt: number | undefined
}

/**
 * What is known about the person in front of the client. `loading` means that nobody has asked yet, or that the service
 * could not be reached since; it never means "signed out".
 */
export type AuthState<C extends object = object> =
  | { readonly status: 'loading'; readonly user: undefined; readonly session: undefined }
  | { readonly status: 'signed-in'; readonly user: User<C>; readonly session: Session }
  | { readonly status: 'signed-out'; readonly user: null; readonly session: null }

/** What {@link createClient} needs to know. */
export interface ClientOptions {
  /** The issuer: the public URL of the service. `https`, or `http` on a loopback host. */
  readonly issuer: string
  /**
   * Origins that may get the access token besides the page's own and the issuer's, such as `https://api.example.com`;
   * `http` on a loopback host alone (RFC 6750 §5.3). No other origin ever gets it. Default: none.
   */
  readonly origins?: readonly string[]
  /**
   * Where the refresh token is kept when it travels in the body: on phones and in programs. Leave it out in a page,
   * where the token is an `HttpOnly` cookie that no script can read. `localStorage` and `sessionStorage` are refused.
   */
  readonly storage?: TokenStorage
  /** The scopes to ask for at log-in, separated by spaces (RFC 6749 §3.3). Default: all that the account may have. */
  readonly scope?: string
  /** The services that the access token is for. Default: the service's first configured audience. */
  readonly audience?: string | readonly string[]
  /** What sends the requests. Default: the platform's `fetch`. */
  readonly fetch?: Fetch
}

/** A client that keeps one person signed in. Every function works when taken off the object. */
export interface Client<C extends object = object> {
  /**
   * Signs in and becomes that account's client.
   *
   * @throws {ClientError} the service's code (`credentials_invalid`, `password_change_required`, `rate_limited` with
   * `retryAfter` …), `unavailable`, `response_invalid`, `storage_failed`
   */
  readonly login: (credentials: { readonly username: string; readonly password: string }) => Promise<User<C>>
  /**
   * Changes the password. Every older session of the account ends; this client goes on with the new one.
   *
   * @throws {ClientError} `credentials_invalid` for a wrong current password, `password_refused` with `faults`,
   * `token_missing` when nobody is signed in, `account_changed`, and as {@link Client.login}
   */
  readonly changePassword: (passwords: {
    readonly currentPassword: string
    readonly newPassword: string
  }) => Promise<User<C>>
  /**
   * Signs out. The access token is dropped at once; the promise resolves also when the service cannot be told, which is
   * then done at the next occasion.
   *
   * @throws {ClientError} `storage_failed`: the refresh token could not be deleted
   */
  readonly logout: () => Promise<void>
  /**
   * Ends every session of the account, on all devices.
   *
   * @throws {ClientError} when the service could not be told: nothing has ended then
   */
  readonly logoutEverywhere: () => Promise<void>
  /**
   * As the platform's `fetch`, with the access token where the address is of the page's own origin, the issuer's or one
   * of `origins`. Refreshes in the background in the last fifth of the token's life, refreshes and sends once more after
   * a 401 with `error="invalid_token"` (RFC 6750 §3.1), and hands back every other answer as it is. A request with an
   * `authorization` header of its own is left alone. When nobody is signed in it is sent without a token.
   *
   * @throws {ClientError} `unavailable` when a token is needed and the service cannot be reached, `account_changed` when
   * another account signed in meanwhile; nothing was sent as that account
   */
  readonly fetch: Fetch
  /**
   * An access token with life left, or `null` when nobody is signed in. Ask at each use and keep no copy.
   *
   * @throws {ClientError} `unavailable`, with `retryAfter` in seconds: nobody was signed out
   */
  readonly accessToken: () => Promise<string | null>
  /** Who is signed in; `null` for nobody, `undefined` while not known. The same object while nothing in it changed. */
  readonly user: User<C> | null | undefined
  /** The session; `null` for none, `undefined` while not known. */
  readonly session: Session | null | undefined
  /** The same as one value to switch over. */
  readonly state: AuthState<C>
  /**
   * Calls the listener after each change of who is signed in, in a microtask; a refresh that changes nothing is silent.
   * A listener may call the client. Returns what takes it off again.
   */
  readonly onChange: (listener: (state: AuthState<C>) => void) => () => void
  /**
   * Finds out who is signed in, with at most one request.
   *
   * @throws {ClientError} `unavailable`: it cannot be known at the moment
   */
  readonly ready: () => Promise<AuthState<C>>
}
