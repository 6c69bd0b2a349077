import { describe, expect, test } from 'vitest'
import { MasterKeyError, openKey, sealedUnder, sealKey } from './key-wrap.ts'
import { createMasterKeys } from './master-keys.ts'

const bytes = (first: number, length: number) => Uint8Array.from({ length }, (_, index) => (first + index) & 255)
const one = createMasterKeys(new Map([[1, bytes(0, 32)]]))
const two = createMasterKeys(
  new Map([
    [2, bytes(100, 32)],
    [1, bytes(0, 32)],
  ]),
)
const row = { issuer: 'https://auth.example.com', kid: 'k1', alg: 'HS256', purpose: 'access:https://a.example.com' }
const secret = bytes(7, 32)
const iv = bytes(40, 12)
const sealed = sealKey(one, secret, row, iv)

const faultOf = (open: () => unknown): string => {
  try {
    open()
    return 'opened'
  } catch (error) {
    return error instanceof MasterKeyError ? error.fault : 'another error'
  }
}

test('S-K04 what was sealed opens in its own row, and shows nothing of itself', () => {
  expect(openKey(one, sealed, row)).toEqual(secret)
  expect(Buffer.from(sealed).includes(Buffer.from(secret.subarray(0, 8)))).toBe(false)
  expect(sealed).toHaveLength(1 + 1 + 12 + 32 + 16)
})

test('the layout stands: version, master key id, IV, ciphertext, tag', () => {
  // Computed with Web Crypto from the description, not with this code.
  expect([...sealed.subarray(0, 2)]).toEqual([1, 1])
  expect(sealed.subarray(2, 14)).toEqual(iv)
  expect(Buffer.from(sealed).toString('base64url')).toBe(
    'AQEoKSorLC0uLzAxMjPVwgnol5tD8mRdODJ069w9IWCNhQSgfH6e4ioeDsBsVCQR7F0EmVP9sjVonkDROs4',
  )
})

describe('S-K04 a ciphertext moved to another row does not open', () => {
  test.each([
    ['another issuer', { ...row, issuer: 'https://auth.example.org' }],
    ['another kid', { ...row, kid: 'k2' }],
    ['another algorithm', { ...row, alg: 'HS384' }],
    ['another audience', { ...row, purpose: 'access:https://b.example.com' }],
    ['the same letters, cut elsewhere', { ...row, issuer: `${row.issuer}k`, kid: '1' }],
  ])('%s', (_name, other) => {
    expect(faultOf(() => openKey(one, sealed, other))).toBe('unreadable')
    expect(faultOf(() => openKey(one, sealed, row))).toBe('opened')
  })
})

test('no byte of it can be changed', () => {
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Uint8Array.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(faultOf(() => openKey(one, changed, row))).not.toBe('opened')
  }
})

test('no shorter text opens', () => {
  for (let length = 0; length < sealed.length; length += 1) {
    expect(faultOf(() => openKey(one, sealed.subarray(0, length), row))).toBe('unreadable')
  }
})

test('an older master key that is still held opens; one that is not held is named', () => {
  expect(openKey(two, sealed, row)).toEqual(secret)
  const newer = sealKey(two, secret, row, iv)
  expect(sealedUnder(newer)).toBe(2)
  expect(openKey(two, newer, row)).toEqual(secret)
  expect(faultOf(() => openKey(one, newer, row))).toBe('key_missing')
})

test('S-K05 another key under the same id does not open it', () => {
  const other = createMasterKeys(new Map([[1, bytes(1, 32)]]))
  expect(faultOf(() => openKey(other, sealed, row))).toBe('unreadable')
})

test('a seal takes an IV of 12 bytes', () => {
  expect(() => sealKey(one, secret, row, bytes(0, 11))).toThrow(TypeError)
})
