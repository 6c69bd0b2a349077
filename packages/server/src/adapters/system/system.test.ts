import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { systemRandom } from './random.ts'
import { systemTimers } from './timers.ts'

test('a sleep lasts, and its monotonic clock never steps back', async () => {
  const before = systemClock.mono()
  await systemTimers.sleep(20)
  expect(systemClock.mono() - before).toBeGreaterThan(15)
})

test('an abort wakes a sleeper at once, and an aborted signal never lets one fall asleep', async () => {
  const stop = new AbortController()
  const before = systemClock.mono()
  const asleep = systemTimers.sleep(60_000, stop.signal)
  stop.abort()
  await asleep
  await systemTimers.sleep(60_000, stop.signal)
  expect(systemClock.mono() - before).toBeLessThan(5_000)
})

test('a sleep that is longer than a timer can hold does not end at once', async () => {
  const stop = new AbortController()
  const woken: string[] = []
  const long = systemTimers.sleep(2 ** 40, stop.signal).then(() => woken.push('long'))
  await systemTimers.sleep(20).then(() => woken.push('short'))
  stop.abort()
  await long
  expect(woken).toEqual(['short', 'long'])
})

test('sleep(0) lets what waits in the event loop go first', async () => {
  const order: string[] = []
  await Promise.all([
    systemTimers.sleep(0).then(() => order.push('turn')),
    Promise.resolve().then(() => order.push('microtask')),
  ])
  expect(order).toEqual(['microtask', 'turn'])
})

test('random bytes have the length asked for and differ', () => {
  expect(systemRandom.bytes(14)).toHaveLength(14)
  expect(systemRandom.bytes(32)).not.toEqual(systemRandom.bytes(32))
})

test('the wall clock is in milliseconds since the epoch', () => {
  expect(Math.abs(systemClock.wall() - Date.now())).toBeLessThan(1_000)
})
