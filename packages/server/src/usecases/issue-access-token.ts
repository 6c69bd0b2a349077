import type { AccessTokenClaims, TokenAccountBody } from '@countersign/protocol'
import { encodeId } from '../domain/ids.ts'
import type { StoredAccount } from '../ports/account-store.ts'
import type { Random } from '../ports/random.ts'
import type { StoredSession } from '../ports/session-store.ts'
import { type AddClaims, type AddedClaims, type ClaimsHook, createAddClaims } from './claims-hook.ts'

/** Signs with the key that is active for the audience. */
export type Sign = (claims: AccessTokenClaims, at: number) => Promise<string>

export interface IssueInput {
  readonly account: StoredAccount
  readonly session: StoredSession
  readonly scope: readonly string[]
  readonly audience: readonly string[]
  /** Epoch milliseconds: the clock before this request's first read of the store, never moved forward. */
  readonly issuedAt: number
  /** In [0, 1), fixed for the rotation. */
  readonly jitter: number
  /** What {@link AddClaims} gave before; without it the hook is asked now. */
  readonly added?: AddedClaims | undefined
}

export interface IssuedToken {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
  readonly scope: string
  readonly account: TokenAccountBody
}

export interface IssueAccessToken {
  (input: IssueInput): Promise<IssuedToken>
  /** Absent where the application has no hook. */
  readonly addClaims: AddClaims | undefined
}

/** How much of the lifetime the jitter may take. */
const JITTER = 0.2

/** Makes access tokens (RFC 9068). Their claims are few, because every request carries them. */
export function createIssueAccessToken(dependencies: {
  readonly issuer: string
  /** Seconds. */
  readonly lifetime: number
  readonly random: Random
  readonly sign: Sign
  readonly claims: ClaimsHook | undefined
}): IssueAccessToken {
  const { issuer, lifetime, random, sign, claims: hook } = dependencies
  const addClaims: AddClaims | undefined = hook === undefined ? undefined : createAddClaims(hook)

  return Object.assign(issue, { addClaims })

  async function issue(input: IssueInput): Promise<IssuedToken> {
    const { account, session, scope, audience, issuedAt, jitter } = input
    const added = input.added ?? (await addClaims?.(input)) ?? {}
    const iat = Math.floor(issuedAt / 1000)
    const exp = Math.min(
      iat + Math.max(1, Math.round(lifetime * (1 - JITTER * jitter))),
      Math.floor(session.absoluteExpiresAt / 1000),
    )
    const claims: AccessTokenClaims = {
      ...added,
      iss: issuer,
      sub: encodeId(account.id),
      aud: audience.length === 1 ? (audience[0] as string) : audience,
      exp,
      iat,
      jti: Buffer.from(random.bytes(16)).toString('base64url'),
      client_id: session.clientId,
      ...(scope.length > 0 ? { scope: scope.join(' ') } : {}),
      ...(account.roles.length > 0 ? { roles: account.roles } : {}),
      sid: encodeId(session.sid),
      ver: account.ver,
    }
    return {
      accessToken: await sign(claims, issuedAt),
      expiresIn: exp - iat,
      scope: scope.join(' '),
      account: {
        id: claims.sub,
        username: account.username,
        email: account.email ?? null,
        email_verified: account.emailVerified,
        roles: account.roles,
        claims: added,
      },
    }
  }
}
