import { slotOf } from '../../domain/ids.ts'
import type { Attempt, Rotation, SessionStore, StoredSession } from '../../ports/session-store.ts'
import { bytesOf, numberOf, optional, textOf } from './columns.ts'
import type { SqlDriver, SqlRow, SqlValue } from './driver.ts'
import { endSessions } from './end-sessions.ts'
import type { OutageWatch } from './outage.ts'
import { revokeSession, revokeSessionAgain } from './revocations.ts'

/** A logout that took longer, in milliseconds, may have committed too late for those who poll. */
const SLOW_LOGOUT = 1_000

const COLUMNS = `sid, account_id, client_id, gen, mac_kid, cur_hash, created_at, rotated_at, idle_exp, abs_exp, grace_n,
  grace_rot, revoked_at, bind, scope, aud, ver, auth_at, dpop_jkt, transport, user_agent, address`

export const INSERT = `
INSERT INTO session (slot, ${COLUMNS})
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23
FROM account WHERE slot = $1 AND id = $3 AND ver = $18 AND disabled_at IS NULL`

/**
 * `decideRotation` as one statement by primary key: no other process can decide on the same row between a read and a
 * write of ours, since there are none. Every right-hand side sees the row as it was before (standard SQL; not MySQL).
 *
 * $1 hash presented · $2 active master key · $3 now · $4 now + idle lifetime · $5 hash of the successor · $6 start of the
 * window · $7 most repeats · $8 slot · $9 sid · $10 generation presented · $11 client · $12 key proved · $13 binding
 */
export const ROTATE = `
UPDATE session SET
  gen        = CASE WHEN cur_hash = $1 AND rotated_at < $6 THEN gen + 1 ELSE gen END,
  mac_kid    = CASE WHEN cur_hash = $1 AND rotated_at < $6 THEN $2 ELSE mac_kid END,
  rotated_at = CASE WHEN cur_hash = $1 AND rotated_at < $6 THEN $3 ELSE rotated_at END,
  idle_exp   = CASE WHEN cur_hash = $1 AND rotated_at < $6 THEN $4 ELSE idle_exp END,
  grace_n    = CASE WHEN cur_hash = $1 AND rotated_at < $6 THEN 0
                    WHEN cur_hash = $1 THEN grace_n ELSE grace_n + 1 END,
  grace_rot  = CASE WHEN cur_hash = $1 AND rotated_at < $6
                    THEN CASE WHEN grace_n > 0 THEN grace_rot + 1 ELSE 0 END ELSE grace_rot END,
  revoked_at = CASE WHEN cur_hash = $1
                      OR (cur_hash = $5 AND (dpop_jkt IS NOT NULL
                                             OR (rotated_at >= $6 AND grace_n < $7)))
                    THEN revoked_at ELSE $3 END,
  cur_hash   = CASE WHEN cur_hash = $1 AND rotated_at < $6 THEN $5 ELSE cur_hash END
WHERE slot = $8 AND sid = $9
  AND revoked_at IS NULL AND idle_exp > $3 AND abs_exp > $3
  AND gen >= $10 AND client_id = $11
  AND (dpop_jkt IS NULL OR dpop_jkt = $12)
  AND (bind = $13 OR (bind IS NULL AND $13 IS NULL))
RETURNING ${COLUMNS}`

export const FIND = `SELECT ${COLUMNS} FROM session WHERE slot = $1 AND sid = $2`

export const LIST = `
SELECT ${COLUMNS} FROM session
WHERE slot = $1 AND account_id = $2 AND revoked_at IS NULL AND idle_exp > $3 AND abs_exp > $3
ORDER BY created_at DESC, sid`

export const END = `
UPDATE session SET revoked_at = $3
WHERE slot = $1 AND sid = $2 AND revoked_at IS NULL
RETURNING ${COLUMNS}`

export const RAISE_VERSION = 'UPDATE account SET ver = ver + 1 WHERE slot = $1 AND id = $2 RETURNING ver'

export const SWEEP_SESSIONS = `
DELETE FROM session WHERE slot = $1 AND sid IN (
  SELECT sid FROM session WHERE slot = $1
    AND (idle_exp < $2 OR abs_exp < $2 OR revoked_at < $2) ORDER BY sid LIMIT $3)
RETURNING sid`

export const SWEEP_REVOCATIONS = 'DELETE FROM revocation WHERE slot = $1 AND forget_at < $2'

