import { readBinding, sameBinding } from '../domain/binding.ts'
import { AuthError } from '../domain/errors.ts'
import { encodeId } from '../domain/ids.ts'
import type { Sealer } from '../domain/refresh-token.ts'
import type { SessionStore, StoredSession } from '../ports/session-store.ts'
import type { Audit } from './audit.ts'
import type { Caller } from './context.ts'

/** Ends one session, for good. Ending an ended one is no error: whoever logs out twice is logged out. */
export interface Logout {
  /** @returns the row that ended, whose binding names the cookie to clear */
  session(sid: Uint8Array, why: string, caller: Caller): Promise<StoredSession | undefined>

  /**
   * By a refresh token of any generation that is ours (RFC 7009 §2.2: junk, an expired one or one of an ended session is
   * no error). With `sessionId`, a token of another session is left alone: a logout that waited offline must not end
   * the session of whoever logged in since.
   *
   * @throws {AuthError} `store_unavailable` for a token under a master key that this service has not been given yet
   */
  byRefreshToken(
    input: {
      readonly presented: string
      readonly bind: Uint8Array | undefined
      readonly sessionId: string | undefined
    },
    caller: Caller,
  ): Promise<'ended' | 'left'>

  /** The session that a browser's binding names, if the hash fits: log-in ends it. */
  byBinding(text: string, caller: Caller): Promise<void>
}

export function createLogout(dependencies: {
  readonly sessions: SessionStore
  readonly sealer: Sealer
  /** True for a master key that was dropped on purpose: its sessions are over. */
  readonly isDroppedKey: (macKid: number) => boolean
  readonly audit: Audit
}): Logout {
  const { sessions, sealer, isDroppedKey, audit } = dependencies

  async function end(sid: Uint8Array, why: string, caller: Caller): Promise<StoredSession | undefined> {
    const session = await sessions.end(sid)
    if (session !== undefined && session.endedAt === undefined) {
      const ended = { event: 'session.ended', result: 'ok', detail: { why } } as const
      await audit.record({ ...ended, actor: encodeId(session.accountId), subject: encodeId(sid) }, caller)
    }
    return session
  }

  return {
    session: end,

    async byRefreshToken({ presented, bind, sessionId }, caller) {
      const opened = sealer.open(presented)
      // To say "done" would leave a session alive that its owner believes to be over.
      if (opened.outcome === 'unknown_key' && !isDroppedKey(opened.macKid)) {
        throw new AuthError('store_unavailable', { retryAfter: 2, reason: 'master_key_unknown' })
      }
      if (opened.outcome !== 'opened') return 'ended'
      const { sid } = opened.token
      if (sessionId !== undefined && sessionId !== encodeId(sid)) return 'left'
      const session = await sessions.find(sid)
      // A cookie's token in a body, or the reverse, is no way to end a session either.
      if (session === undefined || !sameBinding(session.bind, bind)) return 'ended'
      await end(sid, 'revoked', caller)
      return 'ended'
    },

    async byBinding(text, caller) {
      const binding = readBinding(text)
      if (binding === undefined) return
      const session = await sessions.find(binding.sid)
      if (session === undefined || session.endedAt !== undefined || !sameBinding(session.bind, binding.hash)) return
      await end(binding.sid, 'log_in_again', caller)
    },
  }
}
