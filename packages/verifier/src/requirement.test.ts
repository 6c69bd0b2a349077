import { expect, test } from 'vitest'
import { type Auth, proveAuth } from './auth.ts'
import { type Requirement, readRequirement, unmet } from './requirement.ts'

const caller = (scopes: string[], roles: string[] = []): Auth =>
  proveAuth({
    subject: 'alice',
    scopes: new Set(scopes),
    roles: new Set(roles),
    claims: {},
    makeSignal: () => new AbortController().signal,
  })

const UNFIT: readonly unknown[] = [
  { scopes: 'a' },
  { scope: undefined },
  { scope: '' },
  { scope: [] },
  { scope: ['a', ''] },
  { scope: ['a', 1] },
  { scope: 'a b' },
  { scope: 'a"b' },
  { scope: 'a\\b' },
  { scope: 'a\r\nset-cookie: x' },
  { scope: 'ü' },
  { role: '' },
  { role: [] },
  { check: true },
  { check: undefined },
  { whenStale: 'open' },
  'a',
  ['a'],
  null,
]
test.each(UNFIT)('S-B06 an unfit requirement is refused when the route is made: %j', (requirement) => {
  expect(() => readRequirement('requireAuth', requirement as object)).toThrow(TypeError)
})

const FIT: readonly Requirement[] = [
  {},
  { scope: 'a' },
  { scope: ['a:b', '!#[]~'] },
  { role: ['the clerk'] },
  { check: () => true },
]
test.each(FIT)('S-B06 control: %j', (requirement) => {
  expect(readRequirement('requireAuth', requirement)).toBeDefined()
})

test('S-B03 all scopes and all roles are needed, by their whole names', async () => {
  const demand = readRequirement('requireAuth', { scope: ['a', 'b'], role: ['r', 's'] })
  expect(await unmet(demand, caller(['a', 'bb', 'B'], ['r', 's']))).toMatchObject({ code: 'scope_insufficient' })
  expect(await unmet(demand, caller(['a', 'b'], ['r']))).toMatchObject({ code: 'role_insufficient' })
  expect(await unmet(demand, caller(['c', 'b', 'a'], ['s', 'r']))).toBeUndefined()
})

test('the check is asked last', async () => {
  const asked: string[] = []
  const demand = readRequirement<object>('requireAuth', { scope: 'a', check: ({ subject }) => asked.push(subject) > 0 })
  expect(await unmet(demand, caller([]))).toMatchObject({ code: 'scope_insufficient' })
  expect(asked).toEqual([])
  expect(await unmet(demand, caller(['a']))).toBeUndefined()
  expect(asked).toEqual(['alice'])
})
