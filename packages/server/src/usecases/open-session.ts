import { FIRST_PARTY } from '@countersign/protocol'
import { type Binding, createBinding } from '../domain/binding.ts'
import { newId, slotOf } from '../domain/ids.ts'
import type { Sealer } from '../domain/refresh-token.ts'
import type { StoredAccount } from '../ports/account-store.ts'
import type { Random } from '../ports/random.ts'
import type { SessionStore, StoredSession } from '../ports/session-store.ts'
import type { Caller } from './context.ts'
import type { IssueAccessToken, IssuedToken } from './issue-access-token.ts'

/** How a session's refresh token travels; `none` has none, and ends with its access token. */
export type SessionTransport = StoredSession['transport']

/** Lengths of a session, in seconds. */
export interface SessionPolicy {
  readonly accessTokenLifetime: number
  readonly refreshIdleLifetime: number
  readonly refreshAbsoluteLifetime: number
}

/** What a caller gets to hold: the tokens of a session, and what its cookies are made of. */
export interface TokenSet extends IssuedToken {
  readonly session: StoredSession
  readonly transport: SessionTransport
  /** The sealed refresh token; absent for `none`. */
  readonly refreshToken: string | undefined
  /** Seconds until it goes idle or the session comes to its end. */
  readonly refreshExpiresIn: number
  /** Set when a browser was bound to the session: at log-in and a password change, never at a refresh. */
  readonly binding: Binding | undefined
  /** False when a refresh must write no cookie, since a late one would overwrite its successor. */
  readonly setCookie: boolean
}

export interface OpenSessionInput {
  readonly account: StoredAccount
  readonly scope: readonly string[]
  readonly audience: readonly string[]
  readonly transport: SessionTransport
  /** Epoch milliseconds, before the first read of the store. */
  readonly issuedAt: number
  readonly caller: Caller
  /** Done when the token is signed and before the row is written: what must not happen if signing fails. False: no session. */
  readonly first?: (() => Promise<boolean>) | undefined
}

/** @returns `undefined` when the account was disabled or its version raised since it was read, or `first` was false */
export type OpenSession = (input: OpenSessionInput) => Promise<TokenSet | undefined>

export function createOpenSession(dependencies: {
  readonly sessions: SessionStore
  readonly sealer: Sealer
  readonly random: Random
  readonly now: () => number
  readonly policy: SessionPolicy
  readonly issueAccessToken: IssueAccessToken
}): OpenSession {
  const { sessions, sealer, random, now, policy, issueAccessToken } = dependencies

  return async ({ account, scope, audience, transport, issuedAt, caller, first }) => {
    const sid = newId(slotOf(account.id), random.bytes(14))
    const binding = transport === 'cookie' ? createBinding(sid, random.bytes(16)) : undefined
    const token = { sid, generation: 0, secret: random.bytes(16) }
    const createdAt = now()
    const absolute = transport === 'none' ? policy.accessTokenLifetime : policy.refreshAbsoluteLifetime
    const idle = transport === 'none' ? policy.accessTokenLifetime : policy.refreshIdleLifetime
    const session: StoredSession = {
      sid,
      accountId: account.id,
      clientId: FIRST_PARTY,
      generation: 0,
      macKid: sealer.activeKid,
      currentHash: sealer.hash(token),
      createdAt,
      rotatedAt: createdAt,
      idleExpiresAt: createdAt + idle * 1000,
      absoluteExpiresAt: createdAt + absolute * 1000,
      repeats: 0,
      repeatedRotations: 0,
      endedAt: undefined,
      bind: binding?.hash,
      scope: scope.join(' '),
      audience: audience.join(' '),
      ver: account.ver,
      authAt: createdAt,
      transport,
      userAgent: caller.userAgent?.slice(0, 256),
      address: caller.address,
    }
    // Signed before the row is written: if signing fails nothing is left behind, and a token whose session was not
    // written never leaves this function.
    const issued = await issueAccessToken({
      account,
      session,
      scope,
      audience,
      issuedAt,
      jitter: sealer.jitter(sid, 0, 'first', sealer.activeKid),
    })
    if (first !== undefined && !(await first())) return undefined
    if (!(await sessions.insert(session))) return undefined
    return {
      ...issued,
      session,
      transport,
      refreshToken: transport === 'none' ? undefined : sealer.seal(token, sealer.activeKid),
      refreshExpiresIn: Math.min(idle, absolute),
      binding,
      setCookie: true,
    }
  }
}
