import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { exportPrivateJwk, exportPrivatePem } from './export-keys.ts'
import { generateSigningKey } from './keys.ts'
import { findRefused, isJsonValue } from './payload-rules.ts'

const codes = (payload: object): string[] =>
  findRefused(payload, { allowNoExpiry: true }).map(({ code, path }) => `${code} ${path}`)

describe('what a payload must not carry', () => {
  test('members named like passwords and secrets, in any spelling and at any depth', () => {
    expect(codes({ password: 'x', Passwd: 'x', a: { b: [{ 'user-password': 'x' }] }, pwd: 1 })).toEqual([
      'lint_password /password',
      'lint_password /Passwd',
      'lint_password /a/b/0/user-password',
      'lint_password /pwd',
    ])
    expect(codes({ secret: 'x', client_secret: 'x', apiKey: 'x', 'a/b': { '~': { refresh_token: 'x' } } })).toEqual([
      'lint_secret /secret',
      'lint_secret /client_secret',
      'lint_secret /apiKey',
      'lint_secret /a~1b/~0/refresh_token',
    ])
    expect(codes({ private_key: 'x', privateKey: ['x'] })[0]).toBe('lint_private_key /private_key')
  })

  test('as deep as a claim may be nested, the rules look', () => {
    const nested = (value: unknown, depth: number): unknown => (depth === 0 ? value : { a: nested(value, depth - 1) })
    const deepest = nested({ password: 'x' }, 31)
    expect([isJsonValue(deepest), isJsonValue(nested({ password: 'x' }, 32))]).toEqual([true, false])
    expect(codes({ deepest })).toEqual([`lint_password /deepest${'/a'.repeat(31)}/password`])
  })

  test('what only sounds like one, or is a fact about one, passes', () => {
    expect(
      codes({
        password_changed: true,
        secretary: 'x',
        keys: 1,
        passenger: 'x',
        password: true,
        secret: null,
        pwd: false,
      }),
    ).toEqual([])
  })

  test('a private key as PEM or JWK, whatever its name', async () => {
    const key = await generateSigningKey('ES256')
    expect(codes({ x: exportPrivatePem(key), y: { jwk: exportPrivateJwk(key) } })).toEqual([
      'lint_private_key /x',
      'lint_private_key /y/jwk',
    ])
    expect(codes({ cnf: { jwk: { kty: 'EC', crv: 'P-256', x: 'a', y: 'b' } } })).toEqual([])
  })

  test('card numbers of the large networks, in text and as numbers', () => {
    for (const number of [
      '4111111111111111',
      '4111 1111 1111 1111',
      '5555-5555-5555-4444',
      'card 378282246310005',
      '6011111111111117',
      '3530111333300000',
      '2223003122003222',
    ]) {
      expect(codes({ note: number })).toEqual(['lint_card_number /note'])
    }
    for (const before of ['4111 1111 1111 1111 12/26', '4111111111111111 123', '12 4111-1111-1111-1111 737'])
      expect(codes({ before })).toEqual(['lint_card_number /before'])
    expect(codes({ n: 4111111111111111 })).toEqual(['lint_card_number /n'])
    expect(codes({ list: ['a', 'pay 4242424242424242 now'] })).toEqual(['lint_card_number /list/1'])
  })

  test('numbers that are none: wrong check digit, times, ids, other lengths', () => {
    for (const value of [
      '4111111111111112',
      1_800_000_000_000,
      '1145141919810000000',
      '411111111111',
      '41111111111111111111',
      'a4111111111111111',
      '4111111111111111b',
      '1234567890123456',
      '4111.1111.1111.1111',
    ]) {
      expect(codes({ value })).toEqual([])
    }
  })

  test("an id is the application's own number, and one account in 25 would never get a token", () => {
    const id = '4111111111111111'
    expect(codes({ sub: id, jti: id, sid: id, client_id: id })).toEqual([])
    expect(codes({ act: { sub: id }, subject: id })).toEqual(['lint_card_number /subject'])
  })

  test('ids of every usual form are no cards', () => {
    const ids = Array.from({ length: 2000 }, () => [randomBytes(16).toString('base64url'), randomUUID()])
    expect(codes({ ids: ids.flat(), hex: randomBytes(12).toString('hex') })).toEqual([])
  })

  test('no "exp", unless that was allowed', () => {
    expect(findRefused({ sub: 'a' }, { allowNoExpiry: false })).toEqual([
      expect.objectContaining({ code: 'lint_no_expiry', path: '' }),
    ])
    expect(findRefused({ sub: 'a', exp: 1 }, { allowNoExpiry: false })).toEqual([])
    expect(findRefused({ sub: 'a' }, { allowNoExpiry: true })).toEqual([])
  })

  test('a finding never holds the value', () => {
    const findings = findRefused({ password: 'correct horse', n: '4111111111111111' }, { allowNoExpiry: true })
    expect(JSON.stringify(findings)).not.toMatch(/correct horse|4111/)
    expect(findings.map(({ bytes }) => bytes)).toEqual([15, 18])
  })
})

test('what JSON can say', () => {
  const cycle: unknown[] = []
  cycle.push(cycle)
  for (const value of [
    undefined,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    1n,
    Symbol('a'),
    () => 1,
    new Date(0),
    /x/,
    new Set(),
    cycle,
    [undefined],
    Object.assign([], { length: 1 }),
    new Error('x'),
  ]) {
    expect(isJsonValue(value)).toBe(false)
  }
  for (const value of [null, '', 0, -1.5, false, [], {}, [{ a: [null] }], { a: undefined }, Object.create(null)])
    expect(isJsonValue(value)).toBe(true)
})
