/** Bodies of the endpoints under `/auth`, as they travel: snake_case, as in OAuth. */

/** How the refresh token of a session travels. `session` is the server-session mode, without a JWT. */
export type Transport = 'cookie' | 'body' | 'none' | 'session'

/** An account as its owner and an administrator see it. */
export interface AccountBody {
  /** 22 base64url characters; the `sub` of its tokens. */
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly email_verified: boolean
  readonly roles: readonly string[]
  readonly disabled: boolean
  /** Seconds since the epoch. */
  readonly created_at: number
}

/** The account in a token response: without `disabled` and `created_at`, with what the claims hook added. */
export interface TokenAccountBody {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly email_verified: boolean
  readonly roles: readonly string[]
  readonly claims: Readonly<Record<string, unknown>>
}

/** The answer to a log-in, a refresh and a password change (RFC 6749 §5.1 and ours). */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** Seconds. */
  readonly expires_in: number
  readonly scope: string
  readonly session_id: string
  readonly account: TokenAccountBody
  /** Only for `transport: "body"`. */
  readonly refresh_token?: string
  /** Seconds until the refresh token goes idle. Only for `transport: "body"`. */
  readonly refresh_expires_in?: number
}

/** A session as its owner sees it. */
export interface SessionBody {
  readonly session_id: string
  /** True for the session of the request's own token. */
  readonly current: boolean
  readonly client_id: string
  readonly transport: Transport
  readonly user_agent: string | null
  readonly address: string | null
  /** Seconds since the epoch. */
  readonly created_at: number
  /** Seconds since the epoch, rounded down to the hour: an exact one would serve a thief. */
  readonly last_used_at: number
  /** Seconds since the epoch. */
  readonly expires_at: number
}

/** A signing key as an administrator sees it. Times are seconds since the epoch. */
export interface KeyBody {
  readonly kid: string
  readonly alg: string
  /** Only for a shared secret (HS256 and its kind): the one audience it serves. */
  readonly audience?: string
  readonly state: 'published' | 'active' | 'retiring' | 'removed' | 'revoked'
  readonly published_at: number
  readonly activates_at: number
}

/** The claims that every access token of the service carries (RFC 9068 §2.2 and ours). */
export interface AccessTokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly exp: number
  readonly iat: number
  readonly jti: string
  readonly client_id: string
  readonly scope?: string
  readonly roles?: readonly string[]
  /** The session. */
  readonly sid?: string
  /** The account's token version. */
  readonly ver?: number
}

/** The `client_id` of first-party log-ins. Reserved. */
export const FIRST_PARTY = 'first-party'
