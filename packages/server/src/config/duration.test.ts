import { expect, test } from 'vitest'
import { type Duration, formatDuration, parseDuration, seconds } from './duration.ts'

test('a duration is a whole number and a unit', () => {
  expect(['0s', '30s', '10m', '48h', '14d'].map(parseDuration)).toEqual([0, 30, 600, 172_800, 1_209_600])
  for (const text of ['', '10', 'm', '-1s', '1.5m', '1 m', '1ms', '1M', '1m1s', '1e3s', '٣s']) {
    expect(parseDuration(text), text).toBeUndefined()
  }
})

test('seconds refuses what the type lets through', () => {
  expect(seconds('5m')).toBe(300)
  const sloppy: readonly Duration[] = ['1.5m', '-1s', '1e3s']
  for (const text of sloppy) expect(() => seconds(text), text).toThrow(TypeError)
})

test('what is written reads back', () => {
  for (const value of [0, 1, 59, 60, 61, 600, 3600, 5400, 86_400, 172_800, 90_061]) {
    expect(parseDuration(formatDuration(value))).toBe(value)
  }
  expect(formatDuration(172_800)).toBe('2d')
  expect(formatDuration(5400)).toBe('90m')
})
