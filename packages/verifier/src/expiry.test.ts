import { expect, test } from 'vitest'
import { simulatedPlatform } from '../../../test/guards/simulated-platform.ts'
import { signalAt } from './expiry.ts'

test('the signal aborts at its time and not before', () => {
  const platform = simulatedPlatform(1_000)
  const signal = signalAt(1_600, platform)
  platform.advance(599)
  expect(signal.aborted).toBe(false)
  platform.advance(2)
  expect([signal.aborted, platform.timers()]).toEqual([true, 0])
})

test('a time in the past has come', () => {
  expect(signalAt(999, simulatedPlatform(1_000)).aborted).toBe(true)
})

test('a wait longer than a timer can hold is split', () => {
  const platform = simulatedPlatform(0)
  const signal = signalAt(10_000_000, platform)
  platform.advance(9_999_999)
  expect(signal.aborted).toBe(false)
  platform.advance(2)
  expect(signal.aborted).toBe(true)
  expect(platform.longestWait()).toBeLessThan(2 ** 31 / 1_000)
})

test('a clock that was set back makes it wait again', () => {
  const platform = simulatedPlatform(1_000)
  const signal = signalAt(1_010, platform)
  platform.setBack(100)
  platform.advance(11)
  expect(signal.aborted).toBe(false)
  platform.advance(100)
  expect(signal.aborted).toBe(true)
})
