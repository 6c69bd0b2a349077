import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseUsername, type UsernameFault, usernameFault } from './username.ts'

describe('RFC 8265 §3.3 UsernameCaseMapped', () => {
  test.each([
    ['alice', 'alice', 'alice'],
    ['Alice', 'Alice', 'alice'],
    ['foo.bar+baz_1!', 'foo.bar+baz_1!', 'foo.bar+baz_1!'],
    ['ａｌｉｃｅ', 'ａｌｉｃｅ', 'alice'],
    ['ﾊﾝｶｸ', 'ﾊﾝｶｸ', 'ハンカク'],
    ['ſoo', undefined, undefined],
    ['Cafe\u0301', 'Caf\u00e9', 'caf\u00e9'],
    ['fußball', 'fußball', 'fußball'],
    ['π', 'π', 'π'],
    ['ΣΣ', 'ΣΣ', 'σς'],
    ['日本語', '日本語', '日本語'],
    ['𠮷野', '𠮷野', '𠮷野'],
    ['דוד', 'דוד', 'דוד'],
    ['דוד7', 'דוד7', 'דוד7'],
    ['l·l', 'l·l', 'l·l'],
    ['a', 'a', 'a'],
    ['x'.repeat(64), 'x'.repeat(64), 'x'.repeat(64)],
    ['𠮷'.repeat(64), '𠮷'.repeat(64), '𠮷'.repeat(64)],
  ])('%j', (text, shown, key) => {
    const parsed = parseUsername(text)
    expect(parsed).toEqual(key === undefined ? { fault: 'username_character_refused' } : { shown, key })
  })

  test('upper and lower case, wide and narrow, NFC and NFD are one name', () => {
    const keys = ['José', 'JOSÉ', 'Jose\u0301', 'ＪＯＳＥ\u0301'].map((text) => {
      const parsed = parseUsername(text)
      return 'key' in parsed ? parsed.key : undefined
    })
    expect(new Set(keys)).toEqual(new Set(['josé']))
  })
})

describe('S-L09 what is no name', () => {
  const refused: readonly (readonly [string, string, UsernameFault])[] = [
    ['nothing', '', 'username_empty'],
    ['65 characters', 'x'.repeat(65), 'username_too_long'],
    ['65 characters beyond the BMP', '𠮷'.repeat(65), 'username_too_long'],
    ['a megabyte', 'x'.repeat(1_000_000), 'username_too_long'],
    ['a space', 'a b', 'username_character_refused'],
    ['a wide space', 'a\u3000b', 'username_character_refused'],
    ['a no-break space', 'a\u00a0b', 'username_character_refused'],
    ['an at sign', 'a@b', 'username_character_refused'],
    ['a wide at sign', 'a＠b', 'username_character_refused'],
    ['NUL', 'a\0b', 'username_character_refused'],
    ['a tab', 'a\tb', 'username_character_refused'],
    ['a line end', 'a\n', 'username_character_refused'],
    ['DEL', 'a\x7f', 'username_character_refused'],
    ['a lone high surrogate', 'a\ud800', 'username_character_refused'],
    ['a lone low surrogate', '\udc00a', 'username_character_refused'],
    ['a right-to-left mark', 'a\u200f', 'username_character_refused'],
    ['a right-to-left override', 'a\u202eb', 'username_character_refused'],
    ['an isolate', 'a\u2066b', 'username_character_refused'],
    ['a zero-width space', 'a\u200bb', 'username_character_refused'],
    ['a joiner', 'a\u200db', 'username_character_refused'],
    ['a byte order mark', '\ufeffa', 'username_character_refused'],
    ['a soft hyphen', 'a\u00adb', 'username_character_refused'],
    ['a noncharacter', 'a\ufffe', 'username_character_refused'],
    ['an emoji', '😀', 'username_character_refused'],
    ['a ligature', 'ﬁsh', 'username_character_refused'],
    ['a roman numeral', 'Ⅳ', 'username_character_refused'],
    ['a superscript', 'x²', 'username_character_refused'],
    ['an old Hangul letter', 'ᄀ', 'username_character_refused'],
    ['a half-width Hangul letter', 'ﾡ', 'username_character_refused'],
    ['a dot of Catalan elsewhere', 'a·b', 'username_character_refused'],
    ['a private character', '\ue000', 'username_character_refused'],
    ['two kinds of Arabic digits', 'ا٠۰', 'username_character_refused'],
    ['two directions', 'abcדוד', 'username_direction_refused'],
    ['two directions, the other way round', 'דודabc', 'username_direction_refused'],
    ['a right-to-left name that ends with a sign', 'דוד!', 'username_direction_refused'],
    ['a right-to-left name that begins with a digit', '7דוד', 'username_direction_refused'],
    ['Arabic digits alone', '٠١٢', 'username_direction_refused'],
  ]
  test.each(refused)('%s', (_, text, fault) => {
    expect(parseUsername(text)).toEqual({ fault })
  })

  test('a fault is told without the text', () => {
    expect(usernameFault('username_too_long')).toEqual({
      pointer: '/username',
      code: 'username_too_long',
      detail: 'A username has at most 64 characters.',
    })
  })
})

test('whatever is typed, a name maps to one that maps to itself, and nothing throws', () => {
  const near = fc.string({ unit: 'binary', maxLength: 70 })
  const letters = fc.string({ unit: fc.constantFrom(...'aZéßΣİſﾊＡ\u0301\u05d0٠7l·@ \ud800'), maxLength: 8 })
  fc.assert(
    fc.property(fc.oneof(near, letters), (text) => {
      const name = parseUsername(text)
      if ('fault' in name) return
      expect(name.shown).not.toMatch(/[\p{C}\p{Z}@]/u)
      expect(parseUsername(name.key)).toEqual({ shown: name.key, key: name.key })
      expect(parseUsername(name.shown)).toEqual(name)
    }),
    { numRuns: 2_000 },
  )
})
