import { type AppliedChange, applyChange, isAdministrator } from '../../domain/account.ts'
import { slotOf, slotOfText } from '../../domain/ids.ts'
import type { AccountStore, AccountWithCredential, StoredAccount } from '../../ports/account-store.ts'
import { bytesOf, numberOf, optional, textOf } from './columns.ts'
import type { RunSql, SqlDriver, SqlRow } from './driver.ts'
import { endSessions } from './end-sessions.ts'
import { revokeVersionsBefore } from './revocations.ts'

/** No account's id: those are drawn. */
const NOBODY = new Uint8Array(16)

const USERNAME = 'username'

const ACCOUNT = 'id, username, email, email_verified, roles, disabled_at, ver, created_at'

const WITH_CREDENTIAL = `
SELECT a.id, a.username, a.email, a.email_verified, a.roles, a.disabled_at, a.ver, a.created_at,
  c.password_hash, c.one_time_until, c.changed_at
FROM account a, credential c
WHERE a.slot = $1 AND a.id = $2 AND c.slot = $1 AND c.account_id = $2`

export const FIND = `SELECT ${ACCOUNT} FROM account WHERE slot = $1 AND id = $2`

export const FIND_WITH_CREDENTIAL = WITH_CREDENTIAL

export const FIND_IDENTIFIER = 'SELECT account_id FROM identifier WHERE slot = $1 AND kind = $2 AND key = $3'

export const LIST_FIRST = `SELECT ${ACCOUNT} FROM account ORDER BY slot, id LIMIT $1`

/** Ids begin with their slot, so the order of (slot, id) is the order of the ids. */
export const LIST_AFTER = `
SELECT ${ACCOUNT} FROM account WHERE slot > $1 OR (slot = $1 AND id > $2) ORDER BY slot, id LIMIT $3`

export const RESERVE_IDENTIFIER = `
INSERT INTO identifier (slot, kind, key, account_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (slot, kind, key) DO NOTHING RETURNING account_id`

