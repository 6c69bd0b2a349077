import type { AccessTokenClaims, TokenAccountBody } from '@countersign/protocol'
import { encodeId } from '../domain/ids.ts'
import type { StoredAccount } from '../ports/account-store.ts'
import type { Random } from '../ports/random.ts'
import type { StoredSession } from '../ports/session-store.ts'

/** What the claims hook of an application is asked with. */
export interface ClaimsInput {
  readonly account: {
    readonly id: string
    readonly username: string
    readonly email: string | undefined
    readonly emailVerified: boolean
    readonly roles: readonly string[]
    /** Seconds since the epoch. */
    readonly createdAt: number
  }
  readonly session: { readonly id: string; readonly createdAt: number; readonly expiresAt: number }
  readonly clientId: string
  readonly scope: ReadonlySet<string>
  readonly audience: readonly string[]
}

/** Adds claims to each access token. May take its time; what it throws is a fault of the application: 500. */
export type ClaimsHook = (input: ClaimsInput) => object | Promise<object>

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

export type AddedClaims = Readonly<Record<string, unknown>>

/** Asks the application's hook, and refuses what it must not set. */
export type AddClaims = (input: Pick<IssueInput, 'account' | 'session' | 'scope' | 'audience'>) => Promise<AddedClaims>

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

/** Names that a claims hook may not set: they are the service's own (RFC 9068 §2.2, RFC 7800). */
const RESERVED: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'client_id', 'scope', 'roles', 'sid', 'ver', 'cnf'],
])

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
  const addClaims: AddClaims | undefined = hook === undefined ? undefined : (input) => askHook(hook, input)

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

async function askHook(
  hook: ClaimsHook,
  { account, session, scope, audience }: Parameters<AddClaims>[0],
): Promise<AddedClaims> {
  const added = await hook({
    account: {
      id: encodeId(account.id),
      username: account.username,
      email: account.email,
      emailVerified: account.emailVerified,
      roles: account.roles,
      createdAt: Math.floor(account.createdAt / 1000),
    },
    session: {
      id: encodeId(session.sid),
      createdAt: Math.floor(session.createdAt / 1000),
      expiresAt: Math.floor(session.absoluteExpiresAt / 1000),
    },
    clientId: session.clientId,
    scope: new Set(scope),
    audience,
  })
  if (typeof added !== 'object' || added === null || Array.isArray(added)) {
    throw new TypeError('the claims hook must return an object')
  }
  const entries = Object.entries(added).filter(([, value]) => value !== undefined)
  for (const [name] of entries) {
    if (RESERVED.has(name)) throw new TypeError(`the claims hook must not set the registered claim ${name}`)
  }
  return Object.fromEntries(entries)
}
