import {
  createHmac,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  createHash as nodeCreateHash,
  randomBytes as nodeRandomBytes,
  sign as nodeSign,
  verify as nodeVerify,
  timingSafeEqual,
} from 'node:crypto'

/*
 * The only calls of node:crypto that sign, verify, hash or draw randomness. Every key argument is a bare KeyObject:
 * from Node 24.18 on, a wrapper such as `{ key, padding }` costs as much again as an RSA verification. So ECDSA
 * signatures come and go as DER, and the PSS parameters live in the key (see der.ts).
 */

export type Hash = 'sha256' | 'sha384' | 'sha512'

/** The MAC of the input (RFC 2104). */
export function hmac(hash: Hash, key: KeyObject, input: Uint8Array): Buffer {
  return createHmac(hash, key).update(input).digest()
}

/** Compares two MACs in a time that tells nothing about where they differ. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && timingSafeEqual(left, right)
}

/** Signs with whatever scheme the key is for. `hash` is null where the scheme brings its own (Ed25519). */
export function signBytes(hash: Hash | null, key: KeyObject, input: Uint8Array): Buffer {
  return nodeSign(hash, input, key)
}

/** As {@link signBytes}, on a thread of the pool instead of the event loop. */
export function signBytesAsync(hash: Hash | null, key: KeyObject, input: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    nodeSign(hash, input, key, (error, signature) => (error ? reject(error) : resolve(signature)))
  })
}

export function verifyBytes(hash: Hash | null, key: KeyObject, input: Uint8Array, signature: Uint8Array): boolean {
  return nodeVerify(hash, input, key, signature)
}

export function digest(hash: Hash, input: Uint8Array): Buffer {
  return nodeCreateHash(hash).update(input).digest()
}

export function randomBytes(size: number): Buffer {
  return nodeRandomBytes(size)
}

/** A private key on a named curve, or for Ed25519. Takes less than a millisecond. */
export function generateCurveKey(curve: 'P-256' | 'P-384' | 'P-521' | 'Ed25519'): KeyObject {
  return curve === 'Ed25519'
    ? generateKeyPairSync('ed25519').privateKey
    : generateKeyPairSync('ec', { namedCurve: curve }).privateKey
}

/** An RSA private key with the exponent 65537. The search for primes runs on a thread of the pool. */
export function generateRsaKey(modulusLength: number): Promise<KeyObject> {
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', { modulusLength, publicExponent: 0x10001 }, (error, _publicKey, privateKey) =>
      error ? reject(error) : resolve(privateKey),
    )
  })
}
