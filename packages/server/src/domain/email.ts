import type { ProblemFault } from '@countersign/protocol'

/** The most characters of an address that SMTP carries (RFC 5321 §4.5.3.1.3, less the angle brackets). */
export const EMAIL_MAX_LENGTH = 254

/**
 * Reads one mail address and folds it: outer white space goes, the text is put into NFC, and the domain is lower-cased,
 * since DNS does not tell cases apart. The local part stays as typed, because only its own host may say what it means
 * (RFC 5321 §2.4): no dot and no `+` is ever dropped, or two people could share an account.
 *
 * Refuses, rather than repairs, what could make a mail header say more than one address: line ends and other controls,
 * spaces, commas, semicolons, angle brackets, display names, comments, quoted local parts and address literals.
 *
 * @returns `undefined` for what is refused
 */
export function parseEmail(text: string): string | undefined {
  if (text.length > EMAIL_MAX_LENGTH * 2 || !text.isWellFormed()) return undefined
  // Only spaces are cut off at the ends: a line end is an attempt, not a slip.
  const trimmed = text.replace(/^ +| +$/g, '').normalize('NFC')
  const at = trimmed.indexOf('@')
  const local = trimmed.slice(0, at)
  const domain = trimmed.slice(at + 1).toLowerCase()
  if (at < 1 || !LOCAL.test(local) || !isDomain(domain)) return undefined
  const email = `${local}@${domain}`
  const bytes = Buffer.byteLength(email, 'utf8')
  return bytes <= EMAIL_MAX_LENGTH && Buffer.byteLength(local, 'utf8') <= LOCAL_MAX_LENGTH ? email : undefined
}

/** The fault of a text that {@link parseEmail} refuses. */
export function emailFault(pointer = '/email'): ProblemFault {
  return { pointer, code: 'email_invalid', detail: 'This is not one plain mail address.' }
}

const LOCAL_MAX_LENGTH = 64

// RFC 5321 §4.1.2 Dot-string, with the letters and marks of RFC 6531 §3.3 beyond ASCII.
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\p{L}\p{M}\p{N}-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\p{L}\p{M}\p{N}-]+)*$/u

// RFC 1034 §3.5 labels, with the letters of internationalised names.
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?$/u

function isDomain(text: string): boolean {
  const labels = text.split('.')
  return (
    labels.length >= 2 && labels.every((label) => label.length <= 63 && LABEL.test(label)) && !/^[0-9.]+$/.test(text)
  )
}
