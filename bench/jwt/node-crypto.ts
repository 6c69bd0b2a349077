/** The primitive alone, in its cheapest form: bytes in, bytes out, a bare key object, DER. No token, no claim, no check. */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign as signBytes,
  timingSafeEqual,
  verify as verifyBytes,
} from 'node:crypto'
import type { Case, OpenStand } from '../harness/stand.ts'
import { ALGORITHMS, type BenchedAlgorithm, type KeyPair, type Setup } from './corpus.ts'

interface Primitive {
  sign(input: Buffer): Buffer
  verify(input: Buffer, signature: Buffer): boolean
}

export const open: OpenStand<Setup> = ({ keys, tokens }) => {
  const cases: Record<string, Case> = {}
  for (const algorithm of ALGORITHMS) {
    const primitive = create(algorithm, keys[algorithm])
    const signed = tokens[algorithm].map((token) => {
      const input = Buffer.from(token.slice(0, token.lastIndexOf('.')), 'latin1')
      return { input, good: primitive.sign(input), bad: flipped(primitive.sign(input)) }
    })
    const turn = createTurn(signed)
    cases[`${algorithm} sign`] = { run: (count) => turn(count, ({ input }) => primitive.sign(input).length > 0) }
    cases[`${algorithm} verify`] = { run: (count) => turn(count, ({ input, good }) => primitive.verify(input, good)) }
    cases[`${algorithm} refuse`] = { run: (count) => turn(count, ({ input, bad }) => !primitive.verify(input, bad)) }
  }
  return { cases }
}

function createTurn<T>(values: readonly T[]): (count: number, act: (value: T) => boolean) => void {
  let next = 0
  return (count, act) => {
    for (let i = 0; i < count; i++) if (!act(values[next++ % values.length] as T)) throw new Error('a wrong answer')
  }
}

function create(algorithm: BenchedAlgorithm, { privateJwk, publicJwk }: KeyPair): Primitive {
  if (algorithm === 'HS256') return hmac(createSecretKey(Buffer.from(privateJwk.k ?? '', 'base64url')))
  const privateKey = createPrivateKey({ key: privateJwk, format: 'jwk' })
  const publicKey = createPublicKey({ key: publicJwk, format: 'jwk' })
  const digest = algorithm === 'EdDSA' ? null : 'sha256'
  return {
    sign: (input) => signBytes(digest, input, privateKey),
    verify: (input, signature) => verifyBytes(digest, input, publicKey, signature),
  }
}

function hmac(secret: KeyObject): Primitive {
  const sign = (input: Buffer) => createHmac('sha256', secret).update(input).digest()
  return { sign, verify: (input, signature) => timingSafeEqual(sign(input), signature) }
}

function flipped(signature: Buffer): Buffer {
  const bad = Buffer.from(signature)
  const at = bad.length - 12
  bad[at] = (bad[at] ?? 0) ^ 1
  return bad
}
