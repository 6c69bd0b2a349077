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
const MAC_BYTES = 16

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
  const macs = Buffer.concat([sealOf(key, issuedAt), macOf(key, subject, issuedAt)])
  return `1.${issuedAt.toString(36)}.${macs.toString('base64url')}`
}

/** Whether a value was written here at all, for whomever. So junk asks nothing of the store. */
export function isDeviceCookie(key: Uint8Array, value: string): boolean {
  return parse(key, value) !== undefined
}

/** Whether a value was written for this very account and password, at most 180 days ago. */
export function readDeviceCookie(key: Uint8Array, value: string, subject: DeviceSubject, now: number): boolean {
  const cookie = parse(key, value)
  if (cookie === undefined || !timingSafeEqual(cookie.mac, macOf(key, subject, cookie.issuedAt))) return false
  return now - cookie.issuedAt < DEVICE_LIFETIME
}

function parse(key: Uint8Array, value: string): { readonly issuedAt: number; readonly mac: Uint8Array } | undefined {
  const [, time, text] = TEXT.exec(value) ?? []
  if (time === undefined || text === undefined) return undefined
  const issuedAt = Number.parseInt(time, 36)
  if (!Number.isSafeInteger(issuedAt)) return undefined
  const macs = Buffer.from(text, 'base64url')
  // The seal first: of a forged value nothing else is looked at.
  if (!timingSafeEqual(macs.subarray(0, MAC_BYTES), sealOf(key, issuedAt))) return undefined
  return { issuedAt, mac: macs.subarray(MAC_BYTES) }
}

function sealOf(key: Uint8Array, issuedAt: number): Buffer {
  return hmac(key, 'seal', bytesOf(issuedAt))
}

function macOf(key: Uint8Array, { accountId, changedAt }: DeviceSubject, issuedAt: number): Buffer {
  // Fields of fixed length, so that no two subjects share an input.
  return hmac(key, 'device', bytesOf(changedAt), bytesOf(issuedAt), accountId)
}

function hmac(key: Uint8Array, label: string, ...parts: readonly Uint8Array[]): Buffer {
  const mac = createHmac('sha256', key).update(label)
  for (const part of parts) mac.update(part)
  return mac.digest().subarray(0, MAC_BYTES)
}

function bytesOf(time: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(time))
  return bytes
}
