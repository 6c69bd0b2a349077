import { expect, test } from 'vitest'
import type { AccountWithCredential } from '../ports/account-store.ts'
import { toAccountBody } from './account-body.ts'

const account: AccountWithCredential = {
  id: new Uint8Array(16),
  username: 'Alice',
  email: undefined,
  emailVerified: false,
  roles: ['clerk'],
  disabledAt: undefined,
  ver: 3,
  createdAt: 1_800_000_000_999,
  credential: { passwordHash: 'hash', oneTimeUntil: undefined, changedAt: 1 },
}

test('an account goes out in the shape of the protocol, without its credential and its version', () => {
  expect(toAccountBody(account)).toEqual({
    id: 'AAAAAAAAAAAAAAAAAAAAAA',
    username: 'Alice',
    email: null,
    email_verified: false,
    roles: ['clerk'],
    disabled: false,
    created_at: 1_800_000_000,
  })
  expect(toAccountBody({ ...account, email: 'a@example.com', disabledAt: 5 })).toMatchObject({
    email: 'a@example.com',
    disabled: true,
  })
})
