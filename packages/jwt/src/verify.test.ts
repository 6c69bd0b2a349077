import { describe, expect, test } from 'vitest'
import {
  createLenientVerifier,
  createSigner,
  createVerifier,
  decode,
  generateSecret,
  generateSigningKey,
  JwtError,
  type StandardSchema,
  unchecked,
} from './index.ts'

const NOW = 1_800_000_000
const parties = { issuer: 'https://auth.example.com', audience: 'https://api.example.com', clock: () => NOW }
const key = await generateSecret('HS256')
const token = createSigner({ key, ...parties }).sign({ sub: 'alice', scope: 'read' })

describe('createVerifier', () => {
  test('verify and tryVerify work when taken off', () => {
    const { verify, tryVerify } = createVerifier({ keys: key, ...parties })
    expect(verify(token).claims).toMatchObject({ sub: 'alice', scope: 'read' })
    expect(tryVerify(token)).toEqual(verify(token))
    expect(tryVerify(`${token}x`)).toEqual({ ok: false, code: expect.any(String) })
    expect(() => verify('')).toThrow(
      expect.objectContaining({
        name: 'JwtError',
        code: 'jwt_malformed',
        message: 'The token is not three parts of canonical base64url.',
      }),
    )
  })

  test('one of several keys is chosen by kid', async () => {
    const keys = await Promise.all(['a', 'b', 'c'].map((kid) => generateSecret('HS256', { kid })))
    const [a, b, c] = keys
    if (a === undefined || b === undefined || c === undefined) throw new Error('three keys are due')
    const { tryVerify } = createVerifier({ keys: [a, b], ...parties })
    const by = (secret: typeof a): string => createSigner({ key: secret, ...parties }).sign({ sub: 'alice' })
    expect([tryVerify(by(a)).ok, tryVerify(by(b)).ok]).toEqual([true, true])
    expect(tryVerify(by(c))).toEqual({ ok: false, code: 'jwt_key_not_found' })
    expect(tryVerify(token)).toEqual({ ok: false, code: 'jwt_key_not_found' }) // no kid, and two keys that fit
  })

  test('a refusal is one frozen object, however often', () => {
    const { tryVerify } = createVerifier({ keys: key, ...parties, issuer: 'https://other.example.com' })
    expect(tryVerify(token)).toBe(tryVerify(token))
    expect(tryVerify(token)).toEqual({ ok: false, code: 'jwt_claim_mismatch', claim: 'iss' })
    expect(Object.isFrozen(tryVerify(token))).toBe(true)
  })

  test('a token of one kind is none of another', () => {
    const invite = createSigner({ key, ...parties, typ: 'invite+jwt' }).sign({ team: 'blue' })
    const invites = createVerifier<{ team: string }, 'invite+jwt'>({ keys: key, ...parties, typ: 'invite+jwt' })
    expect(invites.verify(invite)).toMatchObject({ typ: 'invite+jwt', claims: { team: 'blue' } })
    expect(invites.tryVerify(token)).toEqual({ ok: false, code: 'jwt_type_mismatch' })
    expect(createVerifier({ keys: key, ...parties }).tryVerify(invite)).toEqual({
      ok: false,
      code: 'jwt_type_mismatch',
    })
  })

  test('the media type of a kind may be written in full, and then names no other type', () => {
    const verdict = (written: string, expected: string): boolean => {
      const typed = createSigner<object, string>({ key, ...parties, typ: written }).sign({ sub: 'alice' })
      return createVerifier<object, string>({ keys: key, ...parties, typ: expected }).tryVerify(typed).ok
    }
    expect([verdict('application/AT+JWT', 'at+jwt'), verdict('at+jwt', 'Application/at+jwt')]).toEqual([true, true])
    expect([verdict('text/plain', 'text/plain'), verdict('text/plain', 'application/text/plain')]).toEqual([
      true,
      false,
    ])
  })

  test('one of several audiences is enough', () => {
    const several = createVerifier({ keys: key, ...parties, audience: ['x', parties.audience] })
    expect(several.verify(token).ok).toBe(true)
    expect(createVerifier({ keys: key, ...parties, audience: ['x', 'y'] }).tryVerify(token)).toMatchObject({
      claim: 'aud',
    })
  })
})