/** @param now milliseconds since the epoch, by the database's clock */
export function createSqlSessionStore(driver: SqlDriver, now: () => number, outages: OutageWatch): SessionStore {
  const insertText = `${INSERT}${driver.sharedLock} RETURNING sid`
  const run: SqlDriver['run'] = (text, params) => outages.watch(() => driver.run(text, params))

  return {
    async insert(session) {
      const rows = await run(insertText, valuesOf(session))
      return rows.length === 1
    },

    async rotate(attempt) {
      const [row] = await run(ROTATE, rotationValues(attempt, now(), outages.windowStart(attempt.window)))
      return row === undefined ? undefined : toRotation(row, attempt)
    },

    async find(sid) {
      const [row] = await run(FIND, [slotOf(sid), sid])
      return row === undefined ? undefined : toSession(row)
    },

    async list(accountId) {
      const rows = await run(LIST, [slotOf(accountId), accountId, now()])
      return rows.map(toSession)
    },

    async end(sid) {
      const askedAt = now()
      const [row] = await run(END, [slotOf(sid), sid, askedAt])
      if (row !== undefined) {
        if (now() - askedAt > SLOW_LOGOUT) await revokeSession(run, sid, now())
        return { ...toSession(row), endedAt: undefined }
      }
      const [ended] = await run(FIND, [slotOf(sid), sid])
      if (ended === undefined) return undefined
      const session = toSession(ended)
      await revokeSessionAgain(run, sid, session.endedAt ?? askedAt, now())
      return session
    },

    async endAll(accountId) {
      return await outages.watch(() =>
        driver.transaction(async (runOne) => {
          const [account] = await runOne(RAISE_VERSION, [slotOf(accountId), accountId])
          if (account === undefined) return 0
          return await endSessions(runOne, accountId, numberOf(account, 'ver'), now())
        }),
      )
    },

    async sweep(before, slots, limit) {
      let swept = 0
      for (let slot = slots.from; slot <= slots.to; slot++) {
        swept += (await run(SWEEP_SESSIONS, [slot, before, limit])).length
        await run(SWEEP_REVOCATIONS, [slot, before])
      }
      return swept
    },
  }
}

function rotationValues(attempt: Attempt, now: number, windowStart: number): readonly SqlValue[] {
  return [
    attempt.presentedHash,
    attempt.macKid,
    now,
    now + attempt.idleLifetime,
    attempt.successorHash,
    windowStart,
    attempt.maxRepeats,
    slotOf(attempt.sid),
    attempt.sid,
    attempt.generation,
    attempt.clientId,
    thumbprintBytes(attempt.dpopThumbprint),
    attempt.bind ?? null,
  ]
}

/** Reads from the row what the statement decided. A row still alive whose hash is the presented one did not move. */
function toRotation(row: SqlRow, attempt: Attempt): Rotation {
  const session = toSession(row)
  if (session.endedAt !== undefined) return { outcome: 'reused', session }
  if (Buffer.compare(session.currentHash, attempt.presentedHash) === 0) return { outcome: 'kept', session }
  return { outcome: session.repeats === 0 ? 'rotated' : 'repeated', session }
}

function valuesOf(session: StoredSession): readonly SqlValue[] {
  return [
    slotOf(session.sid),
    session.sid,
    session.accountId,
    session.clientId,
    session.generation,
    session.macKid,
    session.currentHash,
    session.createdAt,
    session.rotatedAt,
    session.idleExpiresAt,
    session.absoluteExpiresAt,
    session.repeats,
    session.repeatedRotations,
    session.endedAt ?? null,
    session.bind ?? null,
    session.scope,
    session.audience,
    session.ver,
    session.authAt,
    thumbprintBytes(session.dpopThumbprint),
    session.transport,
    session.userAgent ?? null,
    session.address ?? null,
  ]
}

function toSession(row: SqlRow): StoredSession {
  const thumbprint = optional(bytesOf, row, 'dpop_jkt')
  return {
    sid: bytesOf(row, 'sid'),
    accountId: bytesOf(row, 'account_id'),
    clientId: textOf(row, 'client_id'),
    generation: numberOf(row, 'gen'),
    macKid: numberOf(row, 'mac_kid'),
    currentHash: bytesOf(row, 'cur_hash'),
    createdAt: numberOf(row, 'created_at'),
    rotatedAt: numberOf(row, 'rotated_at'),
    idleExpiresAt: numberOf(row, 'idle_exp'),
    absoluteExpiresAt: numberOf(row, 'abs_exp'),
    repeats: numberOf(row, 'grace_n'),
    repeatedRotations: numberOf(row, 'grace_rot'),
    endedAt: optional(numberOf, row, 'revoked_at'),
    bind: optional(bytesOf, row, 'bind'),
    dpopThumbprint: thumbprint === undefined ? undefined : Buffer.from(thumbprint).toString('base64url'),
    scope: textOf(row, 'scope'),
    audience: textOf(row, 'aud'),
    ver: numberOf(row, 'ver'),
    authAt: numberOf(row, 'auth_at'),
    transport: transportOf(textOf(row, 'transport')),
    userAgent: optional(textOf, row, 'user_agent'),
    address: optional(textOf, row, 'address'),
  }
}

function transportOf(text: string): StoredSession['transport'] {
  if (text === 'cookie' || text === 'body' || text === 'none') return text
  throw new TypeError('column transport holds no transport')
}

/** A column of fixed length, 32 bytes. */
function thumbprintBytes(thumbprint: string | undefined): Uint8Array | null {
  return thumbprint === undefined ? null : Buffer.from(thumbprint, 'base64url')
}
