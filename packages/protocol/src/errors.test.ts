import { expect, test } from 'vitest'
import { ERRORS, isErrorCode, SESSION_OVER } from './index.ts'

test('each sentence fits RFC 6749 §5.2, so that one text serves both error formats', () => {
  for (const { sentence } of Object.values(ERRORS)) expect(sentence).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+\.$/)
})

test('a code is one of the table, and nothing inherited', () => {
  expect(isErrorCode('rate_limited')).toBe(true)
  for (const word of ['toString', '__proto__', '', 'RATE_LIMITED', 1]) expect(isErrorCode(word)).toBe(false)
})

test('what ends a session is a 401', () => {
  for (const code of SESSION_OVER) expect(ERRORS[code].status).toBe(401)
})
