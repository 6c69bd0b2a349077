import { runInNewContext } from 'node:vm'
import {
  createJwkSet,
  createSigner,
  exportJwkSet,
  generateSecret,
  generateSigningKey,
  type StandardSchema,
} from '@countersign/jwt'
import { describe, expect, test } from 'vitest'
import { simulatedPlatform } from '../../../test/guards/simulated-platform.ts'
import { type Auth, createVerifier, VerifierError, type VerifierOptions } from './index.ts'
import { createVerifierOn } from './verifier.ts'

const NOW = 1_800_000_000
const PARTIES = { issuer: 'https://auth.example.com', audience: 'https://api.example.com' }
const clock = (): number => NOW
const key = await generateSigningKey('ES256')
const stranger = await generateSigningKey('ES256')
const { sign } = createSigner({ key, ...PARTIES, clock })
const options = { ...PARTIES, keys: key.verificationKey, clock }
const CLAIMS = {
  sub: 'alice',
  scope: 'orders:read  orders:write',
  roles: ['clerk'],
  client_id: 'till',
  sid: 's1',
  ver: 2,
}

describe('S-B07 unfit options are refused when the verifier is made', () => {
  const unfit: readonly (readonly [string, unknown])[] = [
    ['nothing', undefined],
    ['no issuer', { audience: 'a', keys: options.keys }],
    ['no audience', { issuer: PARTIES.issuer, keys: options.keys }],
    ['an undefined issuer', { ...options, issuer: undefined }],
    ['an empty issuer', { ...options, issuer: '' }],
    ['a list of issuers', { ...options, issuer: [PARTIES.issuer] }],
    ['an undefined audience', { ...options, audience: undefined }],
    ['no audiences', { ...options, audience: [] }],
    ['an empty audience', { ...options, audience: ['a', ''] }],
    ['aud for audience', { ...options, aud: 'a' }],
    ['undefined keys', { ...options, keys: undefined }],
    ['null for keys', { ...options, keys: null }],
    ['no keys', { ...options, keys: [] }],
    ['a text for a key', { ...options, keys: 'secret' }],
    ['keys and an address', { ...options, jwksUri: 'https://auth.example.com/jwks' }],
    ['keys and algorithms', { ...options, algorithms: ['ES256'] }],
    ['an address in the clear', { ...PARTIES, jwksUri: 'http://auth.example.com/jwks' }],
    ['an empty address', { ...PARTIES, jwksUri: '' }],
    ['an issuer that has no metadata', { ...PARTIES, issuer: 'auth.example.com' }],
    ['no algorithms', { ...PARTIES, algorithms: [] }],
    ['an unsigned algorithm', { ...PARTIES, algorithms: ['none'] }],
    ['a secret algorithm from an address', { ...PARTIES, algorithms: ['HS256'] }],
    ['a tolerance of minutes', { ...options, clockTolerance: 301 }],
    ['a negative tolerance', { ...options, clockTolerance: -1 }],
    ['null for a tolerance', { ...options, clockTolerance: null }],
    ['no tolerance', { ...PARTIES, clockTolerance: Number.NaN }],
    ['a schema that is none', { ...options, claims: { parse: () => ({}) } }],
    ['a clock that is none', { ...options, clock: NOW }],
    ['a fetch that is none', { ...PARTIES, fetch: 'https://auth.example.com' }],
    ['an option of a later version', { ...options, revocations: 'feed' }],
  ]
  test.each(unfit)('S-B07 %s', (_, given) => {
    expect(() => createVerifier(given as VerifierOptions)).toThrow(TypeError)
  })

  test('S-B07 control: what is fit', () => {
    expect(createVerifier(options).mode).toBe('jwt')
    expect(createVerifier({ ...PARTIES, audience: ['a', 'b'], clockTolerance: 300 }).mode).toBe('jwt')
    expect(createVerifier({ ...PARTIES, jwksUri: 'https://auth.example.com/jwks', algorithms: ['ES256'] }).mode).toBe(
      'jwt',
    )
  })

  test('the compiler sees it too', () => {
    const { keys } = options
    // @ts-expect-error no audience
    expect(() => createVerifier({ issuer: PARTIES.issuer, keys })).toThrow(TypeError)
    // @ts-expect-error keys leave nothing to fetch
    expect(() => createVerifier({ ...PARTIES, keys, jwksUri: 'https://auth.example.com/jwks' })).toThrow(TypeError)
    // @ts-expect-error no such option
    expect(() => createVerifier({ ...PARTIES, keys, aud: 'a' })).toThrow(TypeError)
  })
})

