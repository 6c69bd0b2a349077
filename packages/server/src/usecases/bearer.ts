import type { AccessTokenClaims } from '@countersign/protocol'
import { AuthError } from '../domain/errors.ts'
import { decodeId, encodeId } from '../domain/ids.ts'
import type { SessionStore, StoredSession } from '../ports/session-store.ts'

/** A request's access token, proven, with the row that says it still stands. */
export interface Bearer {
  readonly claims: AccessTokenClaims
  readonly session: StoredSession
  readonly scope: ReadonlySet<string>
}

/** Signature, kind, issuer, audience and times; nothing of the store. Throws `token_invalid`. */
export type VerifyAccessToken = (token: string) => AccessTokenClaims

export interface Authenticate {
  /** @throws {AuthError} `token_invalid` */
  (token: string): Promise<Bearer>
  /** The same without asking whether the session still stands: for a logout, which may be repeated. */
  claimsOf(token: string): { readonly claims: AccessTokenClaims; readonly sid: Uint8Array }
}

/**
 * The service's own bearer routes verify the token and then read one row by its primary key: the session alive, and of
 * the token's version. Whatever disables an account or raises its version ends its sessions in the same transaction, so
 * that one row tells it all, and a logout, a changed password and a disabled account act here at once.
 */
export function createAuthenticate(dependencies: {
  readonly verify: VerifyAccessToken
  readonly sessions: SessionStore
  readonly now: () => number
}): Authenticate {
  const { verify, sessions, now } = dependencies

  function claimsOf(token: string): { claims: AccessTokenClaims; sid: Uint8Array } {
    const claims = verify(token)
    const sid = claims.sid === undefined ? undefined : decodeId(claims.sid)
    if (sid === undefined) throw new AuthError('token_invalid')
    return { claims, sid }
  }

  async function authenticate(token: string): Promise<Bearer> {
    const { claims, sid } = claimsOf(token)
    const session = await sessions.find(sid)
    if (
      session === undefined ||
      session.endedAt !== undefined ||
      session.absoluteExpiresAt <= now() ||
      session.ver !== claims.ver ||
      encodeId(session.accountId) !== claims.sub
    ) {
      throw new AuthError('token_invalid')
    }
    return { claims, session, scope: new Set(claims.scope?.split(' ')) }
  }

  return Object.assign(authenticate, { claimsOf })
}
