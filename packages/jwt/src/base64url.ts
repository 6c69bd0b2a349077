const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const FOREIGN = 255

/** The value of each character of the alphabet, by its code; {@link FOREIGN} for every other. */
const VALUE = new Uint8Array(256).fill(FOREIGN)
for (let value = 0; value < ALPHABET.length; value++) VALUE[ALPHABET.charCodeAt(value)] = value

const valueAt = (text: string, index: number): number => VALUE[text.charCodeAt(index)] ?? FOREIGN

/**
 * Decodes canonical base64url without padding (RFC 4648 §5, RFC 7515 §2), or gives undefined.
 *
 * Each byte sequence has exactly one text: another character, padding, white space and spare bits that are not zero
 * (RFC 4648 §3.5) are all refused, so that one token cannot be written in several ways.
 */
export function decodeBase64url(text: string, from = 0, to: number = text.length): Buffer<ArrayBuffer> | undefined {
  const length = to - from
  const tail = length & 3
  if (tail === 1 || length < 0) return undefined

  const bytes = Buffer.allocUnsafeSlow(Math.floor((length * 3) / 4))
  const whole = to - tail
  let seen = 0 // bit 6 or 7 of it appears if and only if a character was foreign
  let at = 0
  let read = from
  for (; read < whole; read += 4) {
    const a = valueAt(text, read)
    const b = valueAt(text, read + 1)
    const c = valueAt(text, read + 2)
    const d = valueAt(text, read + 3)
    seen |= a | b | c | d
    bytes[at++] = (a << 2) | (b >> 4)
    bytes[at++] = (b << 4) | (c >> 2)
    bytes[at++] = (c << 6) | d
  }
  if (tail !== 0) {
    const a = valueAt(text, read)
    const b = valueAt(text, read + 1)
    const c = tail === 3 ? valueAt(text, read + 2) : 0
    seen |= a | b | c
    if ((tail === 2 ? b & 15 : c & 3) !== 0) return undefined
    bytes[at++] = (a << 2) | (b >> 4)
    if (tail === 3) bytes[at++] = (b << 4) | (c >> 2)
  }
  return (seen & 192) === 0 ? bytes : undefined
}

/** Encodes bytes, or a text as UTF-8, to base64url without padding (RFC 7515 §2). */
export function encodeBase64url(content: Uint8Array | string): string {
  const bytes =
    typeof content === 'string'
      ? Buffer.from(content, 'utf8')
      : Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  return bytes.toString('base64url')
}
