import type { ProblemFault } from '@countersign/protocol'
import { COMMON_PASSWORDS, SHORT_COMMON_PASSWORDS } from './common-passwords.ts'

/** The most code points that a password has: a bound for the hash, far beyond what anybody types. */
export const PASSWORD_MAX_LENGTH = 256
/** The default least number of code points where the password is the only factor (NIST SP 800-63B-4 §3.1.1.2). */
export const PASSWORD_MIN_LENGTH = 15
/** The least that the minimum may be set to. */
export const PASSWORD_LEAST_MIN_LENGTH = 8

/** Why a password is refused. */
export type PasswordFault =
  | 'password_malformed'
  | 'password_too_short'
  | 'password_too_long'
  | 'password_common'
  | 'password_repeated'
  | 'password_padded'
  | 'password_contains_username'
  | 'password_contains_email'
  | 'password_contains_service_name'

/** What a password is checked against. */
export interface PasswordContext {
  /** In code points. Default 15, at least 8. */
  readonly minLength?: number | undefined
  readonly username?: string | undefined
  readonly email?: string | undefined
  /** The name of the service beside `countersign`, which is always refused. */
  readonly serviceName?: string | undefined
  /** Where in the body the password stands. Default `/password`. */
  readonly pointer?: string | undefined
}

/**
 * The form in which a password is hashed and compared (RFC 8265 §4.2, OpaqueString): every space that is not ASCII
 * becomes one that is, then NFC. Case and the number of spaces stay. Used at setting and at checking alike, or a
 * password typed on a Mac would not open on Linux.
 */
export function normalizePassword(text: string): string {
  return text.replace(/\p{Zs}/gu, ' ').normalize('NFC')
}

/**
 * Every reason to refuse a new password; none when it is good. There are no rules of composition: length and being
 * unguessable are what counts (NIST SP 800-63B-4 §3.1.1.2).
 *
 * Refuses what is shorter than `minLength` or longer than 256 code points; controls, which RFC 8265 §4.2 leaves out,
 * and lone surrogates, which no hash could tell apart; a common password, alone, repeated, or padded with digits or one
 * repeated sign; and what holds the username, the mail address or the service's name, in any case. Unlike the profile
 * it takes invisible characters, without which many an emoji cannot be typed.
 */
export function checkPassword(text: string, context: PasswordContext = {}): readonly ProblemFault[] {
  const minLength = context.minLength ?? PASSWORD_MIN_LENGTH
  if (!(minLength >= PASSWORD_LEAST_MIN_LENGTH)) throw new TypeError('a password has at least 8 characters')
  return faultsOf(text, minLength, context).map((code) => ({
    pointer: context.pointer ?? '/password',
    code,
    detail: code === 'password_too_short' ? `A password has at least ${minLength} characters.` : DETAILS[code],
  }))
}

const DETAILS: Readonly<Record<Exclude<PasswordFault, 'password_too_short'>, string>> = {
  password_malformed: 'A password has no control characters.',
  password_too_long: `A password has at most ${PASSWORD_MAX_LENGTH} characters.`,
  password_common: 'This password is among the most common ones, which are tried first.',
  password_repeated: 'This password is a common one, or a single character, repeated.',
  password_padded: 'This password is a common one with digits or one sign added.',
  password_contains_username: 'A password does not hold the username.',
  password_contains_email: 'A password does not hold the mail address.',
  password_contains_service_name: 'A password does not hold the name of the service.',
}

function faultsOf(text: string, minLength: number, context: PasswordContext): readonly PasswordFault[] {
  // Code units first: nothing long is normalised or searched.
  if (text.length > PASSWORD_MAX_LENGTH * 4) return ['password_too_long']
  const password = normalizePassword(text)
  const length = [...password].length
  if (length > PASSWORD_MAX_LENGTH) return ['password_too_long']

  const faults: PasswordFault[] = []
  if (!password.isWellFormed() || /[\p{Cc}\p{Noncharacter_Code_Point}]/u.test(password)) {
    faults.push('password_malformed')
  }
  if (length < minLength) faults.push('password_too_short')
  const folded = fold(password)
  const name = fold(context.username ?? '')
  const guessable = guessableForm(folded, name)
  if (guessable !== undefined) faults.push(guessable)
  for (const { code, words } of personalWords(name, context)) {
    if (words.some((word) => folded.includes(word))) faults.push(code)
  }
  return faults
}

/** The form in which passwords are searched: case, width and invisible characters make no better password. */
function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
}

/** Words below this length are in too many innocent passwords to be refused inside one. */
const LEAST_WORD = 4

function personalWords(
  name: string,
  context: PasswordContext,
): readonly { readonly code: PasswordFault; readonly words: readonly string[] }[] {
  const email = fold(context.email ?? '')
  const long = (word: string) => word.length >= LEAST_WORD
  return [
    { code: 'password_contains_username', words: [name].filter(long) },
    {
      code: 'password_contains_email',
      words: [email, email.slice(0, Math.max(0, email.lastIndexOf('@')))].filter(long),
    },
    {
      code: 'password_contains_service_name',
      words: ['countersign', fold(context.serviceName ?? '')].filter(long),
    },
  ]
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/)
const COMMON: ReadonlySet<string> = new Set(words(COMMON_PASSWORDS))
const BASES: ReadonlySet<string> = new Set([...COMMON, ...words(SHORT_COMMON_PASSWORDS)])
const BASE_LENGTHS: readonly number[] = [...new Set([...BASES].map((word) => word.length))].sort((a, b) => a - b)

/** Digits, one repeated sign, or both. */
const PADDING = /^(?:(?:(.)\1*)?\d*|\d*(?:(.)\2*)?)$/su

/** Whether a folded password is a common one (or the username), as it is, repeated, or padded. */
function guessableForm(folded: string, name: string): PasswordFault | undefined {
  if (COMMON.has(folded)) return 'password_common'
  if (/^([\x20-\x7e])\1*$/.test(folded)) return 'password_repeated'
  const lengths = name === '' ? BASE_LENGTHS : [...BASE_LENGTHS, name.length]
  let found: PasswordFault | undefined
  for (let start = 0; start < folded.length; start++) {
    if (!PADDING.test(folded.slice(0, start))) break
    for (const length of lengths) {
      const word = folded.slice(start, start + length)
      if (word.length < length || word === folded || !(BASES.has(word) || word === name)) continue
      let end = start + length
      while (folded.startsWith(word, end)) end += length
      const rest = folded.slice(end)
      // "passwordpasswordpass" is no better than the whole word once more.
      if (start === 0 && word.startsWith(rest)) return 'password_repeated'
      if (PADDING.test(rest)) found ??= 'password_padded'
    }
  }
  return found
}