describe('who is calling', () => {
  test('subject, scopes and roles of a token', async () => {
    const auth = await createVerifier(options).verify(sign(CLAIMS))
    expect(auth).toMatchObject({ ok: true, mode: 'jwt', subject: 'alice' })
    expect([[...auth.scopes], [...auth.roles]]).toEqual([['orders:read', 'orders:write'], ['clerk']])
    const { sid, ver, client_id } = auth.claims
    expect({ sid, ver, client_id }).toEqual({ sid: 's1', ver: 2, client_id: 'till' })
    expect([Object.isFrozen(auth), Object.isFrozen(auth.claims)]).toEqual([true, true])
  })

  test('a token without scope and roles has none', async () => {
    const { scopes, roles } = await createVerifier(options).verify(sign({ sub: 'alice' }))
    expect([scopes.size, roles.size]).toEqual([0, 0])
  })

  test.each([
    { scope: ['admin'] },
    { scope: 1 },
    { scope: null },
    { roles: 'admin' },
    { roles: [1] },
    { roles: { 0: 'admin' } },
    { client_id: 1 },
    { sid: {} },
    { ver: '2' },
    { ver: 0.5 },
  ])('a malformed claim is refused: %j', async (claims) => {
    const [claim] = Object.keys(claims)
    expect(await createVerifier(options).tryVerify(sign({ sub: 'alice', ...claims }))).toEqual({
      ok: false,
      code: 'jwt_claim_invalid',
      claim,
    })
  })

  test('refusals come as values from tryVerify and as errors from verify', async () => {
    const { verify, tryVerify } = createVerifier(options)
    const token = createSigner({ key: stranger, ...PARTIES, clock }).sign({ sub: 'alice' })
    expect(await tryVerify(token)).toEqual({ ok: false, code: 'jwt_key_not_found' })
    const error = await verify(token).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(VerifierError)
    expect(error).toMatchObject({ code: 'jwt_key_not_found', status: 401 })
    expect(await verify(sign({ sub: 'alice', aud: 'other' })).catch((thrown: unknown) => thrown)).toMatchObject({
      code: 'jwt_claim_mismatch',
      claim: 'aud',
    })
    expect((await verify(sign({ sub: 'alice' }))).subject).toBe('alice')
  })

  test('keys may be a secret, several, or a set', async () => {
    const secret = await generateSecret('HS256')
    const bySecret = createSigner({ key: secret, ...PARTIES, clock }).sign({ sub: 'alice' })
    expect((await createVerifier({ ...options, keys: secret }).verify(bySecret)).subject).toBe('alice')
    const several = createVerifier({ ...options, keys: [stranger.verificationKey, key.verificationKey] })
    const set = createVerifier({ ...options, keys: createJwkSet(exportJwkSet([stranger, key])) })
    for (const verifier of [several, set]) {
      expect((await verifier.verify(sign({ sub: 'alice' }))).subject).toBe('alice')
      expect(verifier.status()).toEqual({ ready: true, kids: [stranger.kid, key.kid] })
    }
  })

  test('an Auth cannot be written by hand', () => {
    // @ts-expect-error the brand is missing
    const forged: Auth = { ok: true, mode: 'jwt', subject: 'eve', scopes: new Set(), roles: new Set(), claims: {} }
    expect(forged.signal).toBeUndefined()
  })
})

