import { expect, test } from 'vitest'
import { encodeId } from '../domain/ids.ts'
import type { StoredAccount } from '../ports/account-store.ts'
import type { StoredSession } from '../ports/session-store.ts'
import { type ClaimsInput, createAddClaims } from './claims-hook.ts'

const account: StoredAccount = {
  id: new Uint8Array(16).fill(1),
  username: 'alice',
  email: undefined,
  emailVerified: false,
  roles: ['clerk'],
  disabledAt: undefined,
  ver: 3,
  createdAt: 1_000_500,
}
const session: StoredSession = {
  sid: new Uint8Array(16).fill(2),
  accountId: account.id,
  clientId: 'first-party',
  generation: 4,
  macKid: 1,
  currentHash: new Uint8Array(32).fill(9),
  createdAt: 7_200_500,
  rotatedAt: 9_999_999,
  idleExpiresAt: 20_000_000,
  absoluteExpiresAt: 30_000_900,
  repeats: 0,
  repeatedRotations: 0,
  endedAt: undefined,
  bind: new Uint8Array(32).fill(8),
  scope: 'orders:read',
  audience: 'https://api.example.com',
  ver: 3,
  authAt: 7_200_500,
  transport: 'cookie',
  userAgent: 'curl',
  address: '192.0.2.1',
}
const input = { account, session, scope: ['orders:read'], audience: ['https://api.example.com'] }

test('a hook sees account and session in seconds, without a hash, and the last use to the hour', async () => {
  const seen: ClaimsInput[] = []
  const added = await createAddClaims((given) => {
    seen.push(given)
    return { tenant: 't_1', absent: undefined }
  })(input)
  expect(added).toEqual({ tenant: 't_1' })
  expect(seen).toEqual([
    {
      account: {
        id: encodeId(account.id),
        username: 'alice',
        email: undefined,
        emailVerified: false,
        roles: ['clerk'],
        disabledAt: undefined,
        tokenVersion: 3,
        createdAt: 1_000,
      },
      session: {
        id: encodeId(session.sid),
        accountId: encodeId(account.id),
        createdAt: 7_200,
        lastUsedAt: 7_200,
        expiresAt: 30_000,
        userAgent: 'curl',
        address: '192.0.2.1',
      },
      clientId: 'first-party',
      scope: new Set(['orders:read']),
      audience: ['https://api.example.com'],
    },
  ])
})

test.each(['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'client_id', 'scope', 'roles', 'sid', 'ver', 'cnf'])(
  'a hook must not set %s; another name it may',
  async (name) => {
    await expect(createAddClaims(() => ({ [name]: 'x' }))(input)).rejects.toThrow(TypeError)
    await expect(createAddClaims(() => ({ [`${name}_of_ours`]: 'x' }))(input)).resolves.toEqual({
      [`${name}_of_ours`]: 'x',
    })
  },
)

test('a hook that gives no object is a fault of the application', async () => {
  for (const given of [null, 'x', ['x']]) {
    await expect(createAddClaims(() => given as object)(input)).rejects.toThrow('must return an object')
  }
})