export const INSERT_ACCOUNT = `
INSERT INTO account (slot, ${ACCOUNT}, administrator) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

export const INSERT_CREDENTIAL = `
INSERT INTO credential (slot, account_id, password_hash, one_time_until, changed_at) VALUES ($1, $2, $3, $4, $5)`

/** Whoever writes this row first decides who administers; on every engine the others wait for that commit. */
export const LOCK_ADMINISTRATORS = `
INSERT INTO meta (name, value) VALUES ('administrators.lock', '')
ON CONFLICT (name) DO UPDATE SET value = excluded.value`

export const ANY_ADMINISTRATOR = 'SELECT id FROM account WHERE administrator = 1 ORDER BY slot, id LIMIT 1'

/** Two are enough to know that one of them is another. */
export const ACTING_ADMINISTRATORS = `
SELECT id FROM account WHERE administrator = 1 AND disabled_at IS NULL ORDER BY slot, id LIMIT 2`

/** Changes nothing, but keeps others from changing the row before we have. */
export const LOCK_ACCOUNT = `UPDATE account SET ver = ver WHERE slot = $1 AND id = $2 RETURNING ${ACCOUNT}`

export const UPDATE_ACCOUNT = `
UPDATE account SET email = $3, email_verified = $4, roles = $5, administrator = $6, disabled_at = $7, ver = $8
WHERE slot = $1 AND id = $2`

/** The sessions that were good under the version before stay good under the new one. */
export const MOVE_SESSIONS = `
UPDATE session SET ver = $4
WHERE slot = $1 AND account_id = $2 AND ver = $3 AND revoked_at IS NULL`

export const RAISE_VERSION_FROM = `
UPDATE account SET ver = ver + 1 WHERE slot = $1 AND id = $2 AND ver = $3 RETURNING ver`

export const SET_CREDENTIAL = `
UPDATE credential SET password_hash = $3, one_time_until = $4, changed_at = $5 WHERE slot = $1 AND account_id = $2`

export const UPGRADE_HASH = `
UPDATE credential SET password_hash = $4 WHERE slot = $1 AND account_id = $2 AND password_hash = $3`

/** @param now milliseconds since the epoch, by the database's clock */
export function createSqlAccountStore(driver: SqlDriver, now: () => number): AccountStore {
  return {
    async insert(account, usernameKey) {
      return await driver.transaction((run) => insert(run, account, usernameKey))
    },

    async insertFirstAdministrator(account, usernameKey) {
      return await driver.transaction(async (run) => {
        await run(LOCK_ADMINISTRATORS, [])
        const [administrator] = await run(ANY_ADMINISTRATOR, [])
        if (administrator !== undefined) return false
        return await insert(run, account, usernameKey)
      })
    },

    async find(id) {
      const [row] = await driver.run(FIND, [slotOf(id), id])
      return row === undefined ? undefined : toAccount(row)
    },

    findWithCredential,

    async findByUsername(usernameKey) {
      const [row] = await driver.run(FIND_IDENTIFIER, [slotOfText(usernameKey), USERNAME, usernameKey])
      // Asked either way: over a network a second question takes a millisecond, which would tell who has an account.
      const found = await findWithCredential(row === undefined ? NOBODY : bytesOf(row, 'account_id'))
      return row === undefined ? undefined : found
    },

    async list(after, limit) {
      const rows =
        after === undefined
          ? await driver.run(LIST_FIRST, [limit])
          : await driver.run(LIST_AFTER, [slotOf(after), after, limit])
      return rows.map(toAccount)
    },

    async change(id, change) {
      return await driver.transaction(async (run) => {
        if (change.roles !== undefined || change.disabled !== undefined) await run(LOCK_ADMINISTRATORS, [])
        const [row] = await run(LOCK_ACCOUNT, [slotOf(id), id])
        if (row === undefined) return { outcome: 'not_found' }

        const before = toAccount(row)
        const applied = applyChange(before, change, now())
        if (applied.losesAdministrator && (await isLastAdministrator(run))) return { outcome: 'last_administrator' }

        await writeAccount(run, applied.account)
        const endedSessions = await carryToSessions(run, before, applied, now())
        return { outcome: 'changed', account: applied.account, endedSessions }
      })
    },

    async setCredential(id, ver, credential) {
      return await driver.transaction(async (run) => {
        const slot = slotOf(id)
        const [raised] = await run(RAISE_VERSION_FROM, [slot, id, ver])
        if (raised === undefined) return undefined
        const { passwordHash, oneTimeUntil, changedAt } = credential
        await run(SET_CREDENTIAL, [slot, id, passwordHash, oneTimeUntil ?? null, changedAt])
        await endSessions(run, id, numberOf(raised, 'ver'), now())
        return numberOf(raised, 'ver')
      })
    },

    async upgradeHash(id, from, to) {
      await driver.run(UPGRADE_HASH, [slotOf(id), id, from, to])
    },
  }

  async function findWithCredential(id: Uint8Array): Promise<AccountWithCredential | undefined> {
    const [row] = await driver.run(FIND_WITH_CREDENTIAL, [slotOf(id), id])
    return row === undefined ? undefined : toAccountWithCredential(row)
  }
}

/** The name is reserved first: its primary key is what makes one of many the winner. */
async function insert(run: RunSql, account: AccountWithCredential, usernameKey: string): Promise<boolean> {
  const slot = slotOf(account.id)
  const [reserved] = await run(RESERVE_IDENTIFIER, [slotOfText(usernameKey), USERNAME, usernameKey, account.id])
  if (reserved === undefined) return false
  await run(INSERT_ACCOUNT, [
    slot,
    account.id,
    account.username,
    account.email ?? null,
    Number(account.emailVerified),
    JSON.stringify(account.roles),
    account.disabledAt ?? null,
    account.ver,
    account.createdAt,
    Number(isAdministrator(account)),
  ])
  const { passwordHash, oneTimeUntil, changedAt } = account.credential
  await run(INSERT_CREDENTIAL, [slot, account.id, passwordHash, oneTimeUntil ?? null, changedAt])
  return true
}

async function isLastAdministrator(run: RunSql): Promise<boolean> {
  const acting = await run(ACTING_ADMINISTRATORS, [])
  return acting.length < 2
}

async function writeAccount(run: RunSql, account: StoredAccount): Promise<void> {
  await run(UPDATE_ACCOUNT, [
    slotOf(account.id),
    account.id,
    account.email ?? null,
    Number(account.emailVerified),
    JSON.stringify(account.roles),
    Number(isAdministrator(account)),
    account.disabledAt ?? null,
    account.ver,
  ])
}

/** @returns how many sessions ended */
async function carryToSessions(
  run: RunSql,
  before: StoredAccount,
  { account, raisesVersion, endsSessions }: AppliedChange,
  now: number,
): Promise<number> {
  if (endsSessions) return await endSessions(run, account.id, account.ver, now)
  if (!raisesVersion) return 0
  await run(MOVE_SESSIONS, [slotOf(account.id), account.id, before.ver, account.ver])
  await revokeVersionsBefore(run, account.id, account.ver, now)
  return 0
}

function toAccount(row: SqlRow): StoredAccount {
  return {
    id: bytesOf(row, 'id'),
    username: textOf(row, 'username'),
    email: optional(textOf, row, 'email'),
    emailVerified: numberOf(row, 'email_verified') === 1,
    roles: rolesOf(textOf(row, 'roles')),
    disabledAt: optional(numberOf, row, 'disabled_at'),
    ver: numberOf(row, 'ver'),
    createdAt: numberOf(row, 'created_at'),
  }
}

function toAccountWithCredential(row: SqlRow): AccountWithCredential {
  return {
    ...toAccount(row),
    credential: {
      passwordHash: textOf(row, 'password_hash'),
      oneTimeUntil: optional(numberOf, row, 'one_time_until'),
      changedAt: numberOf(row, 'changed_at'),
    },
  }
}

function rolesOf(text: string): readonly string[] {
  const roles: unknown = JSON.parse(text)
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string')) {
    throw new TypeError('column roles is no array of names')
  }
  return roles
}
