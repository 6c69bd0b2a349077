import { encodeId, slotOf } from '../../domain/ids.ts'
import { REVOCATION_MEMORY, REVOCATION_REPEAT } from '../../domain/session.ts'
import type { RunSql } from './driver.ts'

/** Two in one millisecond are one entry, and the higher of them counts: that is how the feed merges them too. */
export const INSERT_REVOCATION = `
INSERT INTO revocation (slot, created_at, kind, key, t, forget_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (slot, created_at, kind, key) DO UPDATE SET
  t = CASE WHEN revocation.t > excluded.t THEN revocation.t ELSE excluded.t END`

/** All tokens of one session are refused. */
export async function revokeSession(run: RunSql, sid: Uint8Array, now: number): Promise<void> {
  await run(INSERT_REVOCATION, [slotOf(sid), now, 's', encodeId(sid), now, now + REVOCATION_MEMORY])
}

export const FIND_RECENT = `
SELECT created_at FROM revocation WHERE slot = $1 AND created_at > $2 AND kind = $3 AND key = $4
ORDER BY created_at LIMIT 1`

/** The same for a session that ended before, unless that was told a moment ago, or no token of it can be good any more. */
export async function revokeSessionAgain(run: RunSql, sid: Uint8Array, endedAt: number, now: number): Promise<void> {
  if (now - endedAt >= REVOCATION_MEMORY) return
  const [recent] = await run(FIND_RECENT, [slotOf(sid), now - REVOCATION_REPEAT, 's', encodeId(sid)])
  if (recent === undefined) await revokeSession(run, sid, now)
}

/** All tokens of an account with a lower version than `ver` are refused. */
export async function revokeVersionsBefore(
  run: RunSql,
  accountId: Uint8Array,
  ver: number,
  now: number,
): Promise<void> {
  await run(INSERT_REVOCATION, [slotOf(accountId), now, 'u', encodeId(accountId), ver, now + REVOCATION_MEMORY])
}
