import { createHash, generateKeyPairSync, type JsonWebKey, randomBytes } from 'node:crypto'
import { createSigner, importSecret, importSigningKey, type Jwk } from '@countersign/jwt'
import { openContender, withContenders } from '../harness/contender.ts'
import type { Bench, Row } from '../harness/report.ts'
import { compareCpu, type Pace } from '../harness/rounds.ts'
import {
  ALGORITHMS,
  AUDIENCE,
  type BenchedAlgorithm,
  type BenchedClaims,
  ISSUER,
  type KeyPair,
  LIFETIME,
  type Setup,
} from './corpus.ts'

const CLAIMS = 512
const STEPS = ['sign', 'verify', 'refuse'] as const
const FULL: Pace = { rounds: 21, turn: 10, warmUp: 400 }
const QUICK: Pace = { rounds: 3, turn: 1, warmUp: 1 }

/** Signing and verifying, each library in a process of its own, all on one processor, with 512 different tokens. */
export const jwt: Bench = {
  doc: 'sign, verify and refuse tokens, beside jose, jsonwebtoken and the primitive of node:crypto alone',
  async run({ quick }) {
    const setup = createSetup()
    const open = (file: string) => () => openContender(new URL(file, import.meta.url), setup, { pinned: true })
    const contenders = {
      countersign: open('./countersign.ts'),
      jose: open('./jose.ts'),
      jsonwebtoken: open('./jsonwebtoken.ts'),
      'node:crypto': open('./node-crypto.ts'),
    }
    return withContenders(contenders, async ({ countersign, ...others }) => {
      const rows: Row[] = []
      for (const step of STEPS) {
        for (const algorithm of ALGORITHMS) {
          const name = `${algorithm} ${step}`
          const theirs = Object.entries(others)
            .filter(([peer]) => peer !== 'jsonwebtoken' || algorithm !== 'EdDSA')
            .map(([peer, contender]) => ({ name: peer, measure: (count: number) => contender.batch(name, count) }))
          const ours = { name: 'countersign', measure: (count: number) => countersign.batch(name, count) }
          rows.push(await compareCpu(name, [ours, ...theirs], quick ? QUICK : FULL))
        }
      }
      return rows
    })
  },
}

function createSetup(): Setup {
  const keys = byAlgorithm(createPair)
  const claims = Array.from({ length: CLAIMS }, createClaims)
  return { keys, claims, tokens: byAlgorithm((algorithm) => signAll(algorithm, keys[algorithm], claims)) }
}

function byAlgorithm<T>(make: (algorithm: BenchedAlgorithm) => T): Record<BenchedAlgorithm, T> {
  return { HS256: make('HS256'), RS256: make('RS256'), ES256: make('ES256'), EdDSA: make('EdDSA') }
}

function createPair(algorithm: BenchedAlgorithm): KeyPair {
  const { privateJwk, publicJwk } = createJwks(algorithm)
  const kid = createHash('sha256').update(JSON.stringify(publicJwk)).digest('base64url')
  return { kid, privateJwk, publicJwk }
}

function createJwks(algorithm: BenchedAlgorithm): { readonly privateJwk: JsonWebKey; readonly publicJwk: JsonWebKey } {
  if (algorithm === 'HS256') {
    const secret = { kty: 'oct', k: randomBytes(32).toString('base64url') }
    return { privateJwk: secret, publicJwk: secret }
  }
  const { privateKey, publicKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519')
  return { privateJwk: privateKey.export({ format: 'jwk' }), publicJwk: publicKey.export({ format: 'jwk' }) }
}

/** What an access token of the service holds. */
function createClaims(): BenchedClaims {
  const id = () => randomBytes(16).toString('base64url')
  return {
    sub: id(),
    jti: id(),
    client_id: 'first-party',
    scope: 'orders:read orders:write profile:read',
    roles: ['clerk'],
    sid: id(),
    ver: 1,
  }
}

/** Good for an hour, so that none expires while the benchmark runs. */
function signAll(algorithm: BenchedAlgorithm, pair: KeyPair, claims: readonly BenchedClaims[]): string[] {
  const jwk = pair.privateJwk as Jwk
  const { kid } = pair
  const key = algorithm === 'HS256' ? importSecret(jwk, algorithm, { kid }) : importSigningKey(jwk, algorithm, { kid })
  const { sign } = createSigner({ key, issuer: ISSUER, audience: AUDIENCE, lifetime: LIFETIME * 6 })
  return claims.map((one) => sign({ ...one }))
}