describe('claims by a schema', () => {
  const schemaOf = <T>(validate: (value: Record<string, unknown>) => unknown): StandardSchema<unknown, T & object> =>
    ({ '~standard': { version: 1, vendor: 'test', validate } }) as StandardSchema<unknown, T & object>

  test('gives the type and the values; registered claims stay those of the token', () => {
    const claims = schemaOf<{ scopes: string[] }>(({ scope }) => ({
      value: { scopes: String(scope).split(' '), sub: 'mallory' },
    }))
    const jwt = createVerifier({ keys: key, ...parties, claims }).verify(token)
    expect(jwt.claims.scopes).toEqual(['read'])
    expect(jwt.claims).toMatchObject({ sub: 'alice', iss: parties.issuer })
    expect('scope' in jwt.claims).toBe(false)
  })

  test('may give what JSON cannot say: bytes, and an object that holds itself', () => {
    const node: { me?: object; deep: { list: number[] } } = { deep: { list: [1] } }
    node.me = node
    const claims = schemaOf<{ bytes: Uint8Array; node: typeof node }>(() => ({
      value: { bytes: new Uint8Array([1, 2]), node },
    }))
    const jwt = createVerifier({ keys: key, ...parties, claims }).verify(token)
    expect(jwt.claims.bytes).toEqual(new Uint8Array([1, 2]))
    expect([Object.isFrozen(jwt.claims.node), Object.isFrozen(jwt.claims.node.deep.list)]).toEqual([true, true])
  })

  test('is asked last, and its issues come with both verbs', () => {
    let asked = 0
    const issue = { message: 'no', path: ['scope'] }
    const claims = schemaOf(() => {
      asked++
      return { issues: [{ ...issue, received: 'secret' }] }
    })
    const late = createVerifier({ keys: key, ...parties, claims, clock: () => NOW + 600 })
    expect(late.tryVerify(token)).toMatchObject({ code: 'jwt_expired' })
    expect(asked).toBe(0)
    const { verify, tryVerify } = createVerifier({ keys: key, ...parties, claims })
    expect(tryVerify(token)).toEqual({ ok: false, code: 'jwt_claims_refused', issues: [issue] })
    expect(() => verify(token)).toThrow(expect.objectContaining({ code: 'jwt_claims_refused', issues: [issue] }))
  })

  test('one that waits, or gives no object, is a mistake of the program', () => {
    for (const validate of [async () => ({ value: {} }), () => ({ value: 'text' })]) {
      expect(() => createVerifier({ keys: key, ...parties, claims: schemaOf(validate) }).tryVerify(token)).toThrow(
        TypeError,
      )
    }
    for (const claims of [{}, { '~standard': {} }, { '~standard': { version: 2, validate: () => 1 } }]) {
      expect(() => createVerifier({ keys: key, ...parties, claims: claims as never })).toThrow(TypeError)
    }
  })
})

describe('createLenientVerifier', () => {
  const foreign = createSigner({ key, ...parties, typ: 'JWT', allowNoExpiry: true }).sign({ role: 'x' })

  test('leaves out exactly what was given up by name', () => {
    const all = {
      keys: key,
      issuer: unchecked,
      audience: unchecked,
      typ: unchecked,
      allowNoExpiry: true,
      clock: () => NOW,
    } as const
    expect(createLenientVerifier(all).verify(foreign).claims).toMatchObject({ role: 'x' })
    const refusals = [
      [{ ...all, issuer: 'https://other.example.com' }, 'jwt_claim_mismatch'],
      [{ ...all, audience: 'other' }, 'jwt_claim_mismatch'],
      [{ ...all, typ: 'at+jwt' }, 'jwt_type_mismatch'],
      [{ ...all, maxTokenAge: 1, clock: () => NOW + 2 }, 'jwt_too_old'],
    ] as const
    for (const [options, code] of refusals)
      expect(createLenientVerifier(options).tryVerify(foreign)).toMatchObject({ code })
    const { allowNoExpiry: _given, ...dated } = all
    expect(createLenientVerifier(dated).tryVerify(foreign)).toEqual({
      ok: false,
      code: 'jwt_claim_missing',
      claim: 'exp',
    })
    expect(createLenientVerifier(dated).verify(token).ok).toBe(true)
  })

  test('an "exp" that is there still counts', () => {
    const { tryVerify } = createLenientVerifier({
      keys: key,
      issuer: unchecked,
      audience: unchecked,
      typ: unchecked,
      allowNoExpiry: true,
      clock: () => NOW + 600,
    })
    expect(tryVerify(token)).toEqual({ ok: false, code: 'jwt_expired' })
    expect(tryVerify(foreign)).toMatchObject({ ok: true })
  })

  test('its result says nothing of a kind', () => {
    const { verify } = createLenientVerifier({
      keys: key,
      issuer: parties.issuer,
      audience: parties.audience,
      typ: 'at+jwt',
      clock: () => NOW,
    })
    expect(Object.keys(verify(token))).toEqual(['ok', 'header', 'claims'])
  })
})

describe('decode', () => {
  test('reads without verifying, and is as strict about the form', async () => {
    const stranger = createSigner({ key: await generateSigningKey('ES256'), ...parties }).sign({ sub: 'bob' })
    expect(decode(stranger).unverifiedClaims.sub).toBe('bob')
    for (const [text, code] of [
      ['', 'jwt_malformed'],
      ['a.b', 'jwt_malformed'],
      [`${token}=`, 'jwt_malformed'],
      ['e30.e30.AA', 'jwt_header_invalid'],
      ['eyJhbGciOiJ4In0.W10.AA', 'jwt_payload_invalid'],
      ['x'.repeat(65_537), 'jwt_too_large'],
    ] as const) {
      expect(() => decode(text)).toThrow(expect.objectContaining({ name: 'JwtError', code }))
    }
    expect(() => decode(1 as never)).toThrow(JwtError)
  })
})
