import type { MetaStore } from '../../ports/meta-store.ts'
import type { MemoryState } from './state.ts'

export function createMemoryMetaStore({ meta }: MemoryState): MetaStore {
  return {
    async get(name) {
      return meta.get(name)
    },

    async setOnce(name, value) {
      const there = meta.get(name)
      if (there !== undefined) return there
      meta.set(name, value)
      return value
    },

    async set(name, value) {
      meta.set(name, value)
    },
  }
}
