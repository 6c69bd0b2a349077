import { expect, test } from 'vitest'
import { StoreUnavailableError } from '../../ports/store-error.ts'
import { createOutageWatch, type OutageWatch } from './outage.ts'

const WINDOW = 35_000
const MINUTE = 60_000

function create(): { outages: OutageWatch; clock: { at: number }; fail(): Promise<void>; succeed(): Promise<void> } {
  const clock = { at: 1_000_000 }
  const outages = createOutageWatch(() => clock.at)
  return {
    outages,
    clock,
    fail: async () => {
      await outages.watch(() => Promise.reject(new StoreUnavailableError('down'))).catch(() => {})
    },
    succeed: async () => {
      await outages.watch(async () => {})
    },
  }
}

test('the window ends now when all is well, also after a fault that is not the store being away', async () => {
  const { outages, clock, succeed } = create()
  await succeed()
  await outages.watch(() => Promise.reject(new TypeError('ours'))).catch(() => {})
  expect(outages.windowStart(WINDOW)).toBe(clock.at - WINDOW)
})

test('during an outage and for a minute after it, the window begins before the outage', async () => {
  const { outages, clock, fail, succeed } = create()
  const startedAt = clock.at
  await fail()
  clock.at += 5 * MINUTE
  await fail()
  expect(outages.windowStart(WINDOW)).toBe(startedAt - WINDOW)
  clock.at += 1
  await succeed()
  clock.at += MINUTE - 1
  await succeed()
  expect(outages.windowStart(WINDOW)).toBe(startedAt - WINDOW)
  clock.at += 1
  expect(outages.windowStart(WINDOW)).toBe(clock.at - WINDOW)
})

test('an outage after a quiet time is a new one', async () => {
  const { outages, clock, fail, succeed } = create()
  await fail()
  await succeed()
  clock.at += 2 * MINUTE
  const second = clock.at
  await fail()
  clock.at += 1_000
  await succeed()
  expect(outages.windowStart(WINDOW)).toBe(second - WINDOW)
})

test('a store that comes and goes all day does not stretch one window over the day', async () => {
  const { outages, clock, fail, succeed } = create()
  for (let minutes = 0; minutes < 600; minutes++) {
    await fail()
    await succeed()
    clock.at += MINUTE / 2
  }
  expect(outages.windowStart(WINDOW)).toBeGreaterThanOrEqual(clock.at - WINDOW - 11 * MINUTE)
})

test('the fault itself reaches the caller', async () => {
  const { outages } = create()
  const fault = new StoreUnavailableError('down', 'unknown')
  await expect(outages.watch(() => Promise.reject(fault))).rejects.toBe(fault)
})
