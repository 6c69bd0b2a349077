import {
  constants,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  sign as nodeSign,
  privateEncrypt,
  randomBytes,
} from 'node:crypto'

/*
 * Tokens forged with node:crypto alone: the text of the header, the text of the payload and the bytes of the signature
 * are each set by hand. The library under test has no part in it.
 */

export const NOW = 1_800_000_000
export const ISSUER = 'https://auth.example.com'
export const AUDIENCE = 'https://api.example.com'
export const CLAIMS = { iss: ISSUER, sub: 'alice', aud: AUDIENCE, exp: NOW + 600, iat: NOW } as const

export type Alg = 'HS256' | 'HS512' | 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA'
export type Sign = (input: string) => Buffer

const hmacSigner =
  (hash: string, key: Buffer | string): Sign =>
  (input) =>
    createHmac(hash, key).update(input).digest()
export const hs256 = (key: Buffer | string): Sign => hmacSigner('sha256', key)
export const hs512 = (key: Buffer | string): Sign => hmacSigner('sha512', key)

const ecSigner =
  (hash: string, key: KeyObject): Sign =>
  (input) =>
    nodeSign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
const rsaSigner =
  (hash: string, key: KeyObject): Sign =>
  (input) =>
    nodeSign(hash, Buffer.from(input), key)
const pssSigner =
  (hash: string, key: KeyObject): Sign =>
  (input) =>
    nodeSign(hash, Buffer.from(input), {
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    })

/** One verifier's key, and how its owner signs. */
export interface Owner {
  readonly alg: Alg
  readonly secret?: Buffer
  readonly publicKey?: KeyObject
  readonly privateKey?: KeyObject
  readonly sign: Sign
}

const secret = randomBytes(64)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' })
const ed25519 = generateKeyPairSync('ed25519')

export const OWNERS: Readonly<Record<Alg, Owner>> = {
  HS256: { alg: 'HS256', secret, sign: hs256(secret) },
  HS512: { alg: 'HS512', secret, sign: hs512(secret) },
  RS256: { alg: 'RS256', ...rsa, sign: rsaSigner('sha256', rsa.privateKey) },
  PS256: { alg: 'PS256', ...rsa, sign: pssSigner('sha256', rsa.privateKey) },
  ES256: { alg: 'ES256', ...p256, sign: ecSigner('sha256', p256.privateKey) },
  ES384: { alg: 'ES384', ...p384, sign: ecSigner('sha384', p384.privateKey) },
  ES512: { alg: 'ES512', ...p521, sign: ecSigner('sha512', p521.privateKey) },
  EdDSA: { alg: 'EdDSA', ...ed25519, sign: (input) => nodeSign(null, Buffer.from(input), ed25519.privateKey) },
}
export const rs512: Sign = rsaSigner('sha512', rsa.privateKey)

export const b64 = (content: string | Buffer): string => Buffer.from(content).toString('base64url')
const text = (part: object | string | Buffer): string | Buffer =>
  typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)

/** The first two parts. An object is written as JSON; a text or bytes stand as they are. */
export const inputOf = (header: object | string | Buffer, payload: object | string | Buffer): string =>
  `${b64(text(header))}.${b64(text(payload))}`

export const attach = (input: string, signature: Buffer | string): string =>
  `${input}.${typeof signature === 'string' ? signature : b64(signature)}`

/** A token of that header and payload, signed. */
export function forge(header: object | string | Buffer, payload: object | string | Buffer, sign: Sign): string {
  const input = inputOf(header, payload)
  return attach(input, sign(input))
}

export const headerOf = (alg: unknown, more: object = {}): object => ({ alg, typ: 'at+jwt', ...more })

/** What the owner would sign: the control of every refusal. */
export const genuine = (owner: Owner, header: object = {}, claims: object = {}): string =>
  forge(headerOf(owner.alg, header), { ...CLAIMS, ...claims }, owner.sign)

/** The parts of a token. */
export function partsOf(token: string): { input: string; signature: Buffer; header: string; payload: string } {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return { input: `${header}.${payload}`, signature: Buffer.from(signature, 'base64url'), header, payload }
}

const bigint = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`)
/** A number as so many big-endian bytes, or as many as it takes. */
export function bytesOf(value: bigint, size = 0): Buffer {
  const hex = value.toString(16)
  const even = hex.length % 2 === 0 ? hex : `0${hex}`
  return Buffer.from(even.padStart(2 * size, '0'), 'hex')
}
export const littleEndian = (value: bigint): Buffer => Buffer.from(bytesOf(value, 32).reverse())
export const fromLittleEndian = (bytes: Buffer): bigint => bigint(Buffer.from(bytes).reverse())

/** The order of P-256. */
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
/** The order of the group of Ed25519 (RFC 8032 §5.1). */
export const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

export function modulus(): bigint {
  const { n } = rsa.publicKey.export({ format: 'jwk' })
  return bigint(Buffer.from(String(n), 'base64url'))
}
export const toInteger = bigint

/** What RSA makes of a block of our own: a signature with whatever padding we like. */
export const rsaRaw = (block: Buffer): Buffer =>
  privateEncrypt({ key: rsa.privateKey, padding: constants.RSA_NO_PADDING }, block)

/** Tag, length, value (X.690). */
export function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  const size = value.length
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), value])
}

/** An X.509 certificate of the RSA key, signed by itself. */
export function certificate(): string {
  const sha256WithRsa = der(0x30, Buffer.from('06092a864886f70d01010b0500', 'hex'))
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('test')))))
  const validity = der(0x30, der(0x17, Buffer.from('250101000000Z')), der(0x17, Buffer.from('450101000000Z')))
  const spki = rsa.publicKey.export({ type: 'spki', format: 'der' })
  const version = der(0xa0, Buffer.from('020102', 'hex'))
  const serial = Buffer.from('020101', 'hex')
  const body = der(0x30, version, serial, sha256WithRsa, name, validity, name, spki)
  const signature = nodeSign('sha256', body, rsa.privateKey)
  const whole = der(0x30, body, sha256WithRsa, der(0x03, Buffer.from([0]), signature))
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

export const spkiPem = (owner: Owner): string => String(owner.publicKey?.export({ type: 'spki', format: 'pem' }))
export const pkcs1Pem = (): string => String(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }))

/** The RSA key as OpenSSH writes it (RFC 4253 §6.6). */
export function sshText(): string {
  const { e, n } = rsa.publicKey.export({ format: 'jwk' })
  const field = (bytes: Buffer): Buffer => Buffer.concat([bytesOf(BigInt(bytes.length), 4), bytes])
  const integer = (value: unknown): Buffer => Buffer.concat([Buffer.from([0]), Buffer.from(String(value), 'base64url')])
  const exponent = Buffer.from(String(e), 'base64url')
  return `ssh-rsa ${Buffer.concat([field(Buffer.from('ssh-rsa')), field(exponent), field(integer(n))]).toString('base64')}`
}
