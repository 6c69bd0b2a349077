import { createHash } from 'node:crypto'

/**
 * Ids of accounts and sessions: 16 bytes, of which the first two are the slot and fourteen are random. A slot is where a
 * row lives once there are several databases, so every path knows it before its first query. 112 random bits name
 * things; they open nothing.
 */
export const SLOTS = 16_384
const ID_BYTES = 16
const ID_TEXT = /^[A-Za-z0-9_-]{21}[AQgw]$/

export function newId(slot: number, random: Uint8Array): Uint8Array {
  if (random.length !== ID_BYTES - 2) throw new TypeError('an id takes 14 random bytes')
  const id = new Uint8Array(ID_BYTES)
  id[0] = slot >> 8
  id[1] = slot & 255
  id.set(random, 2)
  return id
}

/** The slot that two random bytes draw. */
export function randomSlot(random: Uint8Array): number {
  return (((random[0] ?? 0) << 8) | (random[1] ?? 0)) % SLOTS
}

export function slotOf(id: Uint8Array): number {
  return ((id[0] ?? 0) << 8) | (id[1] ?? 0)
}

/** The slot of a text that is no id, such as a username. */
export function slotOfText(text: string): number {
  return createHash('sha256').update(text, 'utf8').digest().readUInt16BE(0) % SLOTS
}

export function encodeId(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('base64url')
}

/** The id that a text names, or `undefined`: exactly one text names an id (RFC 4648 §3.5). */
export function decodeId(text: string): Uint8Array | undefined {
  if (!ID_TEXT.test(text)) return undefined
  const id = new Uint8Array(Buffer.from(text, 'base64url'))
  return slotOf(id) < SLOTS ? id : undefined
}
