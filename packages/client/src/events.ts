import type { Platform } from './platform.ts'

/** Tells listeners what changed. */
export interface Events<T> {
  readonly on: (listener: (value: T) => void) => () => void
  readonly tell: (value: T) => void
}

/**
 * Listeners run in microtasks and are never awaited, so that one may call the client without waiting for itself, and
 * one that throws stops nobody.
 */
export function createEvents<T>(platform: Platform): Events<T> {
  const listeners = new Set<{ readonly call: (value: T) => void }>()
  return {
    on(call) {
      // An entry for each call, so that a function that is added twice is taken off once at a time.
      const entry = { call }
      listeners.add(entry)
      return () => {
        listeners.delete(entry)
      }
    },
    tell(value) {
      for (const entry of listeners) {
        queueMicrotask(() => {
          if (!listeners.has(entry)) return
          try {
            entry.call(value)
          } catch (error) {
            platform.report(error)
          }
        })
      }
    },
  }
}
