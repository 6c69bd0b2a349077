import type { KeyStore, StoredKey } from '../../ports/key-store.ts'
import type { MemoryState } from './state.ts'

/** No method awaits between its reads and its writes, so each is one atomic step. */
export function createMemoryKeyStore({ keys }: MemoryState): KeyStore {
  return {
    async list() {
      return [...keys.values()].sort((a, b) => a.publishAt - b.publishAt || compareTexts(a.kid, b.kid))
    },

    async insert(key) {
      return insert(key)
    },

    async activate(kid, expected, activateAt, successor) {
      const key = keys.get(kid)
      if (key === undefined || key.activateAt !== expected) return false
      keys.set(kid, { ...key, activateAt })
      insert(successor)
      return true
    },

    async rewrap(kid, from, to) {
      const key = keys.get(kid)
      if (key === undefined || Buffer.compare(key.wrapped, from) !== 0) return false
      keys.set(kid, { ...key, wrapped: to })
      return true
    },

    async remove(kid) {
      keys.delete(kid)
    },
  }

  function insert(key: StoredKey): boolean {
    if (keys.has(key.kid) || [...keys.values()].some((other) => isSamePlace(other, key))) return false
    keys.set(key.kid, key)
    return true
  }
}

function isSamePlace(a: StoredKey, b: StoredKey): boolean {
  return a.purpose === b.purpose && a.alg === b.alg && a.epoch === b.epoch && a.rev === b.rev
}

/** By bytes, as a database does. */
function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
