import {
  createAsyncSigner,
  createSigner,
  createVerifier,
  type Jwk,
  type JwkSetJson,
  type JwtVerifier,
  type JwtVerifyErrorCode,
  type RsaAlgorithm,
  type SigningKey,
  type UnknownClaims,
  type VerificationKey,
} from '@countersign/jwt'
import type { AccessTokenClaims, KeyBody } from '@countersign/protocol'
import { AuthError } from '../domain/errors.ts'
import { audienceOf, canonicalAlgorithm, isSecretAlgorithm, keyLine, purposeOf } from '../domain/key-purpose.ts'
import { planKeys } from '../domain/signing-key.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyStore, StoredKey } from '../ports/key-store.ts'
import { type KeyPolicy, keepOf } from './key-policy.ts'
import type { KeySafe } from './key-safe.ts'
import { type KeyView, toKeyBody, viewKeys } from './key-view.ts'

/**
 * The signing keys of the service. Their states follow the clock between two readings of the rows too, so a key that was
 * published in time takes over in time even while the store is away.
 */
export interface KeyRing {
  /**
   * Reads the rows, makes those that are missing and opens the keys that are in use. Any number of services may do so
   * at once: of each missing key one is kept. Making an RSA key takes a while, so this is for the start and for
   * maintenance, never for a request.
   *
   * @throws {MasterKeyError} `key_missing`, `unreadable`: nothing was made then
   */
  refresh(): Promise<void>
  /** True when it is time to read the rows again: half a minute has passed, or a token named a key that is not known. */
  needsRefresh(): boolean
  /** Milliseconds since the rows were last read; `Infinity` before. Longer than the lead is an alarm. */
  age(): number
  /** True when there is a key to sign with for every audience. */
  canSign(): boolean
  /**
   * Signs an access token (RFC 9068) with the key that is active for its audience at that moment.
   *
   * @param at epoch milliseconds
   * @throws {AuthError} `service_busy` when no key is active; `audience_not_allowed` for several audiences when each has
   * a secret of its own
   * @throws {JwtError} for claims that a token must not carry
   */
  sign(claims: AccessTokenClaims, at: number): Promise<string>
  /**
   * Signature, kind, issuer, times, and an audience that is one of the configured ones or the issuer. A token for an
   * audience with a secret of its own counts only under that secret and for that audience alone.
   *
   * @throws {AuthError} `token_invalid`, with the verifier's code as its reason; `service_busy` before the first reading
   */
  verify(token: string): AccessTokenClaims
  /** The same as a value. @throws {AuthError} `service_busy` before the first reading */
  tryVerify(token: string): TokenVerdict
  /** The public keys (RFC 7517 §5), public members only. Empty where secrets are shared. The same object until it changes. */
  jwkSet(): JwkSetJson
  /** Every key there is, with its state now. */
  list(): readonly KeyBody[]
  /** All audiences, the issuer first. */
  readonly audiences: readonly string[]
  /** Milliseconds that a retired key still verifies. */
  readonly keep: number
  /** How often the rows want to be read, in milliseconds: half a minute, or less where keys live for seconds. */
  readonly pollInterval: number
}

export type TokenVerdict =
  | { readonly ok: true; readonly claims: AccessTokenClaims }
  | { readonly ok: false; readonly code: JwtVerifyErrorCode }

/** More rounds than services that start at the same moment; a round is lost only to a service that won one. */
const ROUNDS = 20
const LONGEST_POLL = 30_000
const SHORTEST_POLL = 250
/** How soon again for a key that is not known: otherwise junk would make us read at will. */
const UNKNOWN_KEY_COOLDOWN = 5_000

