import { importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import type { OpenStand } from '../harness/stand.ts'
import { type Library, standOf } from './cases.ts'
import { AUDIENCE, type BenchedAlgorithm, ISSUER, type KeyPair, LIFETIME, type Setup, TYP } from './corpus.ts'

export const open: OpenStand<Setup> = (setup) => standOf(setup, (algorithm) => create(algorithm, setup.keys[algorithm]))

/** Imported keys, its quickest form: a JWK would be imported anew by a cache that is asked each time. */
async function create(algorithm: BenchedAlgorithm, { privateJwk, publicJwk, kid }: KeyPair): Promise<Library> {
  const privateKey = await importJWK(privateJwk as JWK, algorithm)
  const publicKey = await importJWK(publicJwk as JWK, algorithm)
  const header = { alg: algorithm, typ: TYP, kid }
  const checks = {
    algorithms: [algorithm],
    issuer: ISSUER,
    audience: AUDIENCE,
    typ: TYP,
    requiredClaims: ['iss', 'sub', 'aud', 'exp'],
  }
  const verify = (token: string) => jwtVerify(token, publicKey, checks)
  return {
    asynchronous: true,
    sign(claims) {
      const now = Math.floor(Date.now() / 1000)
      const payload = { ...claims, iss: ISSUER, aud: AUDIENCE, iat: now, exp: now + LIFETIME }
      return new SignJWT(payload).setProtectedHeader(header).sign(privateKey)
    },
    verify,
    refuses: (token) =>
      verify(token).then(
        () => false,
        () => true,
      ),
  }
}
