import { describe, expect, test } from 'vitest'
import { testAttemptStore } from '../../conformance/attempt-store.ts'
import { createMemoryAttemptStore } from './attempt-store.ts'
import { createBoundedMap } from './bounded-map.ts'

testAttemptStore('memory', async (mono) => createMemoryAttemptStore({ mono }), { describe, test, expect })

describe('bounds', () => {
  test('a flood of strangers takes no more memory than the limit', () => {
    const map = createBoundedMap<number>(100, () => false)
    for (let i = 0; i < 10_000; i++) map.set(`stranger ${i}`, i)
    expect(map.size).toBe(100)
    expect(map.get('stranger 9999')).toBe(9_999)
    expect(map.get('stranger 0')).toBeUndefined()
  })

  test('an idle one goes before an older one that still counts', () => {
    const map = createBoundedMap<'busy' | 'idle'>(3, (value) => value === 'idle')
    map.set('old', 'busy')
    map.set('done', 'idle')
    map.set('new', 'busy')
    map.set('newer', 'busy')
    expect(['old', 'done', 'new', 'newer'].map((key) => map.get(key))).toEqual(['busy', undefined, 'busy', 'busy'])
  })

  test('writing again makes a key the youngest and needs no room', () => {
    const map = createBoundedMap<number>(2, () => false)
    map.set('a', 1)
    map.set('b', 2)
    map.set('a', 3)
    expect(map.get('b')).toBe(2)
    map.set('c', 4)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([3, undefined, 4])
  })

  test('who failed is remembered through a flood of one-time visitors', async () => {
    const clock = { at: 0 }
    const attempts = createMemoryAttemptStore({ mono: () => clock.at, mostKeys: 50 })
    const policy = { free: 1, firstDelay: 600_000, maxDelay: 600_000 }
    await attempts.claim('alice', policy)
    for (let i = 0; i < 500; i++) await attempts.claim(`stranger ${i}`, { free: 5, firstDelay: 1_000, maxDelay: 1_000 })
    expect((await attempts.claim('alice', policy)).allowed).toBe(false)
  })
})
