import type { KeyBody } from '@countersign/protocol'
import { isActingAdministrator } from '../domain/account.ts'
import type { AccountStore } from '../ports/account-store.ts'
import type { Stores } from '../ports/stores.ts'
import { describeKeys } from './key-view.ts'

/** What can be said of data without a master key and without changing it. */
export interface InspectedData {
  /** The issuer that the data was made for; absent for data that no service has opened. */
  readonly issuer: string | undefined
  readonly keys: readonly KeyBody[]
  /** Administrators whose one-time password was not changed yet. */
  readonly pendingAdministrators: readonly string[]
}

const PAGE = 200

/** @param keep milliseconds that a retired key still verifies */
export async function inspectData(
  stores: Stores,
  policy: { readonly audiences: readonly string[]; readonly now: number; readonly keep: number },
): Promise<InspectedData> {
  return {
    issuer: await stores.meta.get('issuer'),
    keys: describeKeys(await stores.keys.list(), policy.audiences, policy.now, policy.keep),
    pendingAdministrators: await pendingAdministrators(stores.accounts),
  }
}

async function pendingAdministrators(accounts: AccountStore): Promise<readonly string[]> {
  const names: string[] = []
  let after: Uint8Array | undefined
  for (;;) {
    const page = await accounts.list(after, PAGE)
    for (const account of page.filter(isActingAdministrator)) {
      const whole = await accounts.findWithCredential(account.id)
      if (whole?.credential.oneTimeUntil !== undefined) names.push(whole.username)
    }
    after = page.at(-1)?.id
    if (page.length < PAGE) return names
  }
}
