import type { SessionBody } from '@countersign/protocol'
import { AuthError } from '../domain/errors.ts'
import { decodeId, encodeId } from '../domain/ids.ts'
import { lastUseShown } from '../domain/session.ts'
import type { SessionStore, StoredSession } from '../ports/session-store.ts'
import type { Audit } from './audit.ts'
import type { Bearer } from './bearer.ts'
import type { Caller } from './context.ts'
import type { Logout } from './logout.ts'

/** What an account may see of its own sessions, and do to them. */
export interface Sessions {
  list(bearer: Bearer): Promise<readonly SessionBody[]>
  /** @throws {AuthError} `not_found`, also for another account's session */
  end(bearer: Bearer, sessionId: string, caller: Caller): Promise<StoredSession>
  /** Ends them all and raises the token version. */
  endAll(bearer: Bearer, caller: Caller): Promise<void>
}

export function createSessions(dependencies: {
  readonly sessions: SessionStore
  readonly logout: Logout
  readonly audit: Audit
}): Sessions {
  const { sessions, logout, audit } = dependencies
  return {
    async list({ session: own }) {
      const all = await sessions.list(own.accountId)
      return all.map((session) => ({ ...toSessionBody(session), current: encodeId(session.sid) === encodeId(own.sid) }))
    },

    async end(bearer, sessionId, caller) {
      const sid = decodeId(sessionId)
      const session = sid === undefined ? undefined : await sessions.find(sid)
      const foreign = session === undefined || encodeId(session.accountId) !== bearer.claims.sub
      if (foreign || session.endedAt !== undefined) throw new AuthError('not_found')
      await logout.session(session.sid, 'by_owner', caller)
      return session
    },

    async endAll({ session }, caller) {
      const ended = await sessions.endAll(session.accountId)
      const id = encodeId(session.accountId)
      await audit.record(
        { event: 'account.sessions_ended', result: 'ok', actor: id, subject: id, detail: { ended } },
        caller,
      )
    },
  }
}

function toSessionBody(session: StoredSession): Omit<SessionBody, 'current'> {
  return {
    session_id: encodeId(session.sid),
    client_id: session.clientId,
    transport: session.transport,
    user_agent: session.userAgent ?? null,
    address: session.address ?? null,
    created_at: Math.floor(session.createdAt / 1000),
    last_used_at: lastUseShown(session) / 1000,
    expires_at: Math.floor(Math.min(session.idleExpiresAt, session.absoluteExpiresAt) / 1000),
  }
}
