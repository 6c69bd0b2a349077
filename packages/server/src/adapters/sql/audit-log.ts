import type { AuditEntry, AuditLog } from '../../ports/audit-log.ts'
import { bytesOf, numberOf, optional, textOf } from './columns.ts'
import type { RunSql, SqlDriver, SqlRow } from './driver.ts'

/** The slot of the chain. There is one chain; the column leaves room for more. */
const CHAIN = 0

const ENTRY = `
SELECT a.sequence, a.at, a.body, a.mac_kid, a.mac, p.personal
FROM audit a LEFT JOIN audit_personal p ON p.slot = a.slot AND p.sequence = a.sequence`

export const LAST = `${ENTRY} WHERE a.slot = $1 ORDER BY a.sequence DESC LIMIT 1`

export const READ = `${ENTRY} WHERE a.slot = $1 AND a.sequence >= $2 ORDER BY a.sequence LIMIT $3`

export const LATEST = `${ENTRY} WHERE a.slot = $1 ORDER BY a.sequence DESC LIMIT $2`

export const LATEST_BEFORE = `${ENTRY} WHERE a.slot = $1 AND a.sequence < $2 ORDER BY a.sequence DESC LIMIT $3`

export const APPEND = `
INSERT INTO audit (slot, sequence, at, body, mac_kid, mac) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (slot, sequence) DO NOTHING RETURNING sequence`

export const APPEND_PERSONAL = 'INSERT INTO audit_personal (slot, sequence, personal) VALUES ($1, $2, $3)'

/** @param now milliseconds since the epoch, by the database's clock */
export function createSqlAuditLog(driver: SqlDriver, now: () => number): AuditLog {
  return {
    async append(chain) {
      return await driver.transaction(async (run) => {
        for (;;) {
          const [last] = await run(LAST, [CHAIN])
          const entry = chain(last === undefined ? undefined : toEntry(last), now())
          if (await add(run, entry)) return entry
          // Where writers run side by side, another one has just taken this number: chain to its entry instead.
        }
      })
    },

    async read(from, limit) {
      const rows = await driver.run(READ, [CHAIN, from, limit])
      return rows.map(toEntry)
    },

    async latest(limit, before) {
      const rows =
        before === undefined
          ? await driver.run(LATEST, [CHAIN, limit])
          : await driver.run(LATEST_BEFORE, [CHAIN, before, limit])
      return rows.map(toEntry)
    },
  }
}

async function add(run: RunSql, entry: AuditEntry): Promise<boolean> {
  const { sequence, at, body, macKid, mac, personal } = entry
  const [added] = await run(APPEND, [CHAIN, sequence, at, body, macKid, mac])
  if (added === undefined) return false
  if (personal !== undefined) await run(APPEND_PERSONAL, [CHAIN, sequence, personal])
  return true
}

function toEntry(row: SqlRow): AuditEntry {
  return {
    sequence: numberOf(row, 'sequence'),
    at: numberOf(row, 'at'),
    body: textOf(row, 'body'),
    personal: optional(textOf, row, 'personal'),
    macKid: numberOf(row, 'mac_kid'),
    mac: bytesOf(row, 'mac'),
  }
}
