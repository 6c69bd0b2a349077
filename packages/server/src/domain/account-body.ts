import type { AccountBody } from '@countersign/protocol'
import type { StoredAccount } from './account.ts'
import { encodeId } from './ids.ts'

/** An account as its owner and an administrator see it: nothing of its credential or its token version. */
export function toAccountBody(account: StoredAccount): AccountBody {
  return {
    id: encodeId(account.id),
    username: account.username,
    email: account.email ?? null,
    email_verified: account.emailVerified,
    roles: account.roles,
    disabled: account.disabledAt !== undefined,
    created_at: Math.floor(account.createdAt / 1000),
  }
}
