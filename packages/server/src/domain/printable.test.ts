import { expect, test } from 'vitest'
import { printable } from './printable.ts'

test.each([
  ['a newline', 'a\nb', 'a\\u{a}b'],
  ['a terminal escape', '\u001b[31mred', '\\u{1b}[31mred'],
  ['a control of eight bits', '\u009b2J', '\\u{9b}2J'],
  ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
  ['a turned direction of writing', 'gnp.\u202Eexe', 'gnp.\\u{202e}exe'],
  ['what is not seen', 'ad\u200Bmin', 'ad\\u{200b}min'],
  ['a lone surrogate', 'a\uD800', 'a\\u{d800}'],
  ['a secret of ours', `x csn_rt_${'A'.repeat(79)} y`, 'x [secret] y'],
  ['a token', 'Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'Bearer [token]'],
])('S-A03 %s is shown and not obeyed', (_name, text, shown) => {
  expect(printable(text)).toBe(shown)
})

test('other text stays as it is', () => {
  for (const text of ['Zoë Ångström', '日本語', 'Mozilla/5.0 (X11; Linux x86_64) "quoted" \\u{a}', '🙂']) {
    expect(printable(text)).toBe(text)
  }
})

test('it is cut to 256 characters', () => {
  expect(printable('x'.repeat(10_000))).toHaveLength(256)
})

test('a secret that the cut would leave half of is not shown at all', () => {
  const text = `${'x'.repeat(240)} csn_rt_${'B'.repeat(79)}`
  expect(printable(text)).not.toContain('csn_rt_B')
})
