import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBase64url, encodeBase64url } from './base64url.ts'

test('RFC 4648 §10, without padding', () => {
  const pairs = [
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ]
  for (const [text = '', encoded = ''] of pairs) {
    expect(encodeBase64url(text)).toBe(encoded)
    expect(decodeBase64url(encoded)?.toString()).toBe(text)
  }
})

test('padding, blanks, the other alphabet, spare bits and a length of 1 mod 4 are refused', () => {
  for (const text of [
    'Zg==',
    'Zg=',
    'Zm8=',
    'Z',
    'Zm9vY',
    'Zh',
    'Zm9',
    'Zm+v',
    'Zm/v',
    'Zm 9v',
    'Zm9v\n',
    'Zm9vü',
    'Zm9vŁ',
    '\u{1F600}AA',
    'Zm9\0',
  ]) {
    expect(decodeBase64url(text)).toBeUndefined()
  }
  expect(decodeBase64url('Zm8')?.toString()).toBe('fo')
})

test('a part of a text is read as if it stood alone', () => {
  expect(decodeBase64url('xx.Zm9v.yy', 3, 7)?.toString()).toBe('foo')
  expect(decodeBase64url('xx.Zm9v.yy', 3, 8)).toBeUndefined()
  expect(decodeBase64url('abc', 3, 2)).toBeUndefined()
})

test('for any text: exactly what Node decodes and encodes back to the same text', () => {
  const letters = fc.stringMatching(/^[A-Za-z0-9_-]{0,40}$/)
  fc.assert(
    fc.property(fc.oneof(letters, fc.string({ unit: 'binary', maxLength: 40 })), (text) => {
      const bytes = Buffer.from(text, 'base64url')
      const isCanonical = bytes.toString('base64url') === text
      expect(decodeBase64url(text)?.toString('hex')).toBe(isCanonical ? bytes.toString('hex') : undefined)
    }),
    { numRuns: 20_000 },
  )
})

test('for any bytes: there and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(decodeBase64url(encodeBase64url(bytes))).toEqual(Buffer.from(bytes))
    }),
    { numRuns: 2000 },
  )
})
