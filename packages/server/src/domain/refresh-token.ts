/**
 * The refresh token: opaque to everybody else, sealed by us.
 *
 *     csn_rt_ | base62( version:1 | mac_kid:1 | sid:16 | generation:4 | secret:16 | mac:16 ) | base62( crc32 )
 *             73 characters                                                               6 characters
 *
 * (1) The checksum comes first: a typo or a scanner's junk costs two microseconds.
 * (2) The MAC comes before the database: junk never reaches it, a token of an old generation is provably ours, and
 *     knowing a session's id (it stands in every access token) lets nobody end it with rubbish.
 * (3) The successor is derived, never stored: whoever presents the same token gets the same bytes, so a lost answer
 *     can be repeated, and concurrent refreshes agree.
 * (4) Nothing stored is enough to make a token: the row has only SHA-256 of generation and secret.
 */
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { PREFIXES } from '@countersign/protocol'
import { decodeBase62, encodeBase62 } from './base62.ts'
import type { MasterKeys } from './master-keys.ts'

const VERSION = 1
const BODY_BYTES = 54
const MAC_BYTES = 16
const SIGNED_BYTES = BODY_BYTES - MAC_BYTES
const BODY_DIGITS = 73
const CRC_DIGITS = 6
const LENGTH = PREFIXES.refreshToken.length + BODY_DIGITS + CRC_DIGITS
const LAST_GENERATION = 0x7fff_fffe

/** What a refresh token says, once its seal has proved good. */
export interface RefreshToken {
  readonly macKid: number
  readonly sid: Uint8Array
  readonly generation: number
  readonly secret: Uint8Array
}

/** What opening a text found. `unknown_key`: well-formed, but sealed under a master key that is not held here. */
export type Opened =
  | { readonly outcome: 'opened'; readonly token: RefreshToken }
  | { readonly outcome: 'invalid' }
  | { readonly outcome: 'unknown_key'; readonly macKid: number }

const INVALID: Opened = { outcome: 'invalid' }

/** Seals and opens refresh tokens. Holds the master keys, and nothing that changes. */
export interface Sealer {
  readonly activeKid: number
  open(text: string): Opened
  /** @param macKid the master key to seal under: that of the row, so that every service seals the same bytes */
  seal(token: Omit<RefreshToken, 'macKid'>, macKid: number): string
  /** The next generation, derived under the key of the token that was presented. */
  successor(token: RefreshToken): Omit<RefreshToken, 'macKid'>
  /** What a row keeps of a token. */
  hash(token: Omit<RefreshToken, 'macKid'>): Uint8Array
  /**
   * A number in [0, 1) fixed for one generation of one session, and another for its repeated and kept answers: lifetimes
   * that differ from rotation to rotation make a thief who keeps time with his victim fall out of step, and a value
   * drawn anew at each answer would let him ask until he has the longest.
   */
  jitter(sid: Uint8Array, generation: number, answer: 'first' | 'grace', macKid: number): number
}

export function createSealer(masterKeys: MasterKeys): Sealer {
  // Made once: bytes in place of a key object make this Node throw and catch an error inside every `createHmac`.
  const keys = new Map<string, KeyObject>()

  function findKey(kid: number, label: 'rt-mac-v1' | 'rt-next-v1'): KeyObject | undefined {
    const name = `${kid}/${label}`
    const known = keys.get(name)
    if (known !== undefined) return known
    const bytes = masterKeys.derive(kid, label)
    if (bytes === undefined) return undefined
    const key = createSecretKey(bytes)
    keys.set(name, key)
    return key
  }

  function keyOf(kid: number, label: 'rt-mac-v1' | 'rt-next-v1'): KeyObject {
    const key = findKey(kid, label)
    if (key === undefined) throw new Error('a token was to be sealed under a master key that is not held')
    return key
  }

  return {
    activeKid: masterKeys.activeId,

    open(text) {
      if (text.length !== LENGTH || !text.startsWith(PREFIXES.refreshToken)) return INVALID
      const checked = text.slice(0, LENGTH - CRC_DIGITS)
      if (text.slice(-CRC_DIGITS) !== checksum(checked)) return INVALID
      const body = decodeBase62(checked.slice(PREFIXES.refreshToken.length), BODY_BYTES)
      if (body === undefined || body[0] !== VERSION) return INVALID
      const macKid = body[1] as number
      const key = findKey(macKid, 'rt-mac-v1')
      if (key === undefined) return { outcome: 'unknown_key', macKid }
      const mac = hmac(key, body.subarray(0, SIGNED_BYTES)).subarray(0, MAC_BYTES)
      if (!timingSafeEqual(mac, body.subarray(SIGNED_BYTES))) return INVALID
      const view = new DataView(body.buffer)
      const generation = view.getUint32(18)
      if (generation > LAST_GENERATION) return INVALID
      return { outcome: 'opened', token: { macKid, sid: body.slice(2, 18), generation, secret: body.slice(22, 38) } }
    },

    seal(token, macKid) {
      const body = new Uint8Array(BODY_BYTES)
      body[0] = VERSION
      body[1] = macKid
      body.set(token.sid, 2)
      new DataView(body.buffer).setUint32(18, token.generation)
      body.set(token.secret, 22)
      body.set(hmac(keyOf(macKid, 'rt-mac-v1'), body.subarray(0, SIGNED_BYTES)).subarray(0, MAC_BYTES), SIGNED_BYTES)
      const checked = PREFIXES.refreshToken + encodeBase62(body, BODY_DIGITS)
      return checked + checksum(checked)
    },

    successor(token) {
      const generation = token.generation + 1
      const secret = hmac(keyOf(token.macKid, 'rt-next-v1'), token.sid, uint32(generation), token.secret)
      return { sid: token.sid, generation, secret: new Uint8Array(secret.subarray(0, 16)) }
    },

    hash: (token) => createHash('sha256').update(uint32(token.generation)).update(token.secret).digest(),

    jitter(sid, generation, answer, macKid) {
      const bytes = hmac(keyOf(macKid, 'rt-mac-v1'), sid, uint32(generation), Buffer.from(answer))
      return bytes.readUInt32BE(0) / 0x1_0000_0000
    },
  }
}

function checksum(text: string): string {
  return encodeBase62(uint32(crc32(text)), CRC_DIGITS)
}

function hmac(key: KeyObject, ...parts: readonly Uint8Array[]): Buffer {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