describe('typed claims', () => {
  /** As most libraries do, it gives only what it declares. */
  const schema: StandardSchema<unknown, { tenant: string }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (payload) => {
        const { tenant } = payload as { tenant?: unknown }
        return typeof tenant === 'string' ? { value: { tenant } } : { issues: [{ message: 'no tenant' }] }
      },
    },
  }

  test('a schema checks and types them, and keeps what every access token has', async () => {
    const { verify } = createVerifier({ ...options, claims: schema })
    const { claims, scopes, roles } = await verify(sign({ ...CLAIMS, tenant: 't_1', extra: 1 }))
    const tenant: string = claims.tenant
    expect([tenant, claims.sid, claims.sub, [...roles]]).toEqual(['t_1', 's1', 'alice', ['clerk']])
    expect(scopes.has('orders:read')).toBe(true)
    expect(Object.keys(claims)).not.toContain('extra')
    // @ts-expect-error not declared
    expect(claims.extra).toBeUndefined()
  })

  test('what the schema refuses is refused', async () => {
    const { tryVerify } = createVerifier({ ...options, claims: schema })
    expect(await tryVerify(sign(CLAIMS))).toMatchObject({ ok: false, code: 'jwt_claims_refused' })
  })

  test('S-B07 a schema that gives no claims lets nobody in: a promise of any kind, a text, a list, both', async () => {
    const answering = (answer: unknown): StandardSchema<unknown, object> => ({
      '~standard': { version: 1, vendor: 'test', validate: () => answer as { value: object } },
    })
    const foreign: unknown = runInNewContext('Promise.resolve({ value: {} })') // no instance of our own Promise
    for (const answer of [Promise.resolve({ value: {} }), foreign, { value: 'abc' }, { value: ['a'] }, {}]) {
      const { tryVerify } = createVerifier({ ...options, claims: answering(answer) })
      await expect(tryVerify(sign(CLAIMS))).rejects.toThrow(TypeError)
    }
    const both = createVerifier({ ...options, claims: answering({ value: {}, issues: [{ message: 'no' }] }) })
    expect(await both.tryVerify(sign(CLAIMS))).toMatchObject({ ok: false, code: 'jwt_claims_refused' })
    const control = createVerifier({ ...options, claims: answering({ value: {} }) })
    expect((await control.verify(sign(CLAIMS))).subject).toBe('alice')
  })

  test('a type parameter is a promise of the caller', async () => {
    const { claims } = await createVerifier<{ tenant: string }>(options).verify(sign({ ...CLAIMS, tenant: 't_1' }))
    const tenant: string = claims.tenant
    expect(tenant).toBe('t_1')
  })
})

describe('time', () => {
  test('the tolerance is 5 seconds unless another is given', async () => {
    const token = sign({ sub: 'alice', exp: NOW - 4 })
    expect((await createVerifier(options).verify(token)).subject).toBe('alice')
    expect(await createVerifier(options).tryVerify(sign({ sub: 'alice', exp: NOW - 5 }))).toMatchObject({
      code: 'jwt_expired',
    })
    expect(await createVerifier({ ...options, clockTolerance: 0 }).tryVerify(token)).toMatchObject({
      code: 'jwt_expired',
    })
  })

  test('the signal aborts when the verifier itself would refuse the token, and costs nothing unread', async () => {
    const platform = simulatedPlatform(NOW)
    const verifier = createVerifierOn(platform, { ...PARTIES, keys: key.verificationKey })
    const token = sign({ sub: 'alice', exp: NOW + 60 })
    const auth = await verifier.verify(token)
    expect(platform.timers()).toBe(0)
    const { signal } = auth
    expect([auth.signal === signal, platform.timers()]).toEqual([true, 1])
    platform.advance(64)
    expect([signal.aborted, (await verifier.tryVerify(token)).ok]).toEqual([false, true])
    platform.advance(2)
    expect([signal.aborted, (await verifier.tryVerify(token)).ok]).toEqual([true, false])
  })
})

test('a clock that is set back keeps nobody waiting for the metadata', async () => {
  const asked: string[] = []
  const platform = simulatedPlatform(NOW, async ({ url }) => {
    asked.push(url)
    return new Response(null, { status: 500 })
  })
  const { tryVerify } = createVerifierOn(platform, PARTIES)
  const token = sign({ sub: 'alice' })
  for (let time = 0; time < 3; time++) expect(await tryVerify(token)).toMatchObject({ code: 'issuer_unavailable' })
  expect(asked).toHaveLength(1)
  platform.setBack(3600)
  await tryVerify(token)
  expect(asked).toHaveLength(2)
})

test('a closed verifier refuses everything', async () => {
  const { verify, tryVerify, ready, close, status } = createVerifier(options)
  await ready()
  const token = sign({ sub: 'alice' })
  expect((await tryVerify(token)).ok).toBe(true)
  await close()
  await close()
  expect(await tryVerify(token)).toEqual({ ok: false, code: 'issuer_unavailable' })
  await expect(verify(token)).rejects.toMatchObject({ code: 'issuer_unavailable', status: 503 })
  await expect(ready()).rejects.toThrow(VerifierError)
  expect(status()).toEqual({ ready: false, kids: [] })
})
