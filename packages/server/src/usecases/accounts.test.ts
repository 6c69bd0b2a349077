import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createPasswordHasher } from '../adapters/argon2id/password-hasher.ts'
import { createMemoryStores } from '../adapters/memory/stores.ts'
import { decodeId } from '../domain/ids.ts'
import { createMasterKeys } from '../domain/master-keys.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Random } from '../ports/random.ts'
import { createAccounts } from './accounts.ts'
import { createAudit } from './audit.ts'
import { createListAudit } from './list-audit.ts'

const DAY = 24 * 60 * 60 * 1000
const UNKNOWN = 'AAAAAAAAAAAAAAAAAAAAAA'
const random: Random = { bytes: (length) => randomBytes(length) }
const by = { actor: 'cli' }

function setUp({ breakLog = false } = {}) {
  let time = 1_800_000_000_500
  const now = () => {
    time += 1
    return time
  }
  const stores = createMemoryStores(now)
  const log: AuditLog = breakLog ? { ...stores.audit, append: () => Promise.reject(new Error('full')) } : stores.audit
  const masterKeys = createMasterKeys(new Map([[1, randomBytes(32)]]))
  const audit = createAudit({ log, masterKeys, random, report: { error() {} } })
  const hasher = createPasswordHasher({
    clock: { wall: now, mono: now },
    random,
    cores: 2,
    cost: { memory: 64, passes: 1, lanes: 1 },
  })
  const accounts = createAccounts({ ...stores, hasher, random, now, audit })
  const credentialOf = async (id: string) =>
    (await stores.accounts.findWithCredential(decodeId(id) ?? new Uint8Array(16)))?.credential
  const events = async () =>
    (await createListAudit({ log: stores.audit })({ limit: 100 }))
      .map(({ event, result, subject, detail }) => ({ event, result, subject, detail }))
      .reverse()
  return { accounts, stores, hasher, now, events, credentialOf }
}

describe('making one', () => {
  test('gives a one-time password that is good for 24 hours and kept as a hash alone', async () => {
    const { accounts, hasher, events, credentialOf } = setUp()
    const draft = { username: 'Alice', email: 'alice@example.com', roles: ['clerk', 'clerk', 'admin'] }
    const { account, oneTimePassword } = await accounts.create(draft, by)
    expect(account).toMatchObject({
      username: 'Alice',
      email: 'alice@example.com',
      email_verified: false,
      roles: ['clerk', 'admin'],
      disabled: false,
    })
    expect(oneTimePassword).toMatch(/^[0-9a-z]{4}(?:-[0-9a-z]{4}){6}$/)
    const credential = await credentialOf(account.id)
    expect(await hasher.verify(oneTimePassword, credential?.passwordHash)).toBe('match')
    expect(credential?.oneTimeUntil).toBe((credential?.changedAt ?? 0) + DAY)
    expect(await events()).toEqual([
      { event: 'account.created', result: 'ok', subject: account.id, detail: { roles: 'clerk admin' } },
    ])
    const again = await accounts.create({ username: 'bob' }, by)
    expect(again.oneTimePassword).not.toBe(oneTimePassword)
    expect(again.account).toMatchObject({ email: null, roles: [] })
  })

  test('a taken name is told', async () => {
    const { accounts } = setUp()
    await accounts.create({ username: 'alice' }, by)
    await expect(accounts.create({ username: 'ALICE' }, by)).rejects.toMatchObject({ code: 'username_taken' })
  })

  test('of several at the same instant one is made, and the log says which', async () => {
    const { accounts, stores, events } = setUp()
    const results = await Promise.allSettled(
      Array.from({ length: 4 }, () => accounts.create({ username: 'alice' }, by)),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const [made] = await stores.accounts.list(undefined, 10)
    const refused = (await events()).filter(({ result }) => result === 'refused')
    expect(refused).toHaveLength(3)
    expect(made).toMatchObject({ username: 'alice' })
  })

  test('every fault of a draft is told at its place', async () => {
    const { accounts, events } = setUp()
    const draft = { username: 'a b', email: 'nobody', roles: ['clerk', 'two words'] }
    const error = await accounts.create(draft, by).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'body_invalid' })
    const pointers = (error as { faults: { pointer: string }[] }).faults.map(({ pointer }) => pointer)
    expect(pointers.sort()).toEqual(['/email', '/roles/1', '/username'])
    expect(await events()).toEqual([])
  })
})

