import { encodeId } from '../domain/ids.ts'
import { lastUseShown } from '../domain/session.ts'
import type { StoredAccount } from '../ports/account-store.ts'
import type { StoredSession } from '../ports/session-store.ts'

/** An account, as an application sees it. Times are seconds since the epoch. */
export interface Account {
  /** The `sub` of its tokens. */
  readonly id: string
  readonly username: string
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly roles: readonly string[]
  readonly disabledAt: number | undefined
  /** The `ver` of its tokens: raised to refuse all of them. */
  readonly tokenVersion: number
  readonly createdAt: number
}

/** A session, as an application sees it. Times are seconds since the epoch. */
export interface SessionInfo {
  readonly id: string
  readonly accountId: string
  readonly createdAt: number
  /** Rounded down to the hour: an exact one would serve a thief. */
  readonly lastUsedAt: number
  readonly expiresAt: number
  readonly userAgent: string | undefined
  readonly address: string | undefined
}

/** What the claims hook of an application is asked with. */
export interface ClaimsInput {
  readonly account: Account
  /** Absent for a token that belongs to no session. */
  readonly session: SessionInfo | undefined
  readonly clientId: string
  readonly scope: ReadonlySet<string>
  readonly audience: readonly string[]
}

/** Adds claims to each access token. May take its time; what it throws is a fault of the application: 500. */
export type ClaimsHook = (input: ClaimsInput) => object | Promise<object>

export type AddedClaims = Readonly<Record<string, unknown>>

/** Asks the application's hook, and refuses what it must not set. */
export type AddClaims = (input: {
  readonly account: StoredAccount
  readonly session: StoredSession
  readonly scope: readonly string[]
  readonly audience: readonly string[]
}) => Promise<AddedClaims>

/** Names that a claims hook may not set: they are the service's own (RFC 9068 §2.2, RFC 7800). */
const RESERVED: ReadonlySet<string> = new Set(
  'iss sub aud exp iat nbf jti client_id scope roles sid ver cnf'.split(' '),
)

/** @throws {TypeError} from what it makes, for a hook that gives no object or sets a registered claim */
export function createAddClaims(hook: ClaimsHook): AddClaims {
  return async ({ account, session, scope, audience }) => {
    const added = await hook({
      account: toAccount(account),
      session: toSessionInfo(session),
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
}

function toAccount({ id, disabledAt, ver, createdAt, ...account }: StoredAccount): Account {
  return {
    id: encodeId(id),
    username: account.username,
    email: account.email,
    emailVerified: account.emailVerified,
    roles: account.roles,
    disabledAt: disabledAt === undefined ? undefined : seconds(disabledAt),
    tokenVersion: ver,
    createdAt: seconds(createdAt),
  }
}

function toSessionInfo(session: StoredSession): SessionInfo {
  return {
    id: encodeId(session.sid),
    accountId: encodeId(session.accountId),
    createdAt: seconds(session.createdAt),
    lastUsedAt: seconds(lastUseShown(session)),
    expiresAt: seconds(session.absoluteExpiresAt),
    userAgent: session.userAgent,
    address: session.address,
  }
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000)
}
