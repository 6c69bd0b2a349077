/**
 * Private keys at rest: sealed by AES-256-GCM (NIST SP 800-38D) under a key that derives from a master key.
 *
 *     version:1 | master key id:1 | iv:12 | ciphertext | tag:16
 *
 * The issuer, the key's id, its algorithm and its purpose are authenticated with it. So whoever can write to the
 * database cannot make a secret that one audience holds sign for another by moving the ciphertext to its row.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { MasterKeys } from './master-keys.ts'

/** Which row a sealed key belongs to. */
export interface SealedFor {
  readonly issuer: string
  readonly kid: string
  readonly alg: string
  readonly purpose: string
}

/** Random bytes that a seal takes. They are used once: GCM loses all its strength when one is used twice. */
export const IV_BYTES = 12

const CIPHER = 'aes-256-gcm'
const VERSION = 1
const HEADER_BYTES = 2
const TAG_BYTES = 16

/**
 * What is wrong with the master keys, in a word. None of it tells anything of a key.
 *
 * `key_changed`: an id stands for another key than before. `key_missing`: something is sealed under an id that is not
 * held. `unreadable`: a sealed key does not open, so it was altered, moved, or sealed by another service.
 */
export type MasterKeyFault = 'key_changed' | 'key_missing' | 'unreadable'

const FAULTS: Readonly<Record<MasterKeyFault, string>> = {
  key_changed: 'is not the key that had this id before',
  key_missing: 'is missing, and something is still sealed under it',
  unreadable: 'does not open what was sealed under its id',
}

/** The master keys do not fit the data. The service must not start, nor make new keys in silence. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError'
  readonly fault: MasterKeyFault
  /** The id of the master key. */
  readonly id: number

  constructor(fault: MasterKeyFault, id: number) {
    super(`master key ${id} ${FAULTS[fault]}`)
    this.fault = fault
    this.id = id
  }
}

/** Seals `plain` under the active master key. @param iv 12 random bytes, never used before */
export function sealKey(masterKeys: MasterKeys, plain: Uint8Array, to: SealedFor, iv: Uint8Array): Uint8Array {
  if (iv.length !== IV_BYTES) throw new TypeError(`a seal takes ${IV_BYTES} random bytes`)
  const header = Uint8Array.of(VERSION, masterKeys.activeId)
  const cipher = createCipheriv(CIPHER, masterKeys.deriveActive('kek-v1'), iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(authenticated(header, to))
  const sealed = Buffer.concat([header, iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return new Uint8Array(sealed)
}

/** @throws {MasterKeyError} `key_missing`, `unreadable` */
export function openKey(masterKeys: MasterKeys, sealed: Uint8Array, to: SealedFor): Uint8Array {
  const id = sealedUnder(sealed)
  if (sealed.length < HEADER_BYTES + IV_BYTES + TAG_BYTES || sealed[0] !== VERSION) {
    throw new MasterKeyError('unreadable', id)
  }
  const key = masterKeys.derive(id, 'kek-v1')
  if (key === undefined) throw new MasterKeyError('key_missing', id)

  const body = HEADER_BYTES + IV_BYTES
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(HEADER_BYTES, body), { authTagLength: TAG_BYTES })
  decipher.setAAD(authenticated(sealed.subarray(0, HEADER_BYTES), to))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(body, -TAG_BYTES)), decipher.final()]))
  } catch {
    throw new MasterKeyError('unreadable', id)
  }
}

/** The id of the master key under which it was sealed; 0, which none has, for what is no seal. */
export function sealedUnder(sealed: Uint8Array): number {
  return sealed[1] ?? 0
}

/** Every part stands behind its length, so that no two rows have one text: an issuer may hold any separator. */
function authenticated(header: Uint8Array, { issuer, kid, alg, purpose }: SealedFor): Uint8Array {
  const parts = [issuer, kid, alg, purpose].flatMap((part) => {
    const bytes = Buffer.from(part, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return [length, bytes]
  })
  return Buffer.concat([header, ...parts])
}
