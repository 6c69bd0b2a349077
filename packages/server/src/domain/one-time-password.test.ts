import { expect, test } from 'vitest'
import { ONE_TIME_BYTES, writeOneTimePassword } from './one-time-password.ts'
import { checkPassword } from './password-rules.ts'

test('seven groups of four characters, none of which looks like another', () => {
  const all = Array.from({ length: 256 }, (_, byte) => byte)
  const counts = new Map<string, number>()
  for (let start = 0; start < 256; start++) {
    const bytes = Uint8Array.from(all.slice(start).concat(all).slice(0, ONE_TIME_BYTES))
    const text = writeOneTimePassword(bytes)
    expect(text).toMatch(/^[0-9a-hjkmnp-tv-z]{4}(?:-[0-9a-hjkmnp-tv-z]{4}){6}$/)
    for (const character of text.replaceAll('-', '')) counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  // Over all bytes each of the 32 is as frequent as the others: five bits a character, 140 in all.
  expect(counts.size).toBe(32)
  expect(new Set(counts.values()).size).toBe(1)
})

test('it passes the rules for a password', () => {
  const bytes = Uint8Array.from({ length: ONE_TIME_BYTES }, (_, index) => index * 37)
  expect(checkPassword(writeOneTimePassword(bytes))).toEqual([])
})

test('another number of bytes is a mistake of the caller', () => {
  expect(() => writeOneTimePassword(new Uint8Array(16))).toThrow(TypeError)
})
