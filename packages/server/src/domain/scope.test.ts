import { describe, expect, test } from 'vitest'
import { grantScopes, narrowScopes, parseScope, scopesOf, splitScope } from './scope.ts'

describe('RFC 6749 §3.3 syntax', () => {
  test.each([
    ['orders:read', ['orders:read']],
    ['a b c', ['a', 'b', 'c']],
    ['a b a', ['a', 'b']],
    ['https://api.example/x!~', ['https://api.example/x!~']],
    ['', undefined],
    [' a', undefined],
    ['a ', undefined],
    ['a  b', undefined],
    ['a\tb', undefined],
    ['a\nb', undefined],
    ['a"b', undefined],
    ['a\\b', undefined],
    ['é', undefined],
    ['a\0', undefined],
  ])('%j', (text, scopes) => {
    expect(parseScope(text)).toEqual(scopes)
  })

  test('a stored scope may be empty', () => {
    expect(splitScope('')).toEqual([])
    expect(splitScope('a b')).toEqual(['a', 'b'])
  })
})

const roleScopes = { clerk: ['orders:read', 'orders:write'], auditor: ['orders:read', 'audit'], trick: ['admin', 'x'] }

test.each([
  [[], [], []],
  [[], ['profile'], ['profile']],
  [['clerk'], ['profile'], ['profile', 'orders:read', 'orders:write']],
  [['clerk', 'auditor'], [], ['orders:read', 'orders:write', 'audit']],
  [['admin'], [], ['admin']],
  [['admin', 'clerk'], [], ['orders:read', 'orders:write', 'admin']],
  [['unknown'], [], []],
  [['constructor', '__proto__', 'toString'], [], []],
  [['trick'], [], ['x']],
  [['trick', 'admin'], [], ['x', 'admin']],
  [['clerk'], ['admin'], ['orders:read', 'orders:write']],
])('S-D02 roles %j with defaults %j may have %j', (roles, defaults, scopes) => {
  expect(scopesOf(roles, roleScopes, defaults)).toEqual(scopes)
})

test.each([
  [undefined, ['a', 'admin', 'b'], ['a', 'b']],
  [undefined, ['admin'], []],
  [['admin'], ['a', 'admin'], ['admin']],
  [
    ['admin', 'a'],
    ['a', 'admin'],
    ['admin', 'a'],
  ],
  [['admin'], ['a'], []],
  [
    ['b', 'a'],
    ['a', 'b', 'c'],
    ['b', 'a'],
  ],
  [['a', 'z'], ['a', 'b'], ['a']],
])('a log-in that asks for %j of %j gets %j', (requested, allowed, granted) => {
  expect(grantScopes(requested, allowed)).toEqual(granted)
})

test.each([
  [undefined, ['a', 'b'], ['a', 'b', 'c'], ['a', 'b']],
  [undefined, ['a', 'b'], ['a'], ['a']],
  [undefined, [], ['a'], []],
  [['a'], ['a', 'b'], ['a', 'b'], ['a']],
  [['a'], ['a', 'b'], ['b'], []],
  [['c'], ['a', 'b'], ['a', 'b', 'c'], undefined],
  [['a', 'admin'], ['a'], ['a', 'admin'], undefined],
  [undefined, ['admin'], ['admin'], ['admin']],
])('S-R08 a refresh that asks for %j of a session with %j, of %j, gets %j', (requested, session, allowed, granted) => {
  expect(narrowScopes(requested, session, allowed)).toEqual(granted)
})
