import type { ProblemFault } from '@countersign/protocol'

/** A name of an account: as its owner typed it, and as it is compared. */
export interface Username {
  /** As typed, in NFC: two spellings of the same characters are the same text. */
  readonly shown: string
  /** Mapped (RFC 8265 §3.3, UsernameCaseMapped): unique, and what log-in looks up. */
  readonly key: string
}

/** Why a text is no username. */
export type UsernameFault =
  | 'username_empty'
  | 'username_too_long'
  | 'username_character_refused'
  | 'username_direction_refused'

/** The most code points that a username has, as typed and as mapped. */
export const USERNAME_MAX_LENGTH = 64

/**
 * Reads a username by the profile UsernameCaseMapped of RFC 8265 §3.3: width mapping, lower case, NFC, then the rules
 * of the IdentifierClass (RFC 8264 §4.2) and of direction (RFC 5893 §2).
 *
 * Refuses spaces, controls, symbols and punctuation beyond ASCII, compatibility forms, invisible characters, lone
 * surrogates and, on top of the profile, `@`: a name must never look like a mail address.
 */
export function parseUsername(text: string): Username | { readonly fault: UsernameFault } {
  if (text === '') return { fault: 'username_empty' }
  // Code units first: a code point has at most two, so nothing long is ever mapped.
  if (text.length > USERNAME_MAX_LENGTH * 2) return { fault: 'username_too_long' }
  if (!text.isWellFormed()) return { fault: 'username_character_refused' }

  const shown = text.normalize('NFC')
  const key = mapped(shown)
  if ([...shown].length > USERNAME_MAX_LENGTH || [...key].length > USERNAME_MAX_LENGTH) {
    return { fault: 'username_too_long' }
  }
  // A form that maps on to another one would be two accounts or none, depending on who asks (RFC 8264 §7).
  if (mapped(key) !== key) return { fault: 'username_character_refused' }
  if (!isIdentifier(key)) return { fault: 'username_character_refused' }
  if (!hasOneDirection(key)) return { fault: 'username_direction_refused' }
  return { shown, key }
}

/** The fault as it is told. */
export function usernameFault(fault: UsernameFault, pointer = '/username'): ProblemFault {
  return { pointer, code: fault, detail: DETAILS[fault] }
}

const DETAILS: Readonly<Record<UsernameFault, string>> = {
  username_empty: 'A username has at least one character.',
  username_too_long: `A username has at most ${USERNAME_MAX_LENGTH} characters.`,
  username_character_refused: 'A username has letters, digits and printable ASCII signs; no spaces and no at sign.',
  username_direction_refused: 'A username is written in one direction.',
}

/** RFC 8265 §3.3.1 steps 1, 3 and 4. */
function mapped(text: string): string {
  return text
    .replace(WIDE_OR_NARROW, (character) => character.normalize('NFKC'))
    .toLowerCase()
    .normalize('NFC')
}

// The code points with a <wide> or <narrow> decomposition. For the few whose NFKC goes further than that one step
// (half-width Hangul, some symbols) both results are refused by the IdentifierClass.
const WIDE_OR_NARROW = /[\u3000\uff01-\uffee]/gu

/** RFC 8264 §8: the properties in their order. What no rule allows is refused. */
function isIdentifier(text: string): boolean {
  const characters = [...text]
  return characters.every((character, index) => {
    if (character === '@') return false
    if (EXCEPTIONS_ALLOWED.test(character)) return true
    if (EXCEPTIONS_REFUSED.test(character)) return false
    const context = CONTEXTS.find(({ of }) => of.test(character))
    if (context !== undefined) return context.allows(characters, index)
    if (ASCII_VISIBLE.test(character)) return true
    if (IGNORABLE.test(character) || OLD_HANGUL_JAMO.test(character)) return false
    // A compatibility form would be a second spelling of another character (§9.17, HasCompat).
    return character.normalize('NFKC') === character && LETTER_OR_DIGIT.test(character)
  })
}

const ASCII_VISIBLE = /^[\x21-\x7e]$/
const LETTER_OR_DIGIT = /^[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]$/u
const IGNORABLE = /^[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]$/u
const OLD_HANGUL_JAMO = /^[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7c6\ud7cb-\ud7fb]$/u
// RFC 5892 §2.6, which RFC 8264 §9.6 takes over.
const EXCEPTIONS_ALLOWED = /^[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]$/u
const EXCEPTIONS_REFUSED = /^[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]$/u

interface Context {
  readonly of: RegExp
  allows(characters: readonly string[], index: number): boolean
}

/** The contextual rules of RFC 5892 appendix A. Joiners are always refused: nobody could see them. */
const CONTEXTS: readonly Context[] = [
  { of: /^[\u200c\u200d]$/u, allows: () => false },
  { of: /^\u00b7$/u, allows: (all, at) => all[at - 1] === 'l' && all[at + 1] === 'l' },
  { of: /^\u0375$/u, allows: (all, at) => /^\p{Script=Greek}$/u.test(all[at + 1] ?? '') },
  { of: /^[\u05f3\u05f4]$/u, allows: (all, at) => /^\p{Script=Hebrew}$/u.test(all[at - 1] ?? '') },
  {
    of: /^\u30fb$/u,
    allows: (all) => all.some((other) => /^[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]$/u.test(other)),
  },
  { of: /^[\u0660-\u0669]$/u, allows: (all) => !all.some((other) => /^[\u06f0-\u06f9]$/u.test(other)) },
  { of: /^[\u06f0-\u06f9]$/u, allows: (all) => !all.some((other) => /^[\u0660-\u0669]$/u.test(other)) },
]

const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Samaritan}\p{Script=Mandaic}\p{Script=Adlam}\p{Script=Hanifi_Rohingya}\p{Script=Mende_Kikakui}\p{Script=Yezidi}]/u
const ARABIC_DIGIT = /[\u0660-\u0669]/u
const MARK = /\p{Mn}/u

/**
 * The Bidi Rule (RFC 5893 §2), with the script in place of the bidirectional class, which no property escape gives: a
 * name with a right-to-left letter begins with one, has no left-to-right letter, ends with a letter or digit and has
 * digits of one kind.
 */
function hasOneDirection(text: string): boolean {
  const characters = [...text]
  if (!characters.some((one) => RIGHT_TO_LEFT.test(one) || ARABIC_DIGIT.test(one))) return true
  const spoken = characters.filter((one) => !MARK.test(one))
  const letter = (one: string | undefined) => one !== undefined && RIGHT_TO_LEFT.test(one) && /\p{L}/u.test(one)
  const last = spoken.at(-1)
  return (
    letter(characters[0]) &&
    (letter(last) || (last !== undefined && /\p{Nd}/u.test(last))) &&
    spoken.every((one) => letter(one) || /^[\p{Nd}\x21-\x7e]$/u.test(one)) &&
    !spoken.some((one) => /[A-Za-z]/.test(one)) &&
    !(spoken.some((one) => ARABIC_DIGIT.test(one)) && spoken.some((one) => /[0-9\u06f0-\u06f9]/.test(one)))
  )
}
