import { expect, test } from 'vitest'
import { isRole, roleFaults } from './role.ts'

test.each([
  ['admin', true],
  ['a', true],
  ['orders:read', true],
  ['A1._:-', true],
  ['x'.repeat(64), true],
  ['x'.repeat(65), false],
  ['', false],
  ['two words', false],
  ['-a', false],
  ['é', false],
  ['a\n', false],
  ['a,b', false],
])('%j is a role: %s', (text, role) => {
  expect(isRole(text)).toBe(role)
})

test('a fault stands where the role does', () => {
  expect(roleFaults(['clerk', 'two words', ''])).toMatchObject([
    { pointer: '/roles/1', code: 'role_invalid' },
    { pointer: '/roles/2', code: 'role_invalid' },
  ])
  expect(roleFaults(Array(33).fill('clerk'))).toMatchObject([{ pointer: '/roles', code: 'roles_too_many' }])
  expect(roleFaults(Array(32).fill('clerk'))).toEqual([])
})
