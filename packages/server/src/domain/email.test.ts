import { expect, test } from 'vitest'
import { emailFault, parseEmail } from './email.ts'

test.each([
  ['alice@example.com', 'alice@example.com'],
  ['  alice@example.com ', 'alice@example.com'],
  ['Alice.B+tag@Example.COM', 'Alice.B+tag@example.com'],
  ["o'neil/x@sub.example.co.uk", "o'neil/x@sub.example.co.uk"],
  ['jose\u0301@bu\u0308cher.example', 'jos\u00e9@b\u00fccher.example'],
  ['用户@例子.中国', '用户@例子.中国'],
  [`${'x'.repeat(64)}@example.com`, `${'x'.repeat(64)}@example.com`],
  [`a@${'b.'.repeat(120)}example.com`, `a@${'b.'.repeat(120)}example.com`],
])('%j is kept as %j', (text, email) => {
  expect(parseEmail(text)).toBe(email)
  expect(parseEmail(email)).toBe(email)
})

test.each([
  ['nothing', ''],
  ['no at sign', 'alice.example.com'],
  ['two at signs', 'a@b@example.com'],
  ['no local part', '@example.com'],
  ['no domain', 'alice@'],
  ['one label', 'alice@localhost'],
  ['a line end inside', 'alice@example.com\r\nBcc: bob@example.com'],
  ['a line end behind', 'alice@example.com\n'],
  ['a header in the local part', 'a\r\nBcc:b@example.com'],
  ['a tab', 'a\tb@example.com'],
  ['NUL', 'a\0@example.com'],
  ['a lone surrogate', 'a\ud800@example.com'],
  ['several addresses', 'alice@example.com,bob@example.com'],
  ['several addresses by semicolon', 'alice@example.com;bob@example.com'],
  ['several addresses by space', 'alice@example.com bob@example.com'],
  ['a display name', 'Alice <alice@example.com>'],
  ['angle brackets', '<alice@example.com>'],
  ['a comment', 'alice(home)@example.com'],
  ['a quoted local part', '"a b"@example.com'],
  ['an address literal', 'alice@[192.0.2.1]'],
  ['an IP address', 'alice@192.0.2.1'],
  ['a dot at the start', '.alice@example.com'],
  ['two dots', 'a..b@example.com'],
  ['an empty label', 'alice@example..com'],
  ['a final dot', 'alice@example.com.'],
  ['a hyphen at the start of a label', 'alice@-example.com'],
  ['a label of 64', `alice@${'x'.repeat(64)}.com`],
  ['a local part of 65', `${'x'.repeat(65)}@example.com`],
  ['255 characters', `aa@${'b.'.repeat(120)}example.com`.padEnd(255, 'm')],
  ['a zero-width space', 'ali\u200bce@example.com'],
  ['a right-to-left override', 'ali\u202ece@example.com'],
  ['an emoji', '😀@example.com'],
])('%s is refused', (_, text) => {
  expect(parseEmail(text)).toBeUndefined()
})

test('the fault repeats nothing of the text', () => {
  expect(emailFault()).toEqual({
    pointer: '/email',
    code: 'email_invalid',
    detail: 'This is not one plain mail address.',
  })
})
