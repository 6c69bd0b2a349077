import { encodeId, slotOf } from '../../domain/ids.ts'
import { REVOCATION_MEMORY, REVOCATION_REPEAT } from '../../domain/session.ts'
import type { MemoryState, RevocationEntry } from './state.ts'

/** All tokens of one session are refused. */
export function revokeSession(state: MemoryState, sid: Uint8Array, now: number): void {
  note(state, {
    slot: slotOf(sid),
    createdAt: now,
    kind: 's',
    key: encodeId(sid),
    t: now,
    forgetAt: now + REVOCATION_MEMORY,
  })
}

/** The same for a session that ended before, unless that was told a moment ago, or no token of it can be good any more. */
export function revokeSessionAgain(state: MemoryState, sid: Uint8Array, endedAt: number, now: number): void {
  if (now - endedAt >= REVOCATION_MEMORY) return
  const key = encodeId(sid)
  const told = [...state.revocations.values()].some(
    (entry) => entry.kind === 's' && entry.key === key && entry.createdAt > now - REVOCATION_REPEAT,
  )
  if (!told) revokeSession(state, sid, now)
}

/** Ends every session of an account whose version was just raised to `ver`, and refuses its older tokens. */
export function endSessions(state: MemoryState, accountId: Uint8Array, ver: number, now: number): number {
  const owner = encodeId(accountId)
  let ended = 0
  for (const [sid, session] of state.sessions) {
    if (encodeId(session.accountId) !== owner || session.endedAt !== undefined) continue
    state.sessions.set(sid, { ...session, endedAt: now })
    ended++
  }
  revokeVersionsBefore(state, accountId, ver, now)
  return ended
}

/** All tokens of an account with a lower version than `ver` are refused. */
export function revokeVersionsBefore(state: MemoryState, accountId: Uint8Array, ver: number, now: number): void {
  const forgetAt = now + REVOCATION_MEMORY
  note(state, { slot: slotOf(accountId), createdAt: now, kind: 'u', key: encodeId(accountId), t: ver, forgetAt })
}

/** Two in one millisecond are one entry, and the higher of them counts. */
function note(state: MemoryState, entry: RevocationEntry): void {
  const place = `${entry.createdAt} ${entry.kind} ${entry.key}`
  const there = state.revocations.get(place)
  if (there === undefined || entry.t > there.t) state.revocations.set(place, entry)
}
