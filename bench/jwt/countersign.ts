import {
  createSigner,
  createVerifier,
  importSecret,
  importSigningKey,
  type Jwk,
  type Secret,
  type SigningKey,
} from '@countersign/jwt'
import type { OpenStand } from '../harness/stand.ts'
import { type Library, standOf } from './cases.ts'
import { AUDIENCE, type BenchedAlgorithm, ISSUER, type KeyPair, LIFETIME, type Setup } from './corpus.ts'

export const open: OpenStand<Setup> = (setup) => standOf(setup, (algorithm) => create(algorithm, setup.keys[algorithm]))

function create(algorithm: BenchedAlgorithm, pair: KeyPair): Library {
  const key = importKey(algorithm, pair)
  const parties = { issuer: ISSUER, audience: AUDIENCE }
  const { sign } = createSigner({ key, ...parties, lifetime: LIFETIME })
  const { verify, tryVerify } = createVerifier({ keys: key.verificationKey, ...parties })
  return {
    asynchronous: false,
    sign: (claims) => sign({ ...claims }),
    verify,
    refuses: (token) => !tryVerify(token).ok,
  }
}

function importKey(algorithm: BenchedAlgorithm, { privateJwk, kid }: KeyPair): Secret | SigningKey {
  const jwk = privateJwk as Jwk
  return algorithm === 'HS256' ? importSecret(jwk, algorithm, { kid }) : importSigningKey(jwk, algorithm, { kid })
}
