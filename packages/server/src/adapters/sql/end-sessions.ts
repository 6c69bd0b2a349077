import { slotOf } from '../../domain/ids.ts'
import type { RunSql } from './driver.ts'
import { revokeVersionsBefore } from './revocations.ts'

export const END_SESSIONS = `
UPDATE session SET revoked_at = $3
WHERE slot = $1 AND account_id = $2 AND revoked_at IS NULL
RETURNING sid`

/**
 * Ends every session of an account, in a transaction that has just raised its version to `ver`. Raising comes first: from
 * then on no session of a lower version can be added, so none slips in behind. The rows stop the refresh tokens, the
 * entry stops the access tokens.
 */
export async function endSessions(run: RunSql, accountId: Uint8Array, ver: number, now: number): Promise<number> {
  const ended = await run(END_SESSIONS, [slotOf(accountId), accountId, now])
  await revokeVersionsBefore(run, accountId, ver, now)
  return ended.length
}
