import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a device cookie is bound to. */
export interface DeviceSubject {
  readonly accountId: Uint8Array
  /** When the account's password was set, in epoch milliseconds: a change or a reset voids every cookie. */
  readonly changedAt: number
}

/** Milliseconds that a device stays known: 180 days. */
export const DEVICE_LIFETIME: number = 180 * 24 * 60 * 60 * 1000

const TEXT = /^1\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/

/**
 * The value of a cookie that says: on this device somebody once knew the password of this account. It is no
 * credential; all it does is to give the device a throttle bucket of its own. It names nobody and can be checked only
 * by who already has the account at hand.
 *
 * @param key derived under `device-v1`, for this alone
 * @param now epoch milliseconds
 */
export function writeDeviceCookie(key: Uint8Array, subject: DeviceSubject, now: number): string {
  const issuedAt = Math.floor(now)
  return `1.${issuedAt.toString(36)}.${macOf(key, subject, issuedAt).toString('base64url')}`
}

/** Whether a value was written for this very account and password, at most 180 days ago. */
export function readDeviceCookie(key: Uint8Array, value: string, subject: DeviceSubject, now: number): boolean {
  const [, time, mac] = TEXT.exec(value) ?? []
  if (time === undefined || mac === undefined) return false
  const issuedAt = Number.parseInt(time, 36)
  if (!Number.isSafeInteger(issuedAt)) return false
  // The MAC first: of a forged value nothing else is looked at.
  if (!timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(key, subject, issuedAt))) return false
  return now - issuedAt < DEVICE_LIFETIME
}

function macOf(key: Uint8Array, { accountId, changedAt }: DeviceSubject, issuedAt: number): Buffer {
  // Fields of fixed length, so that no two subjects share an input.
  const times = Buffer.alloc(16)
  times.writeBigUInt64BE(BigInt(changedAt), 0)
  times.writeBigUInt64BE(BigInt(issuedAt), 8)
  return createHmac('sha256', key).update('device').update(times).update(accountId).digest()
}
