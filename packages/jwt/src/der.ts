import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { Hash } from './primitives.ts'

/*
 * JOSE and OpenSSL write the same things differently. This file translates, so that the calls of node:crypto can
 * take bare keys (see primitives.ts).
 */

/** The size in bytes of r and of s on a curve of RFC 7518 §3.4. */
export type CoordinateSize = 32 | 48 | 66

/** One INTEGER: minimal, and positive, so with a zero byte before a high bit. Gives the place after it. */
function writeInteger(source: Uint8Array, from: number, size: number, target: Uint8Array, to: number): number {
  const end = from + size
  let start = from
  while (start < end - 1 && source[start] === 0) start++
  const sign = (source[start] ?? 0) >> 7
  let at = to
  target[at++] = 0x02
  target[at++] = end - start + sign
  if (sign === 1) target[at++] = 0
  while (start < end) target[at++] = source[start++] ?? 0
  return at
}

/**
 * Turns r ‖ s (RFC 7518 §3.4), which must be exactly twice the size, into the DER form that OpenSSL reads.
 * One form for each pair: the conversion is never given DER, so no second spelling of a signature can pass.
 */
export function toDerSignature(signature: Uint8Array, size: CoordinateSize): Buffer {
  // A pair of 66 bytes may need the long form of the length (0x81 …), so its body starts one byte later.
  const body = size === 66 ? 3 : 2
  const der = Buffer.allocUnsafeSlow(body + 2 * (size + 3))
  const end = writeInteger(signature, size, size, der, writeInteger(signature, 0, size, der, body))
  const length = end - body
  if (length > 127) {
    der.set([0x30, 0x81, length])
    return der.subarray(0, end)
  }
  const start = body - 2
  der.set([0x30, length], start)
  return der.subarray(start, end)
}

/** Turns OpenSSL's DER form into r ‖ s, each padded on the left to the size of the curve. */
export function fromDerSignature(der: Uint8Array, size: CoordinateSize): Buffer {
  const signature = Buffer.alloc(2 * size)
  let at = der[1] === 0x81 ? 3 : 2
  for (const end of [size, 2 * size]) {
    const length = der[at + 1] ?? 0
    const integer = der.subarray(at + 2, at + 2 + length)
    const significant = integer[0] === 0 ? integer.subarray(1) : integer
    signature.set(significant, end - significant.length)
    at += 2 + length
  }
  return signature
}

const PSS_PARAMETERS: Record<Hash, { readonly oid: string; readonly salt: string }> = {
  sha256: { oid: '01', salt: '20' },
  sha384: { oid: '02', salt: '30' },
  sha512: { oid: '03', salt: '40' },
}

/** The AlgorithmIdentifier id-RSASSA-PSS with hash, mask and salt length fixed (RFC 4055 §3.1, RFC 7518 §3.5). */
function pssAlgorithm(hash: Hash): Buffer {
  const { oid, salt } = PSS_PARAMETERS[hash]
  const hashAlgorithm = `300b06096086480165030402${oid}`
  return Buffer.from(
    `303d06092a864886f70d01010a3030a00d${hashAlgorithm}a11a301806092a864886f70d010108${hashAlgorithm}a2030201${salt}`,
    'hex',
  )
}

/**
 * The same RSA key as one that can do nothing but PSS with this hash and a salt as long as the hash. A signature with
 * another salt length is then refused, as RFC 7518 §3.5 demands. It stays inside the engine: as another type of key it
 * is good for neither export nor PKCS #1 v1.5.
 */
export function toPssKey(key: KeyObject, hash: Hash): KeyObject {
  const pkcs1 = key.export({ type: 'pkcs1', format: 'der' })
  const algorithm = pssAlgorithm(hash)
  return key.type === 'public'
    ? createPublicKey({ format: 'der', type: 'spki', key: tlv(0x30, algorithm, tlv(0x03, Buffer.from([0]), pkcs1)) })
    : createPrivateKey({
        format: 'der',
        type: 'pkcs8',
        key: tlv(0x30, Buffer.from([2, 1, 0]), algorithm, tlv(0x04, pkcs1)),
      })
}

/** Tag, length and value, in the definite form of DER. */
function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  const length =
    value.length < 0x80
      ? [value.length]
      : value.length < 0x100
        ? [0x81, value.length]
        : [0x82, value.length >> 8, value.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), value])
}
