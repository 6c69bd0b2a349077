import { SECRET_PATTERN } from '@countersign/protocol'

const LONGEST = 256
/** Enough that no secret is cut in two before it is looked for. */
const LONGEST_READ = 8_192
/** Controls, line and paragraph separators, what turns the direction of writing, what is not seen, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}]/gu
/** Three parts of base64url, the first of which is a JSON object: a JWS, or the beginning of a JWE. */
const TOKEN = /\beyJ[\w-]{8,}\.[\w-]*\.[\w-]*/g

/**
 * A foreign text, fit to stand in a log: no sign that a terminal or a log reader obeys, no secret or token of ours, not
 * endless. What was taken out shows: an escape stays readable and cannot pass for text of the log itself.
 */
export function printable(text: string): string {
  return text
    .slice(0, LONGEST_READ)
    .replace(SECRET_PATTERN, '[secret]')
    .replace(TOKEN, '[token]')
    .slice(0, LONGEST)
    .replace(UNPRINTABLE, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`)
}
