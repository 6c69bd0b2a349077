import { newId, randomSlot } from '../domain/ids.ts'
import { ONE_TIME_BYTES, ONE_TIME_LIFETIME, writeOneTimePassword } from '../domain/one-time-password.ts'
import type { AccountWithCredential, StoredCredential } from '../ports/account-store.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import type { Random } from '../ports/random.ts'

/** A new account, not yet stored. */
export function newAccount(
  random: Random,
  facts: {
    readonly username: string
    readonly email: string | undefined
    readonly roles: readonly string[]
    readonly credential: StoredCredential
    /** Epoch milliseconds. */
    readonly now: number
  },
): AccountWithCredential {
  const { username, email, roles, credential, now } = facts
  return {
    id: newId(randomSlot(random.bytes(2)), random.bytes(14)),
    username,
    email,
    emailVerified: false,
    roles: [...new Set(roles)],
    disabledAt: undefined,
    ver: 1,
    createdAt: now,
    credential,
  }
}

/** Draws a one-time password, which is shown once and kept as a hash alone. */
export async function drawOneTimePassword(
  random: Random,
  hasher: PasswordHasher,
  now: () => number,
): Promise<{ readonly password: string; readonly credential: StoredCredential }> {
  const password = writeOneTimePassword(random.bytes(ONE_TIME_BYTES))
  const passwordHash = await hasher.hash(password)
  const at = now() // after the hash, which may have waited in its queue
  return { password, credential: { passwordHash, oneTimeUntil: at + ONE_TIME_LIFETIME, changedAt: at } }
}
