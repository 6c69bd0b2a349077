import { FIRST_PARTY } from '@countersign/protocol'
import { AuthError } from '../domain/errors.ts'
import { encodeId } from '../domain/ids.ts'
import type { RefreshToken, Sealer } from '../domain/refresh-token.ts'
import { isAlive } from '../domain/session.ts'
import type { AccountStore, StoredAccount } from '../ports/account-store.ts'
import type { Rotation, SessionStore, StoredSession } from '../ports/session-store.ts'
import type { Audit } from './audit.ts'
import type { AddedClaims } from './claims-hook.ts'
import type { Caller } from './context.ts'
import type { Grant, Wish } from './grant.ts'
import type { IssueAccessToken } from './issue-access-token.ts'
import type { TokenSet } from './open-session.ts'
import type { Throttle } from './throttle.ts'

/** How many repeats one generation may have: a circuit breaker. Twenty would end the session of twenty-two honest tabs. */
const MAX_REPEATS = 1000
/** Rotations in a row that each had a repeat: more than an unlucky network makes, so somebody should look. */
const REPEATS_WORTH_A_LOOK = 5

export interface RefreshInput extends Wish {
  readonly presented: string
  /** The hash of the browser's binding; absent when the token came in a body. */
  readonly bind: Uint8Array | undefined
  readonly caller: Caller
}

export type Refresh = (input: RefreshInput) => Promise<TokenSet>

/**
 * Exchanges a refresh token for a new access token and the next refresh token (RFC 6749 §6, with rotation as in
 * RFC 9700 §4.14.2). At most one rotation in a window; inside it the live token is kept and its predecessor repeated.
 *
 * @throws {AuthError} `refresh_token_invalid`, `refresh_token_reused`, `scope_not_allowed`, `audience_not_allowed`,
 * `rate_limited`, `store_unavailable`
 */