export function createKeyRing(dependencies: {
  readonly issuer: string
  /** The audiences besides the issuer. */
  readonly audiences: readonly string[]
  readonly keys: KeyStore
  readonly safe: KeySafe
  readonly clock: Clock
  readonly policy: KeyPolicy
  /** Is told of each key that this ring made. */
  readonly onPublished?: (key: StoredKey) => void | Promise<void>
  /** Is told of each key that this ring sealed anew under the active master key. */
  readonly onResealed?: (key: StoredKey) => void | Promise<void>
}): KeyRing {
  const { issuer, keys: store, safe, clock, policy, onPublished, onResealed } = dependencies
  const audiences = [...new Set([issuer, ...dependencies.audiences])]
  const alg = canonicalAlgorithm(policy.algorithm)
  const period = policy.keyPeriod * 1000
  const lead = policy.keyLead * 1000
  const keep = keepOf(policy) * 1000
  const pollInterval = Math.min(LONGEST_POLL, Math.max(SHORTEST_POLL, Math.min(period, lead) / 4))
  const now = () => clock.wall()
  const since = now()

  let rows: readonly StoredKey[] | undefined
  let readAt = Number.NEGATIVE_INFINITY
  let unknownKeySeen = false
  let view: OpenView | undefined
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const publicKeys = new Map<string, VerificationKey>()
  const signers = new Map<string, (claims: ClaimsWithoutIssuer) => string | Promise<string>>()
  const resealed = new Set<string>()

  /** One at a time. Whoever asks while one runs gets the one after it, which sees what was written meanwhile. */
  function refresh(): Promise<void> {
    if (running === undefined) {
      running = read().finally(() => {
        running = undefined
      })
      return running
    }
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined
        return refresh()
      })
    return next
  }

  async function read(): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const found = await store.list()
      // Before anything is made: a wrong master key must stop here, and not hide behind new keys.
      openPublicKeys(found)
      if (!(await makeMissing(found))) {
        adopt(found)
        await reseal(found)
        return
      }
    }
    throw new AuthError('service_busy', { retryAfter: 1, reason: 'signing keys' })
  }

  /** @returns true when something was missing, so that the rows must be read again, whoever made it */
  async function makeMissing(found: readonly StoredKey[]): Promise<boolean> {
    const tracks = isSecretAlgorithm(alg)
      ? audiences.map((audience) => ({ purpose: purposeOf(alg, audience), line: keyLine(found, audience) }))
      : [{ purpose: purposeOf(alg, issuer), line: found.filter(isOurs) }]
    let missing = false
    for (const { purpose, line } of tracks) {
      for (const planned of planKeys(line, now(), { alg, period, lead, since })) {
        missing = true
        const made = await safe.make(purpose, planned)
        if (!(await store.insert(made))) break
        await onPublished?.(made)
      }
    }
    return missing
  }

  /** A key pair stands in the line of every audience, so it is planned over the rows of all of them. */
  function isOurs({ purpose }: StoredKey): boolean {
    const audience = audienceOf(purpose)
    return audience === undefined || audiences.includes(audience)
  }

  function openPublicKeys(found: readonly StoredKey[]): void {
    const { served } = viewKeys(found, audiences, now(), keep)
    for (const row of served) openPublic(row)
  }

  function openPublic(row: StoredKey): VerificationKey {
    let key = publicKeys.get(row.kid)
    if (key === undefined) {
      key = safe.openPublic(row)
      publicKeys.set(row.kid, key)
    }
    return key
  }

  function adopt(found: readonly StoredKey[]): void {
    const places = ({ kid, activateAt, revokedAt, publishAt }: StoredKey) => [
      kid,
      publishAt,
      activateAt,
      revokedAt ?? null,
    ]
    const changed = JSON.stringify(found.map(places)) !== JSON.stringify(rows?.map(places))
    rows = found
    readAt = clock.mono()
    unknownKeySeen = false
    if (!changed) return
    view = undefined
    // Nothing private stays open of keys that no longer sign, and nothing at all of those that are gone.
    signers.clear()
    const known = new Set(found.map(({ kid }) => kid))
    for (const kid of publicKeys.keys()) if (!known.has(kid)) publicKeys.delete(kid)
    // The first log-in must not wait for it.
    for (const row of viewAt(now()).active.values()) if (row !== undefined) signerOf(row)
  }

  /**
   * Once for each key in the life of a ring: two services whose active master keys differ, while one is being rolled,
   * would seal the same key back and forth.
   */
  async function reseal(found: readonly StoredKey[]): Promise<void> {
    for (const row of found) {
      if (resealed.has(row.kid)) continue
      resealed.add(row.kid)
      const sealed = safe.reseal(row)
      if (sealed !== undefined && (await store.rewrap(row.kid, row.wrapped, sealed))) await onResealed?.(row)
    }
  }

  /** The view of the rows at that moment; kept until the clock says that a key changes its state. */
  function viewAt(at: number): OpenView {
    if (rows === undefined) throw new AuthError('service_busy', { retryAfter: 1, reason: 'signing keys' })
    if (view === undefined || at < view.from || at >= view.until)
      view = openView(viewKeys(rows, audiences, at, keep), at)
    return view
  }

  function openView(seen: KeyView, from: number): OpenView {
    return { ...seen, from, verifiers: verifiersOf(seen), jwkSet: { keys: seen.served.flatMap(publicJwk) } }
  }

  /** One verifier for the key pairs, good for every audience, and one for each audience that has secrets. */
  function verifiersOf({ served }: KeyView): readonly AccessVerifier[] {
    const clockSeconds = () => now() / 1000
    const groups = Map.groupBy(served, ({ purpose }) => purpose)
    return [...groups].map(([purpose, group]) => {
      const [first, ...others] = group.map(openPublic)
      const only = audienceOf(purpose)
      const [one, ...more] = only === undefined ? audiences : [only]
      const verifier = createVerifier<UnknownClaims & AccessTokenClaims>({
        keys: [first as VerificationKey, ...others],
        issuer,
        audience: [one as string, ...more],
        clock: clockSeconds,
      })
      return { only, tryVerify: verifier.tryVerify }
    })
  }

  async function sign({ iss: _ours, ...claims }: AccessTokenClaims, at: number): Promise<string> {
    const { active } = viewAt(at)
    const wanted = typeof claims.aud === 'string' ? [claims.aud] : claims.aud
    const keys = new Set(wanted.map((audience) => active.get(audience)))
    const [row] = keys
    // A secret would let each of the audiences mint for the others.
    if (keys.size > 1 || (row !== undefined && wanted.length > 1 && audienceOf(row.purpose) !== undefined)) {
      throw new AuthError('audience_not_allowed')
    }
    if (row === undefined) throw new AuthError('service_busy', { retryAfter: 1, reason: 'signing keys' })
    return await signerOf(row)(claims)
  }

  function signerOf(row: StoredKey): (claims: ClaimsWithoutIssuer) => string | Promise<string> {
    const known = signers.get(row.kid)
    if (known !== undefined) return known
    const options = { issuer, audience: issuer, clock: () => now() / 1000 }
    const key = safe.open(row)
    // RSA takes a millisecond and more, which would hold up everybody else.
    const { sign } = isRsa(key)
      ? createAsyncSigner<ClaimsWithoutIssuer>({ ...options, key })
      : createSigner<ClaimsWithoutIssuer>({ ...options, key })
    signers.set(row.kid, sign)
    return sign
  }

  function tryVerify(token: string): TokenVerdict {
    let code: JwtVerifyErrorCode = 'jwt_key_not_found'
    for (const { tryVerify: attempt, only } of viewAt(now()).verifiers) {
      const result = attempt(token)
      if (result.ok) {
        const { claims } = result
        if (only === undefined || isOnly(claims.aud, only)) return { ok: true, claims }
        return { ok: false, code: 'jwt_claim_mismatch' }
      }
      if (result.code !== 'jwt_key_not_found') code = result.code
    }
    if (code === 'jwt_key_not_found') unknownKeySeen = true
    return { ok: false, code }
  }

  return {
    refresh,
    needsRefresh: () =>
      clock.mono() - readAt >= (unknownKeySeen ? Math.min(pollInterval, UNKNOWN_KEY_COOLDOWN) : pollInterval),
    age: () => clock.mono() - readAt,
    canSign: () =>
      rows !== undefined && audiences.every((audience) => viewAt(now()).active.get(audience) !== undefined),
    sign,
    tryVerify,
    verify(token) {
      const verdict = tryVerify(token)
      if (!verdict.ok) throw new AuthError('token_invalid', { reason: verdict.code })
      return verdict.claims
    },
    jwkSet: () => viewAt(now()).jwkSet,
    list: () => (rows ?? []).map((row) => toKeyBody(row, viewAt(now()).states)),
    audiences,
    keep,
    pollInterval,
  }
}

