import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createPasswordHasher } from '../adapters/argon2id/password-hasher.ts'
import { createMemoryAttemptStore } from '../adapters/memory/attempt-store.ts'
import { createMemoryStores } from '../adapters/memory/stores.ts'
import { decodeId } from '../domain/ids.ts'
import { createMasterKeys } from '../domain/master-keys.ts'
import type { Random } from '../ports/random.ts'
import { createAudit } from './audit.ts'
import type { Caller } from './context.ts'
import { createListAudit } from './list-audit.ts'
import { createRegister, type Registration } from './register.ts'
import { createThrottle } from './throttle.ts'

const PASSWORD = 'correct horse battery staple'
const RULES = { minLength: 15, serviceName: 'auth.example' }
const random: Random = { bytes: (length) => randomBytes(length) }

const caller = (address = '192.0.2.1'): Caller => ({ requestId: 'request', address, userAgent: undefined })

function setUp(registration: 'open' | 'closed' = 'open') {
  let time = 1_800_000_000_500
  const now = () => time
  const { accounts, audit: log } = createMemoryStores(now)
  const masterKeys = createMasterKeys(new Map([[1, randomBytes(32)]]))
  const attempts = createMemoryAttemptStore({ mono: now })
  const throttle = createThrottle({ attempts, identKey: masterKeys.deriveActive('ident-v1') })
  const audit = createAudit({ log, masterKeys, random, report: { error: expect.unreachable } })
  const hasher = createPasswordHasher({
    clock: { wall: now, mono: now },
    random,
    cores: 2,
    cost: { memory: 64, passes: 1, lanes: 1 },
  })
  const register = createRegister({ accounts, hasher, throttle, random, now, audit, rules: RULES, registration })
  const advance = (by: number): void => {
    time += by
  }
  return { register, accounts, hasher, now, advance, recorded: () => createListAudit({ log })({ limit: 100 }) }
}

const alice: Registration = { username: 'Alice', password: PASSWORD, email: 'alice@Example.com' }

test('an account without roles, shown as typed, with a hash of the password alone', async () => {
  const { register, accounts, hasher, recorded, now } = setUp()
  const account = await register(alice, caller())
  expect(account).toEqual({
    id: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
    username: 'Alice',
    email: 'alice@example.com',
    email_verified: false,
    roles: [],
    disabled: false,
    created_at: Math.floor(now() / 1000),
  })
  const stored = await accounts.findByUsername('alice')
  expect(stored).toMatchObject({ ver: 1, credential: { oneTimeUntil: undefined, changedAt: now() } })
  expect(stored?.id).toEqual(decodeId(account.id))
  expect(await hasher.verify(PASSWORD, stored?.credential.passwordHash)).toBe('match')
  expect(await recorded()).toMatchObject([
    { event: 'account.registered', result: 'ok', actor: account.id, subject: account.id, detail: {} },
  ])
})

test('S-P04 a password is kept in its normal form', async () => {
  const { register, accounts, hasher } = setUp()
  await register({ username: 'alice', password: 'cafe\u0301\u3000au lait, s’il vous plait' }, caller())
  const stored = await accounts.findByUsername('alice')
  const hash = stored?.credential.passwordHash
  expect(await hasher.verify('caf\u00e9 au lait, s’il vous plait', hash)).toBe('match')
})

describe('refusals', () => {
  const refusals: readonly (readonly [string, Partial<Registration>, object])[] = [
    ['a bad name', { username: 'a@b' }, { code: 'body_invalid', faults: [{ pointer: '/username' }] }],
    ['a bad address', { email: 'a@b\r\nBcc: c@d' }, { code: 'body_invalid', faults: [{ pointer: '/email' }] }],
    [
      'both',
      { username: '', email: '' },
      { code: 'body_invalid', faults: [{ pointer: '/username' }, { pointer: '/email' }] },
    ],
    [
      'a short password',
      { password: 'short' },
      { code: 'password_refused', faults: [{ pointer: '/password', code: 'password_too_short' }] },
    ],
    [
      'S-P03 the own name',
      { password: 'I am aLiCe and nobody else', email: undefined },
      { code: 'password_refused', faults: [{ code: 'password_contains_username' }] },
    ],
    [
      'S-P03 the own address',
      { password: 'mail to wolves or so', email: 'wolves@example.com' },
      { code: 'password_refused', faults: [{ code: 'password_contains_email' }] },
    ],
    [
      'S-P03 the name of the service',
      { password: 'login at auth.example' },
      { code: 'password_refused', faults: [{ code: 'password_contains_service_name' }] },
    ],
  ]
  test.each(refusals)('%s', async (_, change, error) => {
    const { register, accounts } = setUp()
    await expect(register({ ...alice, ...change }, caller())).rejects.toMatchObject(error)
    expect(await accounts.list(undefined, 10)).toEqual([])
    // The control, and that a refused form counts against no limit.
    for (let slip = 1; slip <= 10; slip++) {
      await expect(register({ ...alice, ...change }, caller())).rejects.toMatchObject(error)
    }
    await expect(register(alice, caller())).resolves.toMatchObject({ username: 'Alice' })
  })

  test('a closed registration', async () => {
    const { register } = setUp('closed')
    await expect(register(alice, caller())).rejects.toMatchObject({ code: 'registration_closed' })
  })

  test('a taken name, in any spelling', async () => {
    const { register, recorded } = setUp()
    await register(alice, caller())
    await expect(register({ ...alice, username: 'ＡＬＩＣＥ' }, caller())).rejects.toMatchObject({
      code: 'username_taken',
    })
    expect((await recorded())[0]).toMatchObject({
      event: 'account.registration_refused',
      result: 'refused',
      detail: { why: 'username_taken' },
    })
  })

  test('of many who want one name at the same instant one gets it', async () => {
    const { register, accounts } = setUp()
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => register(alice, caller(`192.0.2.${index}`))),
    )
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.map(({ reason }) => reason.code)).toEqual(Array(7).fill('username_taken'))
    expect(await accounts.list(undefined, 10)).toHaveLength(1)
  })
})

test('S-N03 a taken mail address is answered as a free one', async () => {
  const { register } = setUp()
  const first = await register(alice, caller())
  const second = await register({ ...alice, username: 'bob' }, caller())
  expect({ ...second, id: first.id, username: first.username }).toEqual(first)
})

test('S-T08 five an hour and address', async () => {
  const { register, advance } = setUp()
  const next = (index: number, address?: string) => register({ ...alice, username: `user-${index}` }, caller(address))
  for (let index = 1; index <= 5; index++) await next(index)
  await expect(next(6)).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 720 })
  await expect(next(6, '192.0.2.77')).resolves.toBeDefined()
  advance(720_000)
  await expect(next(7)).resolves.toBeDefined()
})
