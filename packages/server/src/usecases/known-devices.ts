import { type DeviceSubject, isDeviceCookie, readDeviceCookie, writeDeviceCookie } from '../domain/device-cookie.ts'
import type { AccountWithCredential } from '../ports/account-store.ts'

/**
 * Devices on which somebody logged in before. Such a device has a bucket of its own, so that an attacker who fails a
 * thousand times cannot keep the owner out. The cookie is no credential: it opens nothing, and it is void after the
 * password was changed.
 */
export interface KnownDevices {
  /** Whether a cookie was written here, for this account or another one. */
  wrote(cookie: string | undefined): boolean
  knows(cookie: string | undefined, account: AccountWithCredential): boolean
  /** The cookie's value for this device. */
  remember(account: AccountWithCredential): string
}

export function createKnownDevices(dependencies: {
  readonly key: Uint8Array
  readonly now: () => number
}): KnownDevices {
  const { key, now } = dependencies
  const subject = (account: AccountWithCredential): DeviceSubject => ({
    accountId: account.id,
    changedAt: account.credential.changedAt,
  })
  return {
    wrote: (cookie) => cookie !== undefined && isDeviceCookie(key, cookie),
    knows: (cookie, account) => cookie !== undefined && readDeviceCookie(key, cookie, subject(account), now()),
    remember: (account) => writeDeviceCookie(key, subject(account), now()),
  }
}
