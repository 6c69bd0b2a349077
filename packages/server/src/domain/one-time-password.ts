/** Milliseconds that a one-time password is good for: 24 hours. */
export const ONE_TIME_LIFETIME: number = 24 * 60 * 60 * 1000

/** How many random bytes a one-time password is made of. Five bits of each count: 140 bits. */
export const ONE_TIME_BYTES = 28

/** Crockford's base 32 in lower case: no letter that looks like a digit. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * A password that people can read out and type: seven groups of four. It logs nobody in; it only lets its owner choose
 * a password.
 *
 * @param random {@link ONE_TIME_BYTES} bytes that nobody can predict
 */
export function writeOneTimePassword(random: Uint8Array): string {
  if (random.length !== ONE_TIME_BYTES) throw new TypeError('a one-time password takes 28 random bytes')
  // 256 is a multiple of 32, so no character is likelier than another.
  const text = Array.from(random, (byte) => ALPHABET[byte & 31]).join('')
  return (text.match(/.{4}/g) ?? []).join('-')
}
