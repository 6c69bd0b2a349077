import type { Platform } from '../../packages/verifier/src/platform.ts'

/** A platform whose time the test moves. Timers run in their order. */
export interface SimulatedPlatform extends Platform {
  advance(seconds: number): void
  /** Sets the clock back, as an operator might; what timers have waited stays waited. */
  setBack(seconds: number): void
  /** Timers that are still waiting. */
  timers(): number
  longestWait(): number
}

export function simulatedPlatform(at: number, fetch: Platform['fetch'] = noNetwork): SimulatedPlatform {
  let elapsed = 0
  let wall = at
  let longest = 0
  const waiting = new Set<{ readonly due: number; readonly act: () => void }>()

  return {
    clock: () => wall,
    startTimer(seconds, act) {
      longest = Math.max(longest, seconds)
      const timer = { due: elapsed + seconds, act }
      waiting.add(timer)
      return () => waiting.delete(timer)
    },
    fetch,
    reportFault(fault) {
      throw fault
    },
    advance(seconds) {
      const until = elapsed + seconds
      for (;;) {
        const [next] = [...waiting].filter(({ due }) => due <= until).sort((a, b) => a.due - b.due)
        if (next === undefined) break
        waiting.delete(next)
        wall += next.due - elapsed
        elapsed = next.due
        next.act()
      }
      wall += until - elapsed
      elapsed = until
    },
    setBack(seconds) {
      wall -= seconds
    },
    timers: () => waiting.size,
    longestWait: () => longest,
  }
}

const noNetwork = (): Promise<Response> => Promise.reject(new Error('there is no network'))
