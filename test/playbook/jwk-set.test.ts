import { generateKeyPairSync } from 'node:crypto'
import {
  type AsyncJwtVerifier,
  createAsyncVerifier,
  createJwkSet,
  createRemoteJwkSet,
  createVerifier,
  type Jwk,
  type JwkSetJson,
  JwtError,
  type RemoteJwkSetOptions,
} from '@countersign/jwt'
import { describe, expect, test } from 'vitest'
import {
  AUDIENCE,
  b64,
  CLAIMS,
  forge,
  genuine,
  headerOf,
  hs256,
  ISSUER,
  NOW,
  OWNERS,
  type Owner,
  spkiPem,
} from './forge.ts'

const jwkOf = (owner: Owner, more: object = {}): Jwk => ({
  kty: '',
  ...owner.publicKey?.export({ format: 'jwk' }),
  alg: owner.alg,
  use: 'sig',
  ...more,
})
const parties = { issuer: ISSUER, audience: AUDIENCE, clock: () => NOW }
const refused = (code: string): object => ({ ok: false, code })

describe('a set at hand', () => {
  const localVerifier = (...keys: object[]) =>
    createVerifier({ keys: createJwkSet({ keys: keys as Jwk[] }), ...parties })

  test('B30: a key without "alg" is no secret', () => {
    const { alg: _alg, ...bare } = jwkOf(OWNERS.RS256, { kid: 'r' })
    const { tryVerify } = localVerifier(bare, jwkOf(OWNERS.ES256, { kid: 'e' }))
    for (const key of [Buffer.from(String(bare.n), 'base64url'), spkiPem(OWNERS.RS256), JSON.stringify(bare)]) {
      for (const kid of ['r', 'e'])
        expect(tryVerify(forge(headerOf('HS256', { kid }), CLAIMS, hs256(key)))).toMatchObject({ ok: false })
    }
    expect(tryVerify(genuine(OWNERS.ES256, { kid: 'e' }))).toMatchObject({ ok: true })
    const named = createJwkSet({ keys: [bare] as Jwk[] }, { algorithms: ['RS256'] })
    expect(createVerifier({ keys: named, ...parties }).tryVerify(genuine(OWNERS.RS256, { kid: 'r' }))).toMatchObject({
      ok: true,
    })
  })

  test('B31 J13: a symmetric or private key in a set is never used', () => {
    const oct = { kty: 'oct', k: b64(OWNERS.HS256.secret ?? ''), alg: 'HS256', kid: 'o' }
    const privateJwk = { ...OWNERS.ES256.privateKey?.export({ format: 'jwk' }), alg: 'ES256', kid: 'p' }
    const { tryVerify } = localVerifier(oct, privateJwk, jwkOf(OWNERS.RS256, { kid: 'r' }))
    expect(tryVerify(genuine(OWNERS.HS256, { kid: 'o' }))).toEqual(refused('jwt_key_not_found'))
    expect(tryVerify(genuine(OWNERS.ES256, { kid: 'p' }))).toEqual(refused('jwt_key_not_found'))
    expect(tryVerify(genuine(OWNERS.RS256, { kid: 'r' }))).toMatchObject({ ok: true })
  })

  test('B32: the "kid" of one key and the signature of another', () => {
    const { tryVerify } = localVerifier(
      jwkOf(OWNERS.ES256, { kid: 'a' }),
      jwkOf(OWNERS.RS256, { kid: 'b' }),
      jwkOf(OWNERS.PS256, { kid: 'c' }),
    )
    expect(tryVerify(genuine(OWNERS.RS256, { kid: 'a' }))).toEqual(refused('jwt_algorithm_mismatch'))
    expect(tryVerify(forge(headerOf('RS256', { kid: 'b' }), CLAIMS, OWNERS.PS256.sign))).toEqual(
      refused('jwt_signature_invalid'),
    )
    expect(tryVerify(genuine(OWNERS.RS256, { kid: 'b' }))).toMatchObject({ ok: true })
  })

  test('B33: a "kid" that is no text, or the name of a method', () => {
    const { tryVerify } = localVerifier(jwkOf(OWNERS.ES256, { kid: 'a' }))
    for (const kid of [{}, ['a'], 1, true, null])
      expect(tryVerify(genuine(OWNERS.ES256, { kid }))).toEqual(refused('jwt_header_invalid'))
    for (const kid of ['__proto__', 'constructor', 'toString'])
      expect(tryVerify(genuine(OWNERS.ES256, { kid }))).toEqual(refused('jwt_key_not_found'))
    expect(tryVerify(genuine(OWNERS.ES256, { kid: 'a' }))).toMatchObject({ ok: true })
  })

  test('B34: without a "kid" exactly one key must fit', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    const second = { ...other.export({ format: 'jwk' }), alg: 'ES256', kid: 'x' }
    const one = localVerifier(jwkOf(OWNERS.ES256, { kid: 'a' }), jwkOf(OWNERS.RS256, { kid: 'b' }))
    const two = localVerifier(jwkOf(OWNERS.ES256, { kid: 'a' }), second)
    expect(one.tryVerify(genuine(OWNERS.ES256))).toMatchObject({ ok: true })
    expect(two.tryVerify(genuine(OWNERS.ES256))).toEqual(refused('jwt_key_not_found'))
    expect(two.tryVerify(genuine(OWNERS.ES256, { kid: 'a' }))).toMatchObject({ ok: true })
  })

  test('B35: keys of one "kid" are filtered before the choice, and two that fit are no choice', () => {
    const own = jwkOf(OWNERS.ES256, { kid: 'a' })
    const filtered = localVerifier(
      jwkOf(OWNERS.RS256, { kid: 'a', use: 'enc' }),
      jwkOf(OWNERS.EdDSA, { kid: 'a' }),
      { kty: 'XYZ', kid: 'a' },
      own,
    )
    expect(filtered.tryVerify(genuine(OWNERS.ES256, { kid: 'a' }))).toMatchObject({ ok: true })
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    const twice = localVerifier(own, { ...other.export({ format: 'jwk' }), alg: 'ES256', kid: 'a' })
    expect(twice.tryVerify(genuine(OWNERS.ES256, { kid: 'a' }))).toEqual(refused('jwt_key_not_found'))
  })

  test('J11: one broken key among good ones', () => {
    const broken = [
      null,
      1,
      'key',
      [],
      {},
      { kty: 'RSA' },
      { kty: 'RSA', n: '!!', e: 'AQAB', alg: 'RS256' },
      { kty: 'EC', crv: 'P-257', x: 'AA', y: 'AA', alg: 'ES256' },
      jwkOf(OWNERS.ES256, { alg: 'none' }),
      jwkOf(OWNERS.ES256, { kid: 7 }),
    ]
    const set = createJwkSet({ keys: [...broken, jwkOf(OWNERS.ES256, { kid: 'a' })] as Jwk[] })
    expect(set.keys.map(({ kid }) => kid)).toEqual(['a'])
    expect(createVerifier({ keys: set, ...parties }).tryVerify(genuine(OWNERS.ES256, { kid: 'a' }))).toMatchObject({
      ok: true,
    })
    for (const none of [null, [], {}, { keys: {} }, 'keys'])
      expect(() => createJwkSet(none as JwkSetJson)).toThrow(JwtError)
  })
})

