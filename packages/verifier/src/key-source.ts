import {
  type AsymmetricAlgorithm,
  type AsyncJwtVerifier,
  createAsyncVerifier,
  createRemoteJwkSet,
  createVerifier,
  JwtError,
  type LocalKeys,
  type Names,
  type Refusal,
  type RemoteJwkSet,
  type StandardSchema,
  type VerifiedJwt,
} from '@countersign/jwt'
import type { VerifierErrorCode } from './errors.ts'
import { fetchJwksUri, metadataUri } from './issuer-metadata.ts'
import type { Platform } from './platform.ts'

/** What is asked of every token, whatever the keys come from. */
export interface Expectations<C extends object> {
  readonly issuer: string
  readonly audience: Names
  readonly claims?: StandardSchema<unknown, C>
  readonly clockTolerance: number
  readonly clock: () => number
}

/** Verified tokens, by keys that are at hand or have to be fetched. */
export interface KeySource<C extends object> {
  tryVerify(token: string): Promise<VerifiedJwt<C> | Refusal<VerifierErrorCode>>
  /** Gets the keys if they are not at hand, and says what is in the way. */
  load(): Promise<Refusal<VerifierErrorCode> | undefined>
  /** The names of the keys in hand, or undefined before there are any. */
  kids(): readonly string[] | undefined
}

/** Least seconds between two attempts to fetch metadata, so that a flood of tokens is no flood of requests. */
const METADATA_COOLDOWN = 1

/** Keys that the caller brought. */
export function localKeys<C extends object>(keys: LocalKeys, expected: Expectations<C>): KeySource<C> {
  const verifier = createVerifier<C>({ keys, ...expected })
  const kids = kidsOf('kid' in keys ? [keys] : 'length' in keys ? keys : keys.keys)
  return {
    tryVerify: async (token) => verifier.tryVerify(token),
    load: async () => undefined,
    kids: () => kids,
  }
}

/** Keys of a JWK Set at a known address. */
export function remoteKeys<C extends object>(
  uri: string,
  algorithms: Algorithms,
  expected: Expectations<C>,
  { fetch, clock }: Platform,
): KeySource<C> {
  const keys = createRemoteJwkSet(uri, { fetch, clock, ...(algorithms === undefined ? {} : { algorithms }) })
  const verifier: AsyncJwtVerifier<C> = createAsyncVerifier<C>({ keys, ...expected })
  let kids: readonly string[] | undefined

  async function tryVerify(token: string): Promise<VerifiedJwt<C> | Refusal<VerifierErrorCode>> {
    const result = await verifier.tryVerify(token)
    // A key that nobody has seen yet has just verified a token, so the set in hand is another one.
    if (result.ok && !kids?.includes(result.header.kid ?? '')) await load()
    return result
  }

  async function load(): Promise<Refusal<VerifierErrorCode> | undefined> {
    const set = await loadSet(keys)
    if ('ok' in set) return set
    kids = kidsOf(set.keys)
    return undefined
  }

  return { tryVerify, load, kids: () => kids }
}

/** Keys of the JWK Set that the issuer's metadata names (RFC 8414), which is fetched at the first use. */
export function discoveredKeys<C extends object>(
  algorithms: Algorithms,
  expected: Expectations<C>,
  platform: Platform,
  closed: AbortSignal,
): KeySource<C> {
  const { issuer } = expected
  // Made and thrown away: whatever is wrong with the options is a TypeError now, and not at the first request.
  remoteKeys(metadataUri(issuer), algorithms, expected, platform)
  let found: KeySource<C> | undefined
  let flight: Promise<KeySource<C> | Refusal<VerifierErrorCode>> | undefined
  let lastFailure: { readonly at: number; readonly refusal: Refusal<VerifierErrorCode> } | undefined

  async function source(): Promise<KeySource<C> | Refusal<VerifierErrorCode>> {
    if (found !== undefined) return found
    // Either way round: nobody waits for a clock that was set back to come to where it was.
    const last = lastFailure
    if (last !== undefined && Math.abs(platform.clock() - last.at) < METADATA_COOLDOWN) return last.refusal
    flight ??= discover().finally(() => {
      flight = undefined
    })
    return flight
  }

  async function discover(): Promise<KeySource<C> | Refusal<VerifierErrorCode>> {
    const uri = await fetchJwksUri(issuer, platform, closed)
    if (typeof uri !== 'string') {
      lastFailure = { at: platform.clock(), refusal: uri }
      return uri
    }
    found = remoteKeys(uri, algorithms, expected, platform)
    return found
  }

  return {
    async tryVerify(token) {
      const keys = await source()
      return 'ok' in keys ? keys : keys.tryVerify(token)
    },
    async load() {
      const keys = await source()
      return 'ok' in keys ? keys : keys.load()
    },
    kids: () => found?.kids(),
  }
}

export type Algorithms = readonly [AsymmetricAlgorithm, ...AsymmetricAlgorithm[]] | undefined

async function loadSet(keys: RemoteJwkSet) {
  try {
    return await keys.load()
  } catch (error) {
    if (error instanceof JwtError && error.code === 'jwk_set_unavailable') return UNAVAILABLE
    throw error
  }
}

const UNAVAILABLE: Refusal<VerifierErrorCode> = Object.freeze({ ok: false, code: 'jwk_set_unavailable' })

const kidsOf = (keys: readonly { readonly kid: string | undefined }[]): readonly string[] =>
  Object.freeze(keys.map(({ kid }) => kid).filter((kid) => kid !== undefined))
