import { describe, expect, test } from 'vitest'
import { DEVICE_LIFETIME, readDeviceCookie, writeDeviceCookie } from './device-cookie.ts'

const NOW = 1_800_000_000_000
const key = new Uint8Array(32).fill(7)
const alice = { accountId: new Uint8Array(16).fill(1), changedAt: NOW - 5_000 }
const cookie = writeDeviceCookie(key, alice, NOW)

describe('S-T03 a device cookie is bound to account, password and time', () => {
  test.each([
    ['as written', key, cookie, alice, NOW, true],
    ['on its last day', key, cookie, alice, NOW + DEVICE_LIFETIME - 1, true],
    ['after 180 days', key, cookie, alice, NOW + DEVICE_LIFETIME, false],
    ['for another account', key, cookie, { ...alice, accountId: new Uint8Array(16).fill(2) }, NOW, false],
    ['after a password change', key, cookie, { ...alice, changedAt: NOW }, NOW, false],
    ['under another key', new Uint8Array(32).fill(8), cookie, alice, NOW, false],
  ])('%s', (_, withKey, value, subject, now, known) => {
    expect(readDeviceCookie(withKey, value, subject, now)).toBe(known)
  })

  const [version, time, mac] = cookie.split('.')
  test.each([
    ['nothing', ''],
    ['a later time', `${version}.${(NOW + 1_000).toString(36)}.${mac}`],
    ['another version', `2.${time}.${mac}`],
    ['no MAC', `${version}.${time}.`],
    ['a short MAC', `${version}.${time}.${mac?.slice(1)}`],
    ['a flipped MAC', `${version}.${time}.${mac?.startsWith('A') ? 'B' : 'A'}${mac?.slice(1)}`],
    ['something behind', `${cookie}.x`],
    ['a huge time', `${version}.zzzzzzzzzzz.${mac}`],
  ])('%s is refused', (_, value) => {
    expect(readDeviceCookie(key, value, alice, NOW)).toBe(false)
    expect(readDeviceCookie(key, cookie, alice, NOW)).toBe(true)
  })

  test('it fits a cookie and names nobody', () => {
    expect(cookie).toMatch(/^[A-Za-z0-9._-]{1,80}$/)
    expect(cookie).not.toContain(Buffer.from(alice.accountId).toString('base64url'))
  })
})
