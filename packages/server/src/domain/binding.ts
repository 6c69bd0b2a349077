import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * The browser's binding: what the cookie `__Host-csn_b` holds. It is the session id and 16 random bytes, written at
 * log-in and never by a refresh. The row keeps its hash, and the refresh cookie is *named* by that hash, so that
 *
 * - a sibling subdomain cannot plant a refresh cookie that is read: its name is a secret of the browser, and the
 *   `__Host-` prefix keeps the binding itself from being planted;
 * - a late answer to an earlier account's refresh lands under a name that nobody reads.
 */
export interface Binding {
  /** The cookie's value. */
  readonly text: string
  /** SHA-256 of the text: what the row keeps. */
  readonly hash: Uint8Array
  readonly sid: Uint8Array
}

const BYTES = 32
const TEXT = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

export function createBinding(sid: Uint8Array, random: Uint8Array): Binding {
  if (random.length !== BYTES - sid.length) throw new TypeError('a binding takes 16 random bytes')
  return readBinding(Buffer.concat([sid, random]).toString('base64url')) as Binding
}

/** The binding that a cookie's value is, or `undefined` for anything else. */
export function readBinding(text: string): Binding | undefined {
  if (!TEXT.test(text)) return undefined
  const sid = new Uint8Array(Buffer.from(text, 'base64url').subarray(0, 16))
  return { text, hash: new Uint8Array(createHash('sha256').update(text).digest()), sid }
}

/** The eight characters by which the refresh cookie of a binding is named. */
export function bindingName(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('base64url').slice(0, 8)
}

/** Equal, in constant time; two absent ones are equal too. */
export function sameBinding(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.length === other.length && timingSafeEqual(one, other)
}
