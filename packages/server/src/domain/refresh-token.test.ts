import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase62, encodeBase62 } from './base62.ts'
import { createMasterKeys } from './master-keys.ts'
import { createSealer } from './refresh-token.ts'

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')
const one = new Uint8Array(32).map((_, i) => i)
const two = new Uint8Array(32).map((_, i) => 255 - i)
const sealer = createSealer(createMasterKeys(new Map([[1, one]])))
const first = {
  sid: bytes('0309000102030405060708090a0b0c0d'),
  generation: 0,
  secret: bytes('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'),
}
const TEXT = 'csn_rt_02OFt7vypgpOGJfMgSJQ2hFmhuFPYbaQt04GoTBnxDrToOsHA0JAdOnSEmnd7fDWie4iTW5Hw0gRiO1'

describe('the published vector', () => {
  test('keys, text, hash and successor', () => {
    const keys = createMasterKeys(new Map([[1, one]]))
    expect(hex(keys.derive(1, 'rt-mac-v1')!)).toBe('2e02d2ebfd7f4007c1ffc57efa736087d22bf3c8f86d5feab212515b9a581660')
    expect(hex(keys.derive(1, 'rt-next-v1')!)).toBe('35b2d27a4fd06fbd4118c2737f093d9973bce915ff3a1a1ba2c9f27019c355d4')
    expect(sealer.seal(first, 1)).toBe(TEXT)
    expect(hex(sealer.hash(first))).toBe('b1b7b2987def17d29091a8e04f4038932a903a9469df567632740f41c90b2191')
    const next = sealer.successor({ ...first, macKid: 1 })
    expect(hex(next.secret)).toBe('3076bc24d45e9e104315aec2bf81b6bc')
    expect(sealer.seal(next, 1)).toBe(
      'csn_rt_02OFt7vypgpOGJfMgSJQ2hFmhuFPYbpUkFLRO5vnH0NxDL3eWCtFL0TvHTv5l3ZUWGCJ5G5OA1uIXeD',
    )
    expect(hex(sealer.hash(next))).toBe('567ddda34ff4c07efdf057f2027e18452343630eefbf093885a9541666fc55bc')
  })
})

describe('opening', () => {
  test('a sealed token opens to what was sealed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.integer({ min: 0, max: 0x7fff_fffe }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        (sid, generation, secret) => {
          const opened = sealer.open(sealer.seal({ sid, generation, secret }, 1))
          expect(opened).toEqual({ outcome: 'opened', token: { macKid: 1, sid, generation, secret } })
        },
      ),
      { numRuns: 200 },
    )
  })

  test('S-R09 one changed character is refused, wherever it stands', () => {
    expect(sealer.open(TEXT).outcome).toBe('opened')
    for (let i = 0; i < TEXT.length; i++) {
      const other = TEXT[i] === 'a' ? 'b' : 'a'
      expect(sealer.open(TEXT.slice(0, i) + other + TEXT.slice(i + 1)).outcome).toBe('invalid')
    }
  })

  test('S-R09 a right checksum over a forged MAC is refused', () => {
    const forger = createSealer(createMasterKeys(new Map([[1, two]])))
    expect(sealer.open(forger.seal(first, 1))).toEqual({ outcome: 'invalid' })
  })

  test('a token under a key that is not held is told apart', () => {
    const other = createSealer(createMasterKeys(new Map([[7, two]])))
    expect(sealer.open(other.seal(first, 7))).toEqual({ outcome: 'unknown_key', macKid: 7 })
  })

  test('junk is refused and nothing throws', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(sealer.open(text).outcome).toBe('invalid')
        expect(sealer.open(`csn_rt_${text}`.padEnd(86, '0').slice(0, 86)).outcome).toBe('invalid')
      }),
    )
  })
})

test('base62 keeps every number and refuses what does not fit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 54, maxLength: 54 }), (value) => {
      const text = encodeBase62(value, 73)
      expect(text).toMatch(/^[0-9A-Za-z]{73}$/)
      expect(decodeBase62(text, 54)).toEqual(value)
    }),
  )
  expect(decodeBase62('z'.repeat(73), 54)).toBeUndefined()
  expect(decodeBase62(`${'0'.repeat(72)}-`, 54)).toBeUndefined()
  expect(decodeBase62(`${'0'.repeat(72)}é`, 54)).toBeUndefined()
})

test('the jitter is fixed for a generation, differs for its repeats, and spreads', () => {
  const values = Array.from({ length: 1000 }, (_, generation) => sealer.jitter(first.sid, generation, 'first', 1))
  expect(sealer.jitter(first.sid, 3, 'first', 1)).toBe(values[3])
  expect(sealer.jitter(first.sid, 3, 'grace', 1)).not.toBe(values[3])
  expect(Math.min(...values)).toBeLessThan(0.05)
  expect(Math.max(...values)).toBeGreaterThan(0.95)
})