describe('finding', () => {
  test('by id, by name in any case, and not at all', async () => {
    const { accounts } = setUp()
    const { account } = await accounts.create({ username: 'Alice' }, by)
    expect(await accounts.get(account.id)).toEqual(account)
    expect(await accounts.find(account.id)).toEqual(account)
    expect(await accounts.find('ALICE')).toEqual(account)
    for (const text of ['bob', UNKNOWN, '', 'a b', 'x'.repeat(500)]) expect(await accounts.find(text)).toBeUndefined()
    for (const id of [UNKNOWN, 'alice', '']) {
      await expect(accounts.get(id)).rejects.toMatchObject({ code: 'not_found' })
    }
  })

  test('an id goes before a name that looks like one', async () => {
    const { accounts } = setUp()
    const { account } = await accounts.create({ username: 'alice' }, by)
    await accounts.create({ username: account.id }, by)
    expect(await accounts.find(account.id)).toEqual(account)
  })

  test('pages hold each account once, in one order', async () => {
    const { accounts } = setUp()
    const made: string[] = []
    for (let index = 0; index < 7; index++)
      made.push((await accounts.create({ username: `user${index}` }, by)).account.id)
    const seen: string[] = []
    const sizes: number[] = []
    let cursor: string | undefined
    do {
      const page = await accounts.list({ limit: 3, cursor })
      seen.push(...page.accounts.map(({ id }) => id))
      sizes.push(page.accounts.length)
      cursor = page.nextCursor
    } while (cursor !== undefined)
    expect(sizes).toEqual([3, 3, 1])
    expect(new Set(seen)).toEqual(new Set(made))
    expect((await accounts.list({ limit: 7, cursor: undefined })).nextCursor).toBeUndefined()
    await expect(accounts.list({ limit: 3, cursor: 'junk' })).rejects.toMatchObject({ code: 'request_malformed' })
    await expect(accounts.list({ limit: 201, cursor: undefined })).rejects.toThrow(TypeError)
  })
})

describe('changing one', () => {
  test('each change is told by its own event, and what is already so by none', async () => {
    const { accounts, events } = setUp()
    const { account } = await accounts.create({ username: 'alice', email: 'alice@example.com', roles: ['clerk'] }, by)
    const changed = await accounts.change(
      account.id,
      { disabled: true, roles: ['auditor', 'auditor'], email: 'a@Example.org' },
      by,
    )
    expect(changed).toEqual({ ...account, disabled: true, roles: ['auditor'], email: 'a@example.org' })
    expect(
      await accounts.change(account.id, { disabled: true, roles: ['auditor'], email: 'a@example.org' }, by),
    ).toEqual(changed)
    expect(await accounts.change(account.id, {}, by)).toEqual(changed)
    expect(await accounts.change(account.id, { disabled: false, email: null }, by)).toMatchObject({ email: null })
    const told = (await events()).slice(1)
    expect(told.map(({ event, detail }) => ({ event, detail }))).toEqual([
      { event: 'account.disabled', detail: {} },
      { event: 'account.roles_changed', detail: { from: 'clerk', to: 'auditor' } },
      { event: 'account.email_changed', detail: { to: 'another' } },
      { event: 'account.enabled', detail: {} },
      { event: 'account.email_changed', detail: { to: 'none' } },
    ])
    expect(JSON.stringify(told)).not.toContain('example')
  })

  test('S-D03 the last administrator stays, enabled and in the role', async () => {
    const { accounts, events } = setUp()
    const { account } = await accounts.create({ username: 'root', roles: ['admin'] }, by)
    for (const edit of [{ disabled: true }, { roles: [] }, { roles: ['clerk'] }]) {
      await expect(accounts.change(account.id, edit, by)).rejects.toMatchObject({ code: 'last_administrator' })
    }
    expect(await accounts.get(account.id)).toEqual(account)
    expect((await events()).at(-1)).toMatchObject({ result: 'refused', detail: { why: 'last_administrator' } })
    // The control: with a second one the first may go.
    await accounts.create({ username: 'other', roles: ['admin'] }, by)
    expect(await accounts.change(account.id, { disabled: true }, by)).toMatchObject({ disabled: true })
  })

  test('faults and unknown accounts change nothing', async () => {
    const { accounts, events } = setUp()
    const { account } = await accounts.create({ username: 'alice' }, by)
    await expect(accounts.change(account.id, { email: 'a@b, c@d' }, by)).rejects.toMatchObject({ code: 'body_invalid' })
    await expect(accounts.change(account.id, { roles: ['two words'] }, by)).rejects.toMatchObject({
      code: 'body_invalid',
      faults: [{ pointer: '/roles/0' }],
    })
    await expect(accounts.change(UNKNOWN, { disabled: true }, by)).rejects.toMatchObject({ code: 'not_found' })
    expect(await accounts.get(account.id)).toEqual(account)
    expect(await events()).toHaveLength(1)
  })
})

