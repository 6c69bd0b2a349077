import type { Clock } from '../../ports/clock.ts'

/** The machine's own clocks. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  mono: () => performance.now(),
}
