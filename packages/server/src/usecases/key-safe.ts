import { Buffer } from 'node:buffer'
import {
  type Algorithm,
  type AsymmetricAlgorithm,
  exportJwk,
  exportPrivateJwk,
  type HmacAlgorithm,
  importSecret,
  importSigningKey,
  importVerificationKey,
  type Jwk,
  type SigningKey,
  thumbprint,
  type VerificationKey,
} from '@countersign/jwt'
import { isSecretAlgorithm } from '../domain/key-purpose.ts'
import { IV_BYTES, MasterKeyError, openKey, sealedUnder, sealKey } from '../domain/key-wrap.ts'
import type { MasterKeys } from '../domain/master-keys.ts'
import type { PlannedKey } from '../domain/signing-key.ts'
import type { StoredKey } from '../ports/key-store.ts'
import type { Random } from '../ports/random.ts'

/** Makes keys and opens them. Beyond it a private key is only ever seen sealed. */
export interface KeySafe {
  /** Makes the key that a plan lacks, sealed for its row. An RSA key may take a second. */
  make(purpose: string, planned: PlannedKey): Promise<StoredKey>
  /** What signs. @throws {MasterKeyError} `key_missing`, `unreadable` */
  open(row: StoredKey): SigningKey
  /**
   * What verifies. Whoever can write to the store but has no master key must not add a key of his own to those that
   * count, so the seal, which names the row, is opened for it, and the public half must be the one that `kid` names.
   *
   * @throws {MasterKeyError} `key_missing`, `unreadable`
   */
  openPublic(row: StoredKey): VerificationKey
  /** The secret of a row as it is. For its one audience. @throws {MasterKeyError} `key_missing`, `unreadable` */
  openSecret(row: StoredKey): Uint8Array
  /** The row's key, sealed under the active master key; `undefined` when it is already. */
  reseal(row: StoredKey): Uint8Array | undefined
}

export interface KeySafeOptions {
  readonly masterKeys: MasterKeys
  readonly random: Random
  readonly issuer: string
  /** Makes a key pair off the event loop. */
  readonly generateKey: (alg: AsymmetricAlgorithm) => Promise<SigningKey<AsymmetricAlgorithm>>
}

/** As many bytes as the hash gives, which is the least that RFC 7518 §3.2 allows. */
const SECRET_BYTES: Readonly<Record<HmacAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 }
const KID_BYTES = 16

export function createKeySafe({ masterKeys, random, issuer, generateKey }: KeySafeOptions): KeySafe {
  async function make(purpose: string, { alg, ...times }: PlannedKey): Promise<StoredKey> {
    const fresh = isHmac(alg) ? makeSecret(alg) : await makePair(alg as AsymmetricAlgorithm)
    const { kid, publicJwk, plain } = fresh
    const wrapped = seal(plain, { kid, alg, purpose })
    return { kid, purpose, alg, publicJwk, wrapped, ...times, revokedAt: undefined }
  }

  function makeSecret(alg: HmacAlgorithm) {
    // No thumbprint: it would be a hash of the secret, and so a way to try guesses.
    const kid = Buffer.from(random.bytes(KID_BYTES)).toString('base64url')
    return { kid, publicJwk: undefined, plain: random.bytes(SECRET_BYTES[alg]) }
  }

  async function makePair(alg: AsymmetricAlgorithm) {
    const key = await generateKey(alg)
    const publicJwk = JSON.stringify(exportJwk(key))
    return { kid: thumbprint(key), publicJwk, plain: Buffer.from(JSON.stringify(exportPrivateJwk(key)), 'utf8') }
  }

  function open(row: StoredKey): SigningKey {
    const plain = unseal(row)
    const { alg, kid } = row
    if (isHmac(alg)) return importSecret(plain, alg, { kid })
    return importSigningKey(parseJwk(plain), alg as AsymmetricAlgorithm, { kid })
  }

  function openPublic(row: StoredKey): VerificationKey {
    const plain = unseal(row)
    const { alg, kid, publicJwk } = row
    if (isHmac(alg)) return importSecret(plain, alg, { kid })
    const jwk = publicJwk === undefined ? undefined : (JSON.parse(publicJwk) as Jwk)
    if (jwk === undefined || thumbprint(jwk) !== kid) throw new MasterKeyError('unreadable', sealedUnder(row.wrapped))
    return importVerificationKey(jwk, alg as AsymmetricAlgorithm, { kid })
  }

  function reseal(row: StoredKey): Uint8Array | undefined {
    return sealedUnder(row.wrapped) === masterKeys.activeId ? undefined : seal(unseal(row), row)
  }

  function seal(plain: Uint8Array, { kid, alg, purpose }: Pick<StoredKey, 'kid' | 'alg' | 'purpose'>): Uint8Array {
    return sealKey(masterKeys, plain, { issuer, kid, alg, purpose }, random.bytes(IV_BYTES))
  }

  function unseal({ kid, alg, purpose, wrapped }: StoredKey): Uint8Array {
    return openKey(masterKeys, wrapped, { issuer, kid, alg, purpose })
  }

  return { make, open, openPublic, openSecret: unseal, reseal }
}

function isHmac(alg: Algorithm | string): alg is HmacAlgorithm {
  return isSecretAlgorithm(alg)
}

function parseJwk(plain: Uint8Array): Jwk {
  return JSON.parse(Buffer.from(plain).toString('utf8')) as Jwk
}
