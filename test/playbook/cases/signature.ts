import { createHash } from 'node:crypto'
import {
  type Alg,
  attach,
  bytesOf,
  CLAIMS,
  der,
  ED25519_ORDER,
  fromLittleEndian,
  genuine,
  headerOf,
  inputOf,
  littleEndian,
  modulus,
  OWNERS,
  P256_ORDER,
  partsOf,
  rsaRaw,
  toInteger,
} from '../forge.ts'
import { type AttackCase, attack, named } from './attack.ts'

/** C: the signature. */
export function signatureCases(): AttackCase[] {
  const withSignature = (alg: Alg, change: (signature: Buffer) => Buffer | string): string => {
    const { input, signature } = partsOf(genuine(OWNERS[alg]))
    return attach(input, change(signature))
  }
  const toDer = (signature: Buffer): Buffer => {
    const half = signature.length / 2
    const integer = (bytes: Buffer): Buffer => {
      const value = bytesOf(toInteger(bytes))
      return der(0x02, (value[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), value]) : value)
    }
    return der(0x30, integer(signature.subarray(0, half)), integer(signature.subarray(half)))
  }
  const zero = Buffer.from([0])
  const halves = (signature: Buffer): [Buffer, Buffer] => [
    signature.subarray(0, signature.length / 2),
    signature.subarray(signature.length / 2),
  ]
  const edges = [0n, 1n, P256_ORDER - 1n, P256_ORDER, P256_ORDER + 1n, 2n ** 256n - 1n]
  const curves = [
    ['ES256', 64],
    ['ES384', 96],
    ['ES512', 132],
  ] as const
  const lengths: Record<string, (signature: Buffer) => Buffer> = {
    'zero behind': (s) => Buffer.concat([s, zero]),
    'zero in front': (s) => Buffer.concat([zero, s]),
    'one byte short': (s) => s.subarray(0, -1),
    half: (s) => halves(s)[0],
    twice: (s) => Buffer.concat([s, s]),
    'halves padded': (s) => Buffer.concat([zero, halves(s)[0], zero, halves(s)[1]]),
  }
  const changed = (alg: Alg, changes: Record<string, (signature: Buffer) => Buffer>): Record<string, unknown> =>
    named(Object.entries(changes).map(([label, change]) => [label, withSignature(alg, change)]))
  const size = 256
  const number = modulus()
  const digestInfo = (input: string): Buffer =>
    Buffer.concat([
      Buffer.from('3031300d060960864801650304020105000420', 'hex'),
      createHash('sha256').update(input).digest(),
    ])
  const padded = (build: (info: Buffer) => Buffer): string => {
    const input = inputOf(headerOf('RS256'), CLAIMS)
    return attach(input, rsaRaw(build(digestInfo(input))))
  }
  const block = (info: Buffer, padding: number, tail = 0): Buffer =>
    Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(padding, 255), zero, info, Buffer.alloc(tail, 0x61)])
  const good = size - 3 - 51

  return [
    ...curves.map(([alg, length]) =>
      attack('C01', `r = s = 0 for ${alg}`, alg, {
        raw: withSignature(alg, () => Buffer.alloc(length)),
        DER: withSignature(alg, () => Buffer.from('3006020100020100', 'hex')),
      }),
    ),
    attack(
      'C02',
      'r and s out of {0, 1, n-1, n, n+1, 2^256-1}',
      'ES256',
      named(
        edges.flatMap((r, i) =>
          edges.map(
            (s, j) =>
              [`${i},${j}`, withSignature('ES256', () => Buffer.concat([bytesOf(r, 32), bytesOf(s, 32)]))] as const,
          ),
        ),
      ),
    ),
    ...curves.map(([alg]) =>
      attack('C03', `a right signature in DER for ${alg}`, alg, { DER: withSignature(alg, toDer) }),
    ),
    ...curves.map(([alg]) => attack('C04', `lengths for ${alg}`, alg, changed(alg, lengths))),
    attack(
      'C06',
      'Ed25519 edges (RFC 8032 §5.1.7)',
      'EdDSA',
      changed('EdDSA', {
        'S + L': (s) =>
          Buffer.concat([
            s.subarray(0, 32),
            littleEndian((fromLittleEndian(s.subarray(32)) + ED25519_ORDER) % 2n ** 256n),
          ]),
        'top bits of S': (s) => Buffer.concat([s.subarray(0, 63), Buffer.from([(s[63] ?? 0) | 0xe0])]),
        zeros: () => Buffer.alloc(64),
        'identity, S = 0': () => Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]),
        '63 bytes': (s) => s.subarray(0, 63),
        '65 bytes': (s) => Buffer.concat([s, zero]),
      }),
    ),
    attack(
      'C07',
      'MAC cut or stretched',
      'HS256',
      changed('HS256', {
        ...Object.fromEntries([1, 8, 16, 31].map((bytes) => [`${bytes} bytes`, (s: Buffer) => s.subarray(0, bytes)])),
        'no bytes': () => Buffer.alloc(0),
        '33 bytes': (s) => Buffer.concat([s, zero]),
        twice: (s) => Buffer.concat([s, s]),
      }),
    ),
    attack(
      'C08',
      'RSA lengths and edges',
      'RS256',
      changed('RS256', {
        '00 before': (s) => Buffer.concat([zero, s]),
        '00 after': (s) => Buffer.concat([s, zero]),
        'one byte short': (s) => s.subarray(1),
        zeros: () => Buffer.alloc(size),
        one: () => bytesOf(1n, size),
        n: () => bytesOf(number, size),
        'n - 1': () => bytesOf(number - 1n, size),
        's + n': (s) => bytesOf(toInteger(s) + number),
      }),
    ),
    attack(
      'C09',
      'PKCS #1 v1.5 blocks with bad padding',
      'RS256',
      {
        'garbage behind the hash': padded((info) => block(info, good - 20, 20)),
        'short padding': padded((info) => block(info, 8, good - 8)),
        'wrong block type': padded((info) => Buffer.concat([Buffer.from([0, 2]), block(info, good).subarray(2)])),
        'no separator': padded((info) => Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(good + 1, 255), info])),
        'no digest info': padded((info) => block(info.subarray(19), good + 19)),
      },
      { control: padded((info) => block(info, good)) },
    ),
  ]
}