describe('resetting a password', () => {
  test('replaces it by a new one-time one and raises the version', async () => {
    const { accounts, stores, hasher, credentialOf } = setUp()
    const { account, oneTimePassword: first } = await accounts.create({ username: 'alice' }, by)
    const second = await accounts.resetPassword(account.id, by)
    const credential = await credentialOf(account.id)
    expect(second).not.toBe(first)
    expect(await hasher.verify(second, credential?.passwordHash)).toBe('match')
    expect(await hasher.verify(first, credential?.passwordHash)).toBe('no_match')
    expect(credential?.oneTimeUntil).toBe((credential?.changedAt ?? 0) + DAY)
    expect(await stores.accounts.findByUsername('alice')).toMatchObject({ ver: 2 })
    await expect(accounts.resetPassword(UNKNOWN, by)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('two at once leave one of the two passwords', async () => {
    const { accounts, hasher, credentialOf } = setUp()
    const { account } = await accounts.create({ username: 'alice' }, by)
    const passwords = await Promise.all([
      accounts.resetPassword(account.id, by),
      accounts.resetPassword(account.id, by),
    ])
    const hash = (await credentialOf(account.id))?.passwordHash
    const matches = await Promise.all(passwords.map((password) => hasher.verify(password, hash)))
    expect(matches.filter((match) => match === 'match')).toHaveLength(1)
  })
})

test('ending all sessions raises the version; an unknown account has none', async () => {
  const { accounts, stores, events } = setUp()
  const { account } = await accounts.create({ username: 'alice' }, by)
  expect(await accounts.endSessions(account.id, by)).toBe(0)
  expect(await stores.accounts.findByUsername('alice')).toMatchObject({ ver: 2 })
  expect((await events()).at(-1)).toMatchObject({
    event: 'account.sessions_ended_by_administrator',
    subject: account.id,
  })
  await expect(accounts.endSessions(UNKNOWN, by)).rejects.toMatchObject({ code: 'not_found' })
})

test('what cannot be recorded does not happen', async () => {
  const { accounts, stores, now } = setUp({ breakLog: true })
  await expect(accounts.create({ username: 'bob' }, by)).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(await stores.accounts.findByUsername('bob')).toBeUndefined()

  const credential = { passwordHash: 'none', oneTimeUntil: undefined, changedAt: now() }
  const id = decodeId(UNKNOWN) ?? new Uint8Array(16)
  const alice = { id, username: 'alice', email: undefined, emailVerified: false, roles: [], disabledAt: undefined }
  await stores.accounts.insert({ ...alice, ver: 1, createdAt: now(), credential }, 'alice')
  const acts = [
    () => accounts.change(UNKNOWN, { disabled: true }, by),
    () => accounts.change(UNKNOWN, { roles: ['admin'] }, by),
    () => accounts.resetPassword(UNKNOWN, by),
    () => accounts.endSessions(UNKNOWN, by),
  ]
  for (const act of acts) await expect(act()).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(await stores.accounts.findByUsername('alice')).toMatchObject({ ...alice, ver: 1, credential })
})
