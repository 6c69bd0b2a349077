import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COMMON_PASSWORDS } from './common-passwords.ts'
import { checkPassword, normalizePassword, type PasswordContext } from './password-rules.ts'

const codes = (password: string, context: PasswordContext = {}) =>
  checkPassword(password, context).map(({ code }) => code)

describe('S-P01 length', () => {
  const text = 'Blåbærsyltetøy på brødskive om morgenen '.repeat(10)
  test.each([
    [7, undefined, ['password_too_short']],
    [8, undefined, ['password_too_short']],
    [14, undefined, ['password_too_short']],
    [15, undefined, []],
    [64, undefined, []],
    [128, undefined, []],
    [256, undefined, []],
    [257, undefined, ['password_too_long']],
    [7, 8, ['password_too_short']],
    [8, 8, []],
  ])('%i characters where at least %s are asked for', (length, minLength, expected) => {
    expect(codes(text.slice(0, length), { minLength })).toEqual(expected)
  })

  test('code points count, not code units', () => {
    expect(codes('🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦🦆🦉')).toEqual([])
    expect(codes('🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦🦆')).toEqual(['password_too_short'])
  })

  test('a megabyte is refused without being read', () => {
    expect(codes('x'.repeat(1_000_000))).toEqual(['password_too_long'])
  })

  test('a minimum below 8 is a mistake of the caller', () => {
    expect(() => checkPassword('anything', { minLength: 7 })).toThrow(TypeError)
    expect(() => checkPassword('anything', { minLength: Number.NaN })).toThrow(TypeError)
  })
})

test.each([
  'correct horse battery staple',
  'lower case letters only',
  '739164820573916',
  '😀 😎 🤖 👾 👽 💀 🎃 ☃',
  '   spaces at both ends   ',
  '👨‍👩‍👧 and a heart ❤️ too',
  'Пароль, который никто не знает',
  'my sunshine is a grey cat',
])('S-P02 no rule of composition refuses %j', (password) => {
  expect(codes(password)).toEqual([])
})

describe('S-P03 what is guessed first', () => {
  test('the list has at least 10,000 common passwords of 8 characters and more', () => {
    const listed = COMMON_PASSWORDS.trim().split(/\s+/)
    expect(new Set(listed).size).toBeGreaterThanOrEqual(10_000)
    expect(listed.filter((word) => word.length < 8)).toEqual([])
    for (const word of ['password', 'iloveyou', 'qwertyuiop', 'pa$$w0rd']) expect(listed).toContain(word)
  })

  test.each([
    ['1qaz2wsx3edc4rfv', 'password_common'],
    ['1QAZ2wsx3EDC4rfv', 'password_common'],
    ['passwordpassword', 'password_common'],
    ['iloveyouiloveyou', 'password_repeated'],
    ['sunshinesunshinesunshine', 'password_repeated'],
    ['SunshineSUNSHINEsun', 'password_repeated'],
    ['dragondragondragon', 'password_repeated'],
    ['aaaaaaaaaaaaaaaa', 'password_repeated'],
    ['!!!!!!!!!!!!!!!!', 'password_repeated'],
    ['password12345678', 'password_padded'],
    ['12345678sunshine', 'password_padded'],
    ['2024sunshine2025', 'password_padded'],
    ['sunshine!!!!!!!!', 'password_padded'],
    ['!!!!!!!!sunshine', 'password_padded'],
    ['password2024!!!!', 'password_padded'],
    ['***passwordpassword2024', 'password_padded'],
    ['ｐａｓｓｗｏｒｄ１２３４５６７８', 'password_padded'],
    ['pass\u200bword12345678', 'password_padded'],
    ['letmein314159265', 'password_padded'],
  ])('%s', (password, code) => {
    expect(codes(password)).toEqual([code])
  })

  test.each([
    'sunshine and rain',
    'sunshine!?!?!?!?',
    'the password is 7',
    'sunshinemoonlight',
    '1a2b3csunshine9z8y7x',
  ])('%s holds a common one and more, which is for the owner to judge', (password) => {
    expect(codes(password)).toEqual([])
  })

  test.each([
    ['I am alice and nobody else', { username: 'Alice' }, ['password_contains_username']],
    ['I am ALICE and nobody else', { username: 'alice' }, ['password_contains_username']],
    ['I am Bo and nobody else', { username: 'bo' }, []],
    ['bobobobobobobobo', { username: 'bo' }, ['password_repeated']],
    ['bo20242025202620', { username: 'bo' }, ['password_padded']],
    ['the box of wolves', { email: 'wolves@example.com' }, ['password_contains_email']],
    ['the box of al@example.com', { email: 'al@example.com' }, ['password_contains_email']],
    ['the box of algebra', { email: 'al@example.com' }, []],
    ['my CounterSign login', {}, ['password_contains_service_name']],
    ['my Acme Cloud login', { serviceName: 'Acme Cloud' }, ['password_contains_service_name']],
    ['my Acme Cloud login', { serviceName: 'abc' }, []],
    ['alice', { username: 'alice' }, ['password_too_short', 'password_contains_username']],
  ])('%s', (password, context, expected) => {
    expect(codes(password, context)).toEqual(expected)
  })
})

describe('S-P04 one form at setting and at checking (RFC 8265 §4.2)', () => {
  test.each([
    ['Cafe\u0301', 'Caf\u00e9'],
    ['a\u00a0b\u3000c\u2003d', 'a b c d'],
    ['  A  b  ', '  A  b  '],
    ['ｆｕｌｌ', 'ｆｕｌｌ'],
  ])('%j is %j', (typed, form) => {
    expect(normalizePassword(typed)).toBe(form)
    expect(normalizePassword(form)).toBe(form)
  })

  test('length is counted in that form', () => {
    expect(codes('e\u0301'.repeat(15).replace('e', 'x'), { minLength: 15 })).toEqual([])
    expect(codes('e\u0301'.repeat(14), { minLength: 15 })).toContain('password_too_short')
  })
})

test.each([
  ['NUL', 'correct horse\0battery staple'],
  ['a line end', 'correct horse\nbattery staple'],
  ['a lone surrogate', 'correct horse \ud800 battery staple'],
  ['a noncharacter', 'correct horse \ufffe battery staple'],
])('S-P05 S-L09 %s is refused', (_, password) => {
  expect(codes(password)).toEqual(['password_malformed'])
})

test('a fault names the place it is told and never the password', () => {
  const [fault] = checkPassword('hunter2', { pointer: '/new_password' })
  expect(fault).toEqual({
    pointer: '/new_password',
    code: 'password_too_short',
    detail: 'A password has at least 15 characters.',
  })
})

test('a text of which every beginning is padding is searched to its end', () => {
  expect(codes(`${'7'.repeat(240)}sunshine`)).toEqual(['password_padded'])
  expect(codes(`${'7'.repeat(240)}moon & river`)).toEqual([])
})

test('whatever is typed, the normal form is its own, and what is refused is refused in that form too', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const form = normalizePassword(text)
      expect(normalizePassword(form)).toBe(form)
      expect(codes(form)).toEqual(codes(text))
    }),
    { numRuns: 1_000 },
  )
})
