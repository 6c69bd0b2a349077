import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createPasswordHasher } from '../adapters/argon2id/password-hasher.ts'
import { createMemoryStores } from '../adapters/memory/stores.ts'
import { createMasterKeys } from '../domain/master-keys.ts'
import type { Random } from '../ports/random.ts'
import { createAudit } from './audit.ts'
import { createFirstAdministrator } from './first-administrator.ts'
import { createListAudit } from './list-audit.ts'

const NOW = 1_800_000_000_500
const DAY = 24 * 60 * 60 * 1000
const PASSWORD = 'correct horse battery staple'
const random: Random = { bytes: (length) => randomBytes(length) }

function setUp() {
  const now = () => NOW
  const { accounts, audit: log } = createMemoryStores(now)
  const masterKeys = createMasterKeys(new Map([[1, randomBytes(32)]]))
  const audit = createAudit({ log, masterKeys, random, report: { error: expect.unreachable } })
  const hasher = createPasswordHasher({
    clock: { wall: now, mono: now },
    random,
    cores: 2,
    cost: { memory: 64, passes: 1, lanes: 1 },
  })
  const rules = { minLength: 15, serviceName: 'localhost' }
  const start = (adminPassword?: string, adminUsername = 'admin') =>
    createFirstAdministrator({
      accounts,
      hasher,
      random,
      now,
      audit,
      rules,
      settings: { adminUsername, adminPassword },
    })
  return { start, accounts, hasher, recorded: () => createListAudit({ log })({ limit: 100 }) }
}

test.each([undefined, ''])('S-P10 without a password (%j) a random one-time one is told once', async (password) => {
  const { start, accounts, hasher, recorded } = setUp()
  const made = await start(password)
  expect(made).toEqual({
    username: 'admin',
    oneTimePassword: expect.stringMatching(/^[0-9a-z]{4}(?:-[0-9a-z]{4}){6}$/),
  })
  const stored = await accounts.findByUsername('admin')
  expect(stored).toMatchObject({ roles: ['admin'], credential: { oneTimeUntil: NOW + DAY, changedAt: NOW } })
  expect(await hasher.verify(made?.oneTimePassword ?? '', stored?.credential.passwordHash)).toBe('match')
  expect(await recorded()).toMatchObject([{ event: 'account.first_administrator', actor: 'system' }])

  expect(await start(password)).toBeUndefined()
  expect(await accounts.list(undefined, 10)).toHaveLength(1)
  expect(await setUp().start(password)).not.toEqual(made)
})

test('with the operator’s own password there is no other', async () => {
  const { start, accounts, hasher } = setUp()
  expect(await start(PASSWORD, 'Root')).toEqual({ username: 'Root', oneTimePassword: undefined })
  const stored = await accounts.findByUsername('root')
  expect(stored).toMatchObject({ username: 'Root', credential: { oneTimeUntil: undefined } })
  expect(await hasher.verify(PASSWORD, stored?.credential.passwordHash)).toBe('match')
})

test.each([
  ['short', 'password_too_short'],
  ['administrator one', 'password_contains_username'],
  ['passwordpassword', 'password_common'],
])('%j is refused by the rules for everybody', async (password, code) => {
  const { start, accounts } = setUp()
  await expect(start(password)).rejects.toMatchObject({
    code: 'password_refused',
    faults: [{ pointer: '/admin_password', code }],
  })
  expect(await accounts.list(undefined, 10)).toEqual([])
})

test('a name that is none is refused', async () => {
  await expect(setUp().start(PASSWORD, 'a b')).rejects.toMatchObject({ code: 'body_invalid' })
})

test('another name makes no second administrator', async () => {
  const { start, accounts } = setUp()
  await start(PASSWORD)
  expect(await start(PASSWORD, 'root')).toBeUndefined()
  expect(await accounts.list(undefined, 10)).toHaveLength(1)
})

test('of several that start at once one makes it, and only its password is told', async () => {
  const { start, accounts, hasher, recorded } = setUp()
  const made = await Promise.all(Array.from({ length: 4 }, () => start()))
  const told = made.filter((one) => one !== undefined)
  expect(told).toHaveLength(1)
  const stored = await accounts.findByUsername('admin')
  expect(await hasher.verify(told[0]?.oneTimePassword ?? '', stored?.credential.passwordHash)).toBe('match')
  expect(await recorded()).toHaveLength(1)
})
