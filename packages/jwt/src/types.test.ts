import { describe, expectTypeOf, test } from 'vitest'
import {
  type AsyncJwtVerifier,
  createAsyncSigner,
  createAsyncVerifier,
  createLenientVerifier,
  createRemoteJwkSet,
  createSigner,
  createVerifier,
  decode,
  exportJwk,
  exportJwkSet,
  exportPrivateJwk,
  generateSecret,
  generateSigningKey,
  importSecret,
  importSigningKey,
  type JwtVerifier,
  type LenientJwt,
  type RegisteredClaims,
  type Secret,
  type SigningKey,
  type StandardSchema,
  type UnverifiedJwt,
  unchecked,
  type VerificationKey,
  type VerifiedJwt,
} from './index.ts'

/*
 * What must not compile, and does not: each line is an error that the compiler has to report. Nothing here runs but the
 * assertions on types.
 */

const parties = { issuer: 'https://auth.example.com', audience: 'https://api.example.com' }

export async function neverCalled(token: string): Promise<void> {
  const secret = await generateSecret('HS256')
  const key = await generateSigningKey('ES256')
  const rsa = await generateSigningKey('RS256')

  // @ts-expect-error a bare text is no secret
  importSecret('secret', 'HS256')
  // @ts-expect-error an HMAC algorithm takes no key pair
  importSigningKey('pem', 'HS256')
  // @ts-expect-error there is no unsigned token
  importSecret({ utf8: 'x' }, 'none')
  // @ts-expect-error a secret has no public half
  exportJwk(secret)
  // @ts-expect-error a secret is not published
  exportJwkSet([secret])
  // @ts-expect-error a public half has no private JWK
  exportPrivateJwk(key.verificationKey)
  // @ts-expect-error keys are not written by hand
  const handmade: VerificationKey = { alg: 'HS256', kid: 'x' }

  // @ts-expect-error no keys
  createVerifier(parties)
  // @ts-expect-error no audience
  createVerifier({ keys: secret, issuer: 'x' })
  // @ts-expect-error no issuer
  createVerifier({ keys: secret, audience: 'x' })
  // @ts-expect-error a misspelt option
  createVerifier({ keys: secret, ...parties, clockTolerence: 5 })
  // @ts-expect-error an option that does not exist yet
  createVerifier({ keys: secret, ...parties, cache: { maxEntries: 1 } })
  // @ts-expect-error no audience at all
  createVerifier({ keys: secret, issuer: 'x', audience: [] })
  // @ts-expect-error no keys at all
  createVerifier({ keys: [], ...parties })
  // @ts-expect-error a signing key is not a verification key
  createVerifier({ keys: key, ...parties })
  // @ts-expect-error a fetched set has to be awaited
  createVerifier({ keys: createRemoteJwkSet('https://x.example/'), ...parties })
  // @ts-expect-error keys at hand belong in createVerifier
  createAsyncVerifier({ keys: secret, ...parties })
  // @ts-expect-error a strict verifier leaves nothing out
  createVerifier({ keys: secret, issuer: unchecked, audience: 'x' })
  // @ts-expect-error a lenient one says what it leaves out
  createLenientVerifier({ keys: secret, issuer: unchecked })
  // @ts-expect-error seconds, not a text
  createVerifier({ keys: secret, ...parties, clockTolerance: '5s' })
  // @ts-expect-error exactOptionalPropertyTypes: nothing is not a value
  createVerifier({ keys: secret, ...parties, clockTolerance: undefined })

  // @ts-expect-error an access token has a subject
  createSigner({ key: secret, ...parties }).sign({ scope: 'x' })
  // @ts-expect-error the signer writes the issuer
  createSigner({ key: secret, ...parties }).sign({ sub: 'x', iss: 'y' })
  // @ts-expect-error a Date is no time in a token
  createSigner({ key: secret, ...parties }).sign({ sub: 'x', exp: new Date(0) })
  // @ts-expect-error a public key cannot sign
  createSigner({ key: key.verificationKey, ...parties })
  // @ts-expect-error a lifetime, or none, but not both
  createSigner({ key: secret, ...parties, lifetime: 60, allowNoExpiry: true })
  // @ts-expect-error only RSA and external keys wait
  createAsyncSigner({ key, ...parties })
  createAsyncSigner({ key: rsa, ...parties })

  const verifier = createVerifier({ keys: secret, ...parties })
  const invites = createVerifier<{ team: string }, 'invite+jwt'>({ keys: secret, ...parties, typ: 'invite+jwt' })
  const takesAccess = (jwt: VerifiedJwt): string => jwt.claims.sub
  takesAccess(verifier.verify(token))
  // @ts-expect-error an invitation is no access token
  takesAccess(invites.verify(token))
  // @ts-expect-error what was decoded was not verified
  takesAccess(decode(token))
  // @ts-expect-error what was verified leniently was not verified
  takesAccess(createLenientVerifier({ keys: secret, issuer: 'x', audience: 'y', typ: unchecked }).verify(token))
  // @ts-expect-error a result is not written by hand
  takesAccess({ ok: true, typ: 'at+jwt', header: { alg: 'HS256' }, claims: { iss: '', sub: '', aud: '', exp: 1 } })
  // @ts-expect-error a refusal has no claims
  verifier.tryVerify(token).claims
  // @ts-expect-error what is not declared is unknown
  verifier.verify(token).claims.tenant.length
  // @ts-expect-error a result is not changed
  verifier.verify(token).claims.sub = 'mallory'
  void handmade
}

describe('what the compiler knows', () => {
  test('claims', () => {
    type Claims = ReturnType<JwtVerifier['verify']>['claims']
    expectTypeOf<Claims['sub']>().toEqualTypeOf<string>()
    expectTypeOf<Claims['exp']>().toEqualTypeOf<number>()
    expectTypeOf<Claims['anything']>().toEqualTypeOf<unknown>()
    expectTypeOf<LenientJwt['claims']['sub']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<UnverifiedJwt['unverifiedClaims']['sub']>().toEqualTypeOf<unknown>()
    expectTypeOf<VerifiedJwt<{ team: string }, 'invite+jwt'>['claims']['sub']>().toEqualTypeOf<string | undefined>()
  })

  test('a schema types the claims at both ends', () => {
    type Schema = StandardSchema<{ plan: 'free' | 'pro' }, { plan: 'free' | 'pro' }>
    const verify = (claims: Schema, keys: Secret) => createVerifier({ keys, ...parties, claims }).verify('').claims.plan
    const sign = (claims: Schema, key: Secret) => createSigner({ key, ...parties, claims }).sign
    expectTypeOf(verify).returns.toEqualTypeOf<'free' | 'pro'>()
    expectTypeOf<Parameters<ReturnType<typeof sign>>[0]['plan']>().toEqualTypeOf<'free' | 'pro'>()
  })

  test('keys carry their algorithm', () => {
    expectTypeOf<SigningKey<'ES256'>['verificationKey']>().toEqualTypeOf<VerificationKey<'ES256'>>()
    expectTypeOf<Secret<'HS256'>>().toExtend<SigningKey<'HS256'> & VerificationKey<'HS256'>>()
    expectTypeOf<SigningKey>().not.toExtend<VerificationKey>()
    expectTypeOf<AsyncJwtVerifier['verify']>().returns.resolves.toHaveProperty('claims')
    expectTypeOf<RegisteredClaims['aud']>().toEqualTypeOf<string | readonly string[] | undefined>()
  })
})
