import type { KeyStore, StoredKey } from '../../ports/key-store.ts'
import { bytesOf, numberOf, optional, textOf } from './columns.ts'
import type { RunSql, SqlDriver, SqlRow } from './driver.ts'

const COLUMNS = 'kid, purpose, alg, epoch, rev, public_jwk, wrapped, publish_at, activate_at, revoked_at'

export const LIST = `SELECT ${COLUMNS} FROM signing_key ORDER BY publish_at, kid`

/** Taken is taken, by the name of the key as well as by its place. */
export const INSERT = `
INSERT INTO signing_key (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING RETURNING kid`

export const ACTIVATE = `
UPDATE signing_key SET activate_at = $3 WHERE kid = $1 AND activate_at = $2 RETURNING kid`

export const REWRAP = 'UPDATE signing_key SET wrapped = $3 WHERE kid = $1 AND wrapped = $2 RETURNING kid'

export const REMOVE = 'DELETE FROM signing_key WHERE kid = $1'

export function createSqlKeyStore(driver: SqlDriver): KeyStore {
  return {
    async list() {
      const rows = await driver.run(LIST, [])
      return rows.map(toKey)
    },

    async insert(key) {
      return await insert(driver.run, key)
    },

    async activate(kid, expected, activateAt, successor) {
      return await driver.transaction(async (run) => {
        const [activated] = await run(ACTIVATE, [kid, expected, activateAt])
        if (activated === undefined) return false
        await insert(run, successor)
        return true
      })
    },

    async rewrap(kid, from, to) {
      const rows = await driver.run(REWRAP, [kid, from, to])
      return rows.length === 1
    },

    async remove(kid) {
      await driver.run(REMOVE, [kid])
    },
  }
}

async function insert(run: RunSql, key: StoredKey): Promise<boolean> {
  const rows = await run(INSERT, [
    key.kid,
    key.purpose,
    key.alg,
    key.epoch,
    key.rev,
    key.publicJwk ?? null,
    key.wrapped,
    key.publishAt,
    key.activateAt,
    key.revokedAt ?? null,
  ])
  return rows.length === 1
}

function toKey(row: SqlRow): StoredKey {
  return {
    kid: textOf(row, 'kid'),
    purpose: textOf(row, 'purpose'),
    alg: textOf(row, 'alg'),
    epoch: numberOf(row, 'epoch'),
    rev: numberOf(row, 'rev'),
    publicJwk: optional(textOf, row, 'public_jwk'),
    wrapped: bytesOf(row, 'wrapped'),
    publishAt: numberOf(row, 'publish_at'),
    activateAt: numberOf(row, 'activate_at'),
    revokedAt: optional(numberOf, row, 'revoked_at'),
  }
}
