/** How many of the oldest are looked at for one that is idle, so that making room takes the same time always. */
const LOOKED_AT = 16

/** A map that never holds more than `limit` keys, in the order of their last write. */
export interface BoundedMap<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
  readonly size: number
}

/**
 * Strangers choose the keys, so there must be an end to them. To make room for a new one, the oldest that is idle goes,
 * since forgetting it changes nothing; only when none of the oldest is idle, the oldest itself.
 */
export function createBoundedMap<V>(limit: number, isIdle: (value: V) => boolean): BoundedMap<V> {
  const entries = new Map<string, V>()

  return {
    get: (key) => entries.get(key),
    set(key, value) {
      entries.delete(key) // so that it becomes the youngest
      if (entries.size >= limit) makeRoom()
      entries.set(key, value)
    },
    delete: (key) => void entries.delete(key),
    get size() {
      return entries.size
    },
  }

  function makeRoom(): void {
    let oldest: string | undefined
    let looked = 0
    for (const [key, value] of entries) {
      oldest ??= key
      if (isIdle(value)) return void entries.delete(key)
      if (++looked === LOOKED_AT) break
    }
    if (oldest !== undefined) entries.delete(oldest)
  }
}