export function createRefresh(dependencies: {
  readonly sealer: Sealer
  readonly sessions: SessionStore
  readonly accounts: AccountStore
  readonly throttle: Throttle
  readonly audit: Audit
  readonly clock: { wall(): number }
  readonly now: () => number
  /** True for a master key that was dropped on purpose: its tokens are over, not "later". */
  readonly isDroppedKey: (macKid: number) => boolean
  readonly grant: Grant
  /** Seconds. */
  readonly policy: { readonly refreshIdleLifetime: number; readonly refreshGrace: number }
  readonly issueAccessToken: IssueAccessToken
}): Refresh {
  const { sealer, sessions, accounts, throttle, audit, clock, now, grant, policy, issueAccessToken } = dependencies

  return async ({ presented, bind, scope, audience, caller }) => {
    const token = open(presented)
    await throttle.refresh(encodeId(token.sid))

    const issuedAt = clock.wall()
    if (scope !== undefined || audience !== undefined) await checkWish(token)
    const added = await rehearse(token)
    const successor = sealer.successor(token)
    const rotation = await sessions.rotate({
      sid: token.sid,
      generation: token.generation,
      clientId: FIRST_PARTY,
      presentedHash: sealer.hash(token),
      successorHash: sealer.hash(successor),
      macKid: sealer.activeKid,
      bind,
      dpopThumbprint: undefined,
      idleLifetime: policy.refreshIdleLifetime * 1000,
      window: policy.refreshGrace * 1000,
      maxRepeats: MAX_REPEATS,
    })

    switch (rotation?.outcome) {
      case undefined:
        await recordRefusal(token, bind, caller)
        throw new AuthError('refresh_token_invalid')
      case 'reused':
        await record(rotation.session, 'session.reused', 'refused', caller, { generation: token.generation })
        throw new AuthError('refresh_token_reused')
      case 'kept': // the live token again: no cookie, a late one would overwrite its successor
        return { ...(await answer(rotation, 'grace')), refreshToken: presented, setCookie: false }
      case 'repeated':
        await watchRepeats(rotation.session, caller)
        return { ...(await answer(rotation, 'grace')), refreshToken: reseal(rotation), setCookie: true }
      case 'rotated':
        return { ...(await answer(rotation, 'first')), refreshToken: reseal(rotation), setCookie: true }
    }

    /** The winner's key id, from the row: services with different active keys answer with the same bytes. */
    function reseal({ session }: Rotation): string {
      return sealer.seal(successor, session.macKid)
    }

    /**
     * A wish that is refused neither rotates nor ends the session, so it is judged first, and by columns that never
     * change: an answer that knew the generation would tell a thief whether his copy is still live.
     */
    async function checkWish({ sid }: RefreshToken): Promise<void> {
      const session = await sessions.find(sid)
      if (session !== undefined) grant.checkRefresh(session, { scope, audience })
    }

    /**
     * Where an application adds claims, its hook is asked and a token is made before the session moves: a hook that fails
     * for longer than the window would otherwise leave everybody with a token that looks stolen.
     */
    async function rehearse({ sid }: RefreshToken): Promise<AddedClaims | undefined> {
      const { addClaims } = issueAccessToken
      if (addClaims === undefined) return undefined
      const session = await sessions.find(sid)
      if (session === undefined || !isAlive(session, now())) return undefined
      const account = await accounts.find(session.accountId)
      if (account === undefined || account.ver !== session.ver || !grant.isServed(session)) return undefined
      const granted = grant.atRefresh(account.roles, session, { scope, audience })
      const claims = await addClaims({ account, session, ...granted })
      await issueAccessToken({ account, session, ...granted, issuedAt, added: claims, jitter: 0 })
      return claims
    }

    async function answer({ session }: Rotation, kind: 'first' | 'grace'): Promise<TokenSet> {
      const account = await ownerOf(session)
      if (account === undefined || !grant.isServed(session)) {
        await sessions.end(session.sid)
        await record(session, 'session.ended', 'ok', caller, {
          why: account === undefined ? 'account_changed' : 'audience_gone',
        })
        throw new AuthError('refresh_token_invalid')
      }
      // Roles are read anew at every refresh: what was taken away is gone with the next token.
      const granted = grant.atRefresh(account.roles, session, { scope, audience })
      const issued = await issueAccessToken({
        account,
        session,
        ...granted,
        issuedAt,
        added,
        jitter: sealer.jitter(session.sid, session.generation, kind, session.macKid),
      })
      const left = Math.min(session.idleExpiresAt, session.absoluteExpiresAt) - now()
      return {
        ...issued,
        session,
        transport: session.transport,
        refreshToken: undefined,
        refreshExpiresIn: Math.max(0, Math.floor(left / 1000)),
        binding: undefined,
        setCookie: false,
      }
    }
  }

  function open(presented: string): RefreshToken {
    const opened = sealer.open(presented)
    if (opened.outcome === 'opened') return opened.token
    // While a master key is rolled a service may be behind the others. To refuse would sign people out.
    if (opened.outcome === 'unknown_key' && !dependencies.isDroppedKey(opened.macKid)) {
      throw new AuthError('store_unavailable', { retryAfter: 2, reason: 'master_key_unknown' })
    }
    throw new AuthError('refresh_token_invalid')
  }

  /**
   * The account, if it is enabled and of the row's version. A change of roles moves the versions of both, so one that was
   * committed after the row was read ends nothing.
   */
  async function ownerOf(session: StoredSession): Promise<StoredAccount | undefined> {
    const account = await accounts.find(session.accountId)
    if (account === undefined || account.disabledAt !== undefined) return undefined
    if (account.ver === session.ver) return account
    const row = await sessions.find(session.sid)
    const moved = row !== undefined && row.endedAt === undefined && row.ver > session.ver
    return moved ? ownerOf(row) : undefined
  }

  /** Why it was refused goes to the audit log; the answer does not say. This read decides nothing. */
  async function recordRefusal(token: RefreshToken, bind: Uint8Array | undefined, caller: Caller): Promise<void> {
    const session = await sessions.find(token.sid)
    if (session === undefined) return
    await record(session, 'session.refresh_refused', 'refused', caller, {
      why: whyRefused(session, token, bind, now()),
    })
  }

  async function watchRepeats(session: StoredSession, caller: Caller): Promise<void> {
    if (session.repeats !== 1 || session.repeatedRotations < REPEATS_WORTH_A_LOOK) return
    await record(session, 'session.repeated_often', 'ok', caller, { rotations: session.repeatedRotations })
  }

  function record(
    session: StoredSession,
    event: 'session.reused' | 'session.ended' | 'session.refresh_refused' | 'session.repeated_often',
    result: 'ok' | 'refused',
    caller: Caller,
    detail: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    return audit.record(
      { event, result, actor: encodeId(session.accountId), subject: encodeId(session.sid), detail },
      caller,
    )
  }
}

function whyRefused(session: StoredSession, token: RefreshToken, bind: Uint8Array | undefined, at: number): string {
  if (session.endedAt !== undefined) return 'ended'
  if (session.idleExpiresAt <= at) return 'idle'
  if (session.absoluteExpiresAt <= at) return 'absolute'
  if (token.generation > session.generation) return 'ahead_of_row'
  if ((bind === undefined) !== (session.bind === undefined)) return 'other_transport'
  return 'other_browser'
}
