const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
// Eight digits of base 62 stay below 2^53, so most of the work needs no big numbers.
const CHUNK = 8
const CHUNK_VALUE = 62n ** BigInt(CHUNK)

const VALUES: Int8Array = (() => {
  const values = new Int8Array(128).fill(-1)
  for (let i = 0; i < DIGITS.length; i++) values[DIGITS.charCodeAt(i)] = i
  return values
})()

/** Writes bytes, read as one big-endian number, in `width` digits, padded on the left. */
export function encodeBase62(bytes: Uint8Array, width: number): string {
  let rest = bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  let text = ''
  while (text.length < width) {
    let chunk = Number(rest % CHUNK_VALUE)
    rest /= CHUNK_VALUE
    for (let i = 0; i < CHUNK && text.length < width; i++) {
      text = DIGITS.charAt(chunk % 62) + text
      chunk = Math.floor(chunk / 62)
    }
  }
  if (rest !== 0n) throw new RangeError('the number does not fit')
  return text
}

/** Reads digits back into `length` bytes; `undefined` for a foreign character or a number that is too large. */
export function decodeBase62(text: string, length: number): Uint8Array | undefined {
  let number = 0n
  for (let from = 0; from < text.length; from += CHUNK) {
    const part = text.slice(from, from + CHUNK)
    let chunk = 0
    for (let i = 0; i < part.length; i++) {
      const value = VALUES[part.charCodeAt(i)] ?? -1
      if (value < 0) return undefined
      chunk = chunk * 62 + value
    }
    number = number * 62n ** BigInt(part.length) + BigInt(chunk)
  }
  if (number >> BigInt(length * 8) !== 0n) return undefined
  return new Uint8Array(Buffer.from(number.toString(16).padStart(length * 2, '0'), 'hex'))
}