type ClaimsWithoutIssuer = Omit<AccessTokenClaims, 'iss'>

function isRsa(key: SigningKey): key is SigningKey<RsaAlgorithm> {
  return key.alg.startsWith('RS') || key.alg.startsWith('PS')
}

/** A view with what was opened for it. */
interface OpenView extends KeyView {
  readonly from: number
  readonly verifiers: readonly AccessVerifier[]
  readonly jwkSet: JwkSetJson
}

interface AccessVerifier {
  /** The one audience of a secret. */
  readonly only: string | undefined
  readonly tryVerify: JwtVerifier<UnknownClaims & AccessTokenClaims>['tryVerify']
}

/** Only what a JWK Set may show, whatever the row holds. */
const PUBLIC_MEMBERS: readonly string[] = ['kty', 'crv', 'x', 'y', 'n', 'e']

function publicJwk({ publicJwk: text, kid, alg }: StoredKey): readonly Jwk[] {
  if (text === undefined) return []
  const { kty, ...members } = JSON.parse(text) as Jwk
  const shown = Object.entries(members).filter(([name]) => PUBLIC_MEMBERS.includes(name))
  return [{ kty, ...Object.fromEntries(shown), kid, alg, use: 'sig' }]
}

function isOnly(aud: string | readonly string[], audience: string): boolean {
  return aud === audience || (Array.isArray(aud) && aud.length === 1 && aud[0] === audience)
}
