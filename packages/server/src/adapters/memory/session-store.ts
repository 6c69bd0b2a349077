import { encodeId, slotOf } from '../../domain/ids.ts'
import { decideRotation, isAlive } from '../../domain/session.ts'
import type { SessionStore, StoredSession } from '../../ports/session-store.ts'
import { endSessions, revokeSessionAgain } from './revocations.ts'
import type { MemoryState } from './state.ts'

/** No method awaits between its reads and its writes, so each is one atomic step. */
export function createMemorySessionStore(state: MemoryState, now: () => number): SessionStore {
  const { accounts, sessions, revocations } = state

  return {
    async insert(session) {
      const account = accounts.get(encodeId(session.accountId))
      if (account === undefined || account.disabledAt !== undefined || account.ver !== session.ver) return false
      sessions.set(encodeId(session.sid), session)
      return true
    },

    async rotate(attempt) {
      const session = sessions.get(encodeId(attempt.sid))
      if (session === undefined) return undefined
      const rotation = decideRotation(session, attempt, now())
      if (rotation !== undefined) sessions.set(encodeId(attempt.sid), rotation.session)
      return rotation
    },

    async find(sid) {
      return sessions.get(encodeId(sid))
    },

    async list(accountId) {
      const owner = encodeId(accountId)
      const at = now()
      return [...sessions.values()]
        .filter((session) => encodeId(session.accountId) === owner && isAlive(session, at))
        .sort((a, b) => b.createdAt - a.createdAt || Buffer.compare(a.sid, b.sid))
    },

    async end(sid) {
      const session = sessions.get(encodeId(sid))
      if (session === undefined) return undefined
      if (session.endedAt === undefined) sessions.set(encodeId(sid), { ...session, endedAt: now() })
      else revokeSessionAgain(state, sid, session.endedAt, now())
      return session
    },

    async endAll(accountId) {
      const account = accounts.get(encodeId(accountId))
      if (account === undefined) return 0
      const ver = account.ver + 1
      accounts.set(encodeId(accountId), { ...account, ver })
      return endSessions(state, accountId, ver, now())
    },

    async sweep(before, slots, limit) {
      const sweptOf = new Map<number, number>()
      for (const [key, session] of sessions) {
        const slot = slotOf(session.sid)
        const swept = sweptOf.get(slot) ?? 0
        if (slot < slots.from || slot > slots.to || swept >= limit || !isOverSince(session, before)) continue
        sessions.delete(key)
        sweptOf.set(slot, swept + 1)
      }
      for (const [key, { slot, forgetAt }] of revocations) {
        if (slot >= slots.from && slot <= slots.to && forgetAt < before) revocations.delete(key)
      }
      return [...sweptOf.values()].reduce((sum, swept) => sum + swept, 0)
    },
  }
}

function isOverSince({ idleExpiresAt, absoluteExpiresAt, endedAt }: StoredSession, before: number): boolean {
  return idleExpiresAt < before || absoluteExpiresAt < before || (endedAt !== undefined && endedAt < before)
}
