import { publicJwk } from './jwk.ts'
import {
  type HasPublicHalf,
  type KeyHandle,
  openPrivateKey,
  openPublicHalf,
  openSecret,
  type Secret,
  type SigningKey,
} from './keys.ts'
import { checkOptionNames, checkText } from './options.ts'
import type { AsymmetricAlgorithm, Jwk, JwkSetJson } from './types.ts'

/** The public JWK (RFC 7517) of a key, with `kid`, `alg` and `use`. Public members alone, whichever half it is given. */
export function exportJwk(key: HasPublicHalf): Jwk {
  const handle = publicHalf('exportJwk', key)
  return { ...publicJwk(handle.key), ...description(handle) }
}

/** The public key as PEM (SubjectPublicKeyInfo), whichever half it is given. */
export function exportPem(key: HasPublicHalf): string {
  return String(publicHalf('exportPem', key).key.export({ type: 'spki', format: 'pem' }))
}

/** The private JWK of a key. Whoever reads it can sign. */
export function exportPrivateJwk(key: SigningKey<AsymmetricAlgorithm>): Jwk {
  const handle = privateHalf('exportPrivateJwk', key)
  const jwk = handle.key.export({ format: 'jwk' })
  return { ...publicJwk(handle.key), ...jwk, kty: handle.row.kty, ...description(handle) }
}

/** The private key as PEM (PKCS #8), encrypted by AES-256-CBC if there is a passphrase. Whoever reads it can sign. */
export function exportPrivatePem(
  key: SigningKey<AsymmetricAlgorithm>,
  options: { readonly passphrase?: string } = {},
): string {
  const handle = privateHalf('exportPrivatePem', key)
  checkOptionNames('exportPrivatePem', options, ['passphrase'])
  const encryption =
    options.passphrase === undefined
      ? {}
      : { cipher: 'aes-256-cbc', passphrase: checkText('exportPrivatePem', 'passphrase', options.passphrase) }
  return String(handle.key.export({ type: 'pkcs8', format: 'pem', ...encryption }))
}

/** The bytes of a secret. Whoever reads them can sign. */
export function exportSecret(secret: Secret): Uint8Array {
  const handle = openSecret(secret)
  if (handle === undefined) throw new TypeError('exportSecret: not a secret of this library')
  return new Uint8Array(handle.key.export())
}

/** What an issuer publishes (RFC 7517 §5): the public halves of its keys. A secret is refused with a TypeError. */
export function exportJwkSet(keys: readonly HasPublicHalf[]): JwkSetJson {
  if (!Array.isArray(keys)) throw new TypeError('exportJwkSet: the keys must be a list')
  return { keys: keys.map((key: HasPublicHalf) => exportJwk(key)) }
}

function description({ row, kid }: KeyHandle): Record<string, string> {
  return { ...(kid === undefined ? {} : { kid }), alg: row.name, use: 'sig' }
}

function publicHalf(owner: string, key: unknown): KeyHandle {
  const handle = openPublicHalf(key)
  if (handle === undefined) throw new TypeError(`${owner}: not a key with a public half`)
  return handle
}

function privateHalf(owner: string, key: unknown): KeyHandle {
  const handle = openPrivateKey(key)
  if (handle === undefined) throw new TypeError(`${owner}: not a signing key with a public half`)
  return handle
}
