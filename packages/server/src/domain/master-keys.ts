import { createHash, hkdfSync } from 'node:crypto'

/** What is derived from a master key, each under its own label (RFC 5869), so that no use can serve for another. */
export type DerivedKey = 'kek-v1' | 'rt-mac-v1' | 'rt-next-v1' | 'ident-v1' | 'audit-v1' | 'device-v1'

/**
 * The secrets from which all others of the service derive. Several may be held at once while one is being rolled; the
 * first is the active one. Prints as its ids.
 */
export interface MasterKeys {
  readonly activeId: number
  readonly ids: readonly number[]
  /** 32 bytes, or `undefined` for an id that is not held. */
  derive(id: number, label: DerivedKey): Uint8Array | undefined
  /** The same under the active key. */
  deriveActive(label: DerivedKey): Uint8Array
  /** A text that tells one master key from another and says nothing about it. */
  fingerprint(id: number): string | undefined
}

const LEAST_BYTES = 32

/**
 * Reads `2:base64,1:base64`: the active key first. Ids are 1 to 255, because a refresh token carries one in a byte.
 *
 * @throws {TypeError} which says what is wrong and nothing of the text
 */
export function parseMasterKeys(text: string): MasterKeys {
  const secrets = new Map<number, Buffer>()
  for (const entry of text.split(',')) {
    const [, id, secret] = /^([0-9]{1,3}):([A-Za-z0-9+/_-]+={0,2})$/.exec(entry.trim()) ?? []
    if (id === undefined || secret === undefined) throw new TypeError('master keys are written as 1:base64,2:base64')
    const number = Number(id)
    if (number < 1 || number > 255) throw new TypeError('the id of a master key is 1 to 255')
    if (secrets.has(number)) throw new TypeError('two master keys have one id')
    const bytes = Buffer.from(secret, 'base64')
    if (bytes.length < LEAST_BYTES) throw new TypeError('a master key has at least 32 bytes')
    if (new Set(bytes).size < 8) throw new TypeError('a master key must be random')
    secrets.set(number, bytes)
  }
  return createMasterKeys(secrets)
}

/** @param secrets by id, the active one first */
export function createMasterKeys(secrets: ReadonlyMap<number, Uint8Array>): MasterKeys {
  const ids = [...secrets.keys()]
  const activeId = ids[0]
  if (activeId === undefined) throw new TypeError('at least one master key is needed')
  // Derived once and kept: HKDF costs more than the MAC that it is for.
  const derived = new Map<string, Uint8Array>()

  function derive(id: number, label: DerivedKey): Uint8Array | undefined {
    const secret = secrets.get(id)
    if (secret === undefined) return undefined
    const name = `${id}/${label}`
    let key = derived.get(name)
    if (key === undefined) {
      key = new Uint8Array(hkdfSync('sha256', secret, '', label, 32))
      derived.set(name, key)
    }
    return key
  }

  return {
    activeId,
    ids,
    derive,
    deriveActive: (label) => derive(activeId, label) as Uint8Array,
    fingerprint(id) {
      const secret = secrets.get(id)
      if (secret === undefined) return undefined
      const key = new Uint8Array(hkdfSync('sha256', secret, '', 'fingerprint-v1', 16))
      return createHash('sha256').update(key).digest('base64url').slice(0, 22)
    },
  }
}
