import { describe, expect, test } from 'vitest'
import { applyChange, type StoredAccount } from './account.ts'

const NOW = 1_800_000_000_000

const account: StoredAccount = {
  id: new Uint8Array(16),
  username: 'alice',
  email: 'alice@example.com',
  emailVerified: true,
  roles: ['admin', 'clerk'],
  disabledAt: undefined,
  ver: 3,
  createdAt: NOW - 1_000,
}

describe('applyChange', () => {
  test('an empty change changes nothing', () => {
    const applied = applyChange(account, {}, NOW)
    expect(applied).toEqual({ account, raisesVersion: false, endsSessions: false, losesAdministrator: false })
  })

  test('disabling raises the version, ends the sessions and loses an administrator', () => {
    const applied = applyChange(account, { disabled: true }, NOW)
    expect(applied.account).toEqual({ ...account, disabledAt: NOW, ver: 4 })
    expect(applied).toMatchObject({ raisesVersion: true, endsSessions: true, losesAdministrator: true })
  })

  test('disabling again keeps the first time and changes nothing; enabling does not raise the version', () => {
    const disabled = { ...account, disabledAt: NOW - 5, ver: 4 }
    const again = applyChange(disabled, { disabled: true }, NOW)
    expect(again).toEqual({ account: disabled, raisesVersion: false, endsSessions: false, losesAdministrator: false })
    const enabled = applyChange(disabled, { disabled: false }, NOW)
    expect(enabled.account).toEqual({ ...account, ver: 4 })
    expect(enabled).toMatchObject({ raisesVersion: false, endsSessions: false })
  })

  test('another set of roles raises the version and lets the sessions live; another order is the same set', () => {
    const demoted = applyChange(account, { roles: ['clerk'] }, NOW)
    expect(demoted.account).toEqual({ ...account, roles: ['clerk'], ver: 4 })
    expect(demoted).toMatchObject({ raisesVersion: true, endsSessions: false, losesAdministrator: true })
    expect(applyChange(account, { roles: ['clerk', 'admin'] }, NOW).raisesVersion).toBe(false)
  })

  test('another address is not verified, the same one stays so, and null removes it', () => {
    const moved = applyChange(account, { email: 'a@example.org' }, NOW).account
    expect(moved).toMatchObject({ email: 'a@example.org', emailVerified: false, ver: 3 })
    expect(applyChange(account, { email: 'alice@example.com' }, NOW).account.emailVerified).toBe(true)
    expect(applyChange(account, { email: null }, NOW).account).toMatchObject({ email: undefined, emailVerified: false })
  })

  test('a disabled administrator is none to lose', () => {
    const disabled = { ...account, disabledAt: NOW }
    expect(applyChange(disabled, { roles: [] }, NOW).losesAdministrator).toBe(false)
  })
})
