import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { fromDerSignature, toDerSignature } from './der.ts'
import { verifyBytes } from './primitives.ts'

const SIZES = [
  [32, 'P-256', 'sha256'],
  [48, 'P-384', 'sha384'],
  [66, 'P-521', 'sha512'],
] as const

describe.each(SIZES)('r ‖ s of twice %i bytes', (size, namedCurve, hash) => {
  const edges = {
    zero: Buffer.alloc(size),
    one: Buffer.concat([Buffer.alloc(size - 1), Buffer.from([1])]),
    'all ones': Buffer.alloc(size, 0xff),
    'high bit': Buffer.concat([Buffer.from([0x80]), Buffer.alloc(size - 1, 1)]),
    'leading zeros': Buffer.concat([Buffer.alloc(3), Buffer.alloc(size - 3, 0x7f)]),
    'leading zeros, high bit': Buffer.concat([Buffer.alloc(3), Buffer.alloc(size - 3, 0xfe)]),
  }

  test('there and back, at the edges', () => {
    for (const r of Object.values(edges)) {
      for (const s of Object.values(edges)) {
        const flat = Buffer.concat([r, s])
        const der = toDerSignature(flat, size)
        const header = der[1] === 0x81 ? 3 : 2
        expect(der[header - 1]).toBe(der.length - header)
        expect(fromDerSignature(der, size).equals(flat)).toBe(true)
      }
    }
  })

  test('OpenSSL reads what we write, and we read what OpenSSL writes', () => {
    const { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync('ec', {
      namedCurve,
    })
    for (let round = 0; round < 20; round++) {
      const message = Buffer.from(`message ${round}`)
      const der = sign(hash, message, privateKey)
      const flat = fromDerSignature(der, size)
      expect(flat.length).toBe(2 * size)
      expect(toDerSignature(flat, size).equals(der)).toBe(true)
      expect(verifyBytes(hash, publicKey, message, toDerSignature(flat, size))).toBe(true)
    }
  })
})
