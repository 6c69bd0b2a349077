import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deepFreeze, own, parseJsonObject, parseUniqueJsonObject } from './json.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')

test('an object, and nothing else, is an object', () => {
  for (const text of ['[]', '"a"', '1', 'null', 'true', '', '{', '{}x', "{'a':1}", '\uFEFF{}']) {
    expect(parseJsonObject(bytes(text))).toBeUndefined()
  }
  expect(parseJsonObject(bytes(' {"a":"ü"}\n'))).toEqual({ a: 'ü' })
})

test('invalid UTF-8 is refused, not replaced', () => {
  const around = (middle: readonly number[]): Buffer =>
    Buffer.concat([bytes('{"a":"'), Buffer.from(middle), bytes('"}')])
  for (const middle of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
    expect(parseJsonObject(around(middle))).toBeUndefined()
  }
  expect(parseJsonObject(around([0xef, 0xbf, 0xbd]))).toEqual({ a: '\uFFFD' })
})

test('a name that stands twice is found, in any spelling and at any depth', () => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"x":{"a":1,"a":1}}',
    '{"x":[[{"a":1 , "a" :1}]]}',
    '{"":1,"":2}',
    '{"\\"":1,"\\"":2}',
  ]) {
    expect(parseUniqueJsonObject(bytes(text))).toBeUndefined()
    expect(parseJsonObject(bytes(text))).toBeDefined()
  }
  for (const text of [
    '{"a":"a","b":"a"}',
    '{"a":{"a":{"a":1}}}',
    '{"a":["a","a"],"b":[{"a":1},{"a":1}]}',
    '{"a":"\\"a\\":1,","b":"}{"}',
    '{"A":1,"a":1}',
  ]) {
    expect(parseUniqueJsonObject(bytes(text))).toEqual(JSON.parse(text))
  }
})

test('for any object: one that was written by JSON.stringify has no name twice', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value, undefined, 1)
      expect(parseUniqueJsonObject(bytes(text))).toEqual(JSON.parse(text))
    }),
    { numRuns: 500 },
  )
})

test('own members only', () => {
  expect(own({}, 'toString')).toBeUndefined()
  expect(own({ toString: 1 }, 'toString')).toBe(1)
  const value = parseJsonObject(bytes('{"__proto__":{"admin":true}}')) ?? {}
  expect(own(value, 'admin')).toBeUndefined()
  expect(own(value, '__proto__')).toEqual({ admin: true })
})

test('what is nested a million deep is frozen without the call stack', () => {
  const value = JSON.parse(`${'['.repeat(1_000_000)}{}${']'.repeat(1_000_000)}`)
  expect(Object.isFrozen(deepFreeze(value)[0][0][0])).toBe(true)
})