/** An issuer in memory, with a clock and a timer of its own: nothing waits for real. */
function createIssuer(first: readonly object[], options: RemoteJwkSetOptions = {}) {
  const state = {
    now: NOW,
    requests: 0,
    keys: first,
    headers: {} as Record<string, string>,
    answer: undefined as undefined | ((request: Request) => Promise<Response>),
  }
  const timers: (() => void)[] = []
  const set = createRemoteJwkSet('https://auth.example.com/jwks.json', {
    clock: () => state.now,
    sleep: (_seconds, signal) =>
      new Promise((resolve) => {
        timers.push(resolve)
        signal.addEventListener('abort', () => resolve())
      }),
    fetch: async (request) => {
      state.requests++
      expect(request.redirect).toBe('manual')
      return state.answer === undefined
        ? Response.json({ keys: state.keys }, { headers: state.headers })
        : await state.answer(request)
    },
    ...options,
  })
  const { tryVerify }: AsyncJwtVerifier = createAsyncVerifier({
    keys: set,
    issuer: ISSUER,
    audience: AUDIENCE,
    clock: () => NOW,
  })
  const verdict = async (token: string): Promise<unknown> => {
    const result = await tryVerify(token)
    return result.ok || result.code
  }
  const timeOut = (): void => {
    for (const fire of timers.splice(0)) fire()
  }
  return { state, set, verdict, timeOut }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a set at an address', () => {
  const a = jwkOf(OWNERS.ES256, { kid: 'a' })
  const b = jwkOf(OWNERS.EdDSA, { kid: 'b' })
  const byA = genuine(OWNERS.ES256, { kid: 'a' })
  const byB = genuine(OWNERS.EdDSA, { kid: 'b' })
  const down = async (): Promise<Response> => new Response('', { status: 500 })

  test('J01: 300 tokens with invented kids cost one more request in 30 s', async () => {
    const { state, verdict } = createIssuer([a])
    expect(await verdict(byA)).toBe(true)
    for (let index = 0; index < 300; index++) {
      expect(await verdict(genuine(OWNERS.ES256, { kid: `k${index}` }))).toBe('jwt_key_not_found')
    }
    expect(state.requests).toBe(2)
    state.now += 29
    await verdict(genuine(OWNERS.ES256, { kid: 'late' }))
    expect(state.requests).toBe(2)
    state.now += 1
    await verdict(genuine(OWNERS.ES256, { kid: 'later' }))
    expect(state.requests).toBe(3)
    expect(await verdict(byA)).toBe(true)
  })

  test('J02: 200 verifications at once on a cold cache are one request', async () => {
    const { state, verdict } = createIssuer([a])
    const results = await Promise.all(Array.from({ length: 200 }, () => verdict(byA)))
    expect(results.every((result) => result === true)).toBe(true)
    expect(state.requests).toBe(1)
  })

  test('J03: while the endpoint fails, known keys work and attempts are counted', async () => {
    const { state, verdict } = createIssuer([a])
    expect(await verdict(byA)).toBe(true)
    state.answer = down
    for (let index = 0; index < 50; index++) await verdict(genuine(OWNERS.ES256, { kid: `k${index}` }))
    expect(await verdict(byA)).toBe(true)
    expect(state.requests).toBe(2)
  })

  test('J04: past its age a set serves for a day more, and no longer', async () => {
    const { state, verdict } = createIssuer([a])
    expect(await verdict(byA)).toBe(true)
    state.answer = down
    state.now += 601
    expect(await verdict(byA)).toBe(true)
    state.now += 86_000
    expect(await verdict(byA)).toBe(true)
    state.now += 1000
    expect(await verdict(byA)).toBe('jwk_set_unavailable')
    state.answer = undefined
    state.now += 30
    expect(await verdict(byA)).toBe(true)
  })

  test('J05: a key that is withdrawn is refused after the age of the set', async () => {
    const { state, verdict } = createIssuer([a, b])
    expect(await verdict(byB)).toBe(true)
    state.keys = [a]
    state.now += 100
    expect(await verdict(byB)).toBe(true)
    state.now += 501
    expect(await verdict(byB)).toBe('jwt_key_not_found')
    expect(await verdict(byA)).toBe(true)
  })

  test('J05 J06: a clock that is set back keeps neither an old set nor a new key waiting', async () => {
    const { state, verdict } = createIssuer([a])
    state.now += 86_400
    expect(await verdict(byA)).toBe(true)
    await verdict(genuine(OWNERS.ES256, { kid: 'bad' }))
    expect(state.requests).toBe(2)
    state.now -= 86_400
    state.keys = [b]
    expect(await verdict(byB)).toBe(true)
    expect(state.requests).toBe(3)
    expect(await verdict(byA)).toBe('jwt_key_not_found')
  })

  test('J06: the first token with a new key verifies', async () => {
    const { state, verdict } = createIssuer([a])
    expect(await verdict(byA)).toBe(true)
    state.keys = [a, b]
    state.now += 5
    expect(await verdict(byB)).toBe(true)
    expect(state.requests).toBe(2)
  })

  test('J07: one bad kid just before a rotation delays the new key by the cooldown', async () => {
    const { state, verdict } = createIssuer([a])
    await verdict(byA)
    await verdict(genuine(OWNERS.ES256, { kid: 'bad' }))
    state.keys = [a, b]
    expect(await verdict(byB)).toBe('jwt_key_not_found')
    state.now += 30
    expect(await verdict(byB)).toBe(true)
  })

  test('J08: an endpoint that never answers is given up, and known keys do not wait for it', async () => {
    const { state, verdict, timeOut } = createIssuer([a])
    await verdict(byA)
    state.answer = () => new Promise(() => undefined)
    const unknown = verdict(byB)
    await settled()
    expect(await verdict(byA)).toBe(true)
    timeOut()
    expect(await unknown).toBe('jwt_key_not_found')

    const cold = createIssuer([a])
    cold.state.answer = () => new Promise(() => undefined)
    const first = cold.verdict(byA)
    await settled()
    cold.timeOut()
    expect(await first).toBe('jwk_set_unavailable')
  })

  test('a set is fetched again in the background before its age', async () => {
    const { state, verdict } = createIssuer([a], { cacheLifetime: 1000 })
    await verdict(byA)
    state.keys = [a, b]
    state.now += 799
    await verdict(byA)
    expect(state.requests).toBe(1)
    state.now += 1
    expect(await verdict(byA)).toBe(true)
    await settled()
    expect([state.requests, await verdict(byB), state.requests]).toEqual([2, true, 2])
  })

  test.each([
    ['max-age=3600', 3600],
    ['public, max-age=1', 60],
    ['no-store', 60],
    ['max-age=9999999', 86_400],
    ['max-age=x', 600],
    ['s-maxage=5', 600],
  ])('Cache-Control: %s makes an age of %i s', async (header, age) => {
    const { state, verdict } = createIssuer([a, b])
    state.headers = { 'cache-control': header }
    await verdict(byB)
    state.keys = [a]
    state.answer = down
    state.now += age - 1
    await verdict(byB)
    await settled()
    state.answer = undefined
    state.now += 30 // the attempt of the background counts
    expect([await verdict(byB), await verdict(byA)]).toEqual(['jwt_key_not_found', true])
  })

  test('J09: a redirect is not followed', async () => {
    const { state, verdict } = createIssuer([a])
    state.answer = async () =>
      new Response('', { status: 302, headers: { location: 'https://evil.example/jwks.json' } })
    expect(await verdict(byA)).toBe('jwk_set_unavailable')
    expect(state.requests).toBe(1)
    state.answer = undefined
    state.now += 1
    expect(await verdict(byA)).toBe(true)
  })

  test('J10: a body is cut at one megabyte by counting, whatever its length claims', async () => {
    const { state, verdict } = createIssuer([a])
    let sent = 0
    state.answer = async () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += 65_536
            controller.enqueue(new Uint8Array(65_536).fill(0x20))
            if (sent > 60_000_000) controller.close()
          },
        }),
      )
    expect(await verdict(byA)).toBe('jwk_set_unavailable')
    expect(sent).toBeLessThan(1_500_000)
    state.answer = undefined
    state.now += 1
    expect(await verdict(byA)).toBe(true)
  })

  test.each([
    ['no JSON', '<html>'],
    ['a list', '[]'],
    ['no keys', '{}'],
    ['nothing', ''],
  ])('an answer that is %s leaves the old set in use', async (_title, body) => {
    const { state, verdict } = createIssuer([a])
    await verdict(byA)
    state.answer = async () => new Response(body)
    state.now += 601
    expect(await verdict(byA)).toBe(true)
    expect(state.requests).toBe(2)
  })

  test('J12: only https, or http to a loopback host, without credentials', () => {
    for (const uri of [
      'http://auth.example.com/jwks',
      'file:///etc/passwd',
      'data:application/json,{"keys":[]}',
      'ftp://localhost/',
      '',
      'jwks.json',
      'http://localhost.example.com/',
      'http://127.0.0.1.example.com/',
      'https://user:pass@auth.example.com/',
      'http://10.0.0.1/',
      'javascript:1',
    ]) {
      expect(() => createRemoteJwkSet(uri)).toThrow(TypeError)
    }
    for (const uri of [
      'https://auth.example.com/jwks',
      'http://localhost:4000/jwks',
      'http://127.0.0.1:4000/',
      'http://[::1]:4000/',
      'http://auth.localhost/',
    ]) {
      expect(() => createRemoteJwkSet(uri)).not.toThrow()
    }
  })

  test('J13: a remote set with symmetric and private keys', async () => {
    const oct = { kty: 'oct', k: b64(OWNERS.HS256.secret ?? ''), alg: 'HS256', kid: 'o' }
    const { verdict } = createIssuer([
      oct,
      { ...OWNERS.EdDSA.privateKey?.export({ format: 'jwk' }), alg: 'EdDSA', kid: 'b' },
      a,
    ])
    expect([await verdict(genuine(OWNERS.HS256, { kid: 'o' })), await verdict(byB), await verdict(byA)]).toEqual([
      'jwt_key_not_found',
      'jwt_key_not_found',
      true,
    ])
  })

  test('junk costs no request at all', async () => {
    const { state, verdict } = createIssuer([a])
    expect([
      await verdict('a.b.c'),
      await verdict('x'.repeat(9000)),
      await verdict(genuine(OWNERS.ES256, { typ: 'JWT' })),
    ]).toEqual(['jwt_malformed', 'jwt_too_large', 'jwt_type_mismatch'])
    expect(state.requests).toBe(0)
    expect(await verdict(byA)).toBe(true)
  })

  test('load gives the set, and verify throws what tryVerify tells', async () => {
    const { state, set } = createIssuer([a])
    const { verify } = createAsyncVerifier({ keys: set, issuer: ISSUER, audience: AUDIENCE, clock: () => NOW })
    state.answer = down
    await expect(set.load()).rejects.toMatchObject({ name: 'JwtError', code: 'jwk_set_unavailable' })
    state.answer = undefined
    state.now += 1
    expect((await set.load()).keys.map(({ kid }) => kid)).toEqual(['a'])
    expect((await verify(byA)).claims.sub).toBe('alice')
    await expect(verify(byB)).rejects.toMatchObject({ code: 'jwt_key_not_found' })
  })
})
