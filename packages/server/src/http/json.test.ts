import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson } from './json.ts'

test('S-L03 a member that comes twice is refused, however its name is written', () => {
  expect(parseJson('{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}')).toEqual({ value: expect.anything() })
  for (const text of ['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"x":{"a":1,"b":[],"a":2}}', '[{"":1,"":2}]']) {
    expect(parseJson(text)).toBeUndefined()
  }
})

test('S-L03 depth, foreign prototypes and broken text are no fault of ours', () => {
  expect(parseJson('['.repeat(100_000))).toBeUndefined()
  expect(parseJson('['.repeat(8_000) + ']'.repeat(8_000))).toBeDefined()
  const polluted = parseJson('{"__proto__":{"polluted":true}}')
  expect(polluted).toBeDefined()
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  for (const text of ['', '{', '{"a":}', '\ufeff{}', "{'a':1}"]) expect(parseJson(text)).toBeUndefined()
})

test('what JSON.stringify writes is read back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value)
      expect(JSON.stringify(parseJson(text)?.value)).toBe(text)
    }),
  )
})
