import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import type { OpenStand } from '../harness/stand.ts'
import { type Library, standOf } from './cases.ts'
import { AUDIENCE, type BenchedAlgorithm, ISSUER, type KeyPair, LIFETIME, type Setup, TYP } from './corpus.ts'

export const open: OpenStand<Setup> = (setup) => standOf(setup, (algorithm) => create(algorithm, setup.keys[algorithm]))

/** With key objects, its quickest form: a PEM is parsed at every call. It has no EdDSA, and checks no `typ`. */
function create(algorithm: BenchedAlgorithm, { privateJwk, publicJwk, kid }: KeyPair): Library | undefined {
  if (algorithm === 'EdDSA') return undefined
  const secret = algorithm === 'HS256' ? createSecretKey(Buffer.from(privateJwk.k ?? '', 'base64url')) : undefined
  const privateKey = secret ?? createPrivateKey({ key: privateJwk, format: 'jwk' })
  const publicKey = secret ?? createPublicKey({ key: publicJwk, format: 'jwk' })
  const options = {
    algorithm,
    issuer: ISSUER,
    audience: AUDIENCE,
    expiresIn: LIFETIME,
    keyid: kid,
    header: { alg: algorithm, typ: TYP },
  }
  const checks: jsonwebtoken.VerifyOptions = { algorithms: [algorithm], issuer: ISSUER, audience: AUDIENCE }
  return {
    asynchronous: false,
    sign: (claims) => jsonwebtoken.sign({ ...claims }, privateKey, options),
    verify: (token) => jsonwebtoken.verify(token, publicKey, checks),
    refuses(token) {
      try {
        jsonwebtoken.verify(token, publicKey, checks)
        return false
      } catch {
        return true
      }
    },
  }
}
