import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createVerifier,
  importSecret,
  importVerificationKey,
  JwtError,
  type JwtVerifier,
  type VerificationKey,
} from '@countersign/jwt'
import { describe, expect, test, vi } from 'vitest'
import type { AttackCase } from './cases/attack.ts'
import { CASES, GENUINE } from './cases.ts'
import {
  AUDIENCE,
  attach,
  bytesOf,
  CLAIMS,
  forge,
  genuine,
  headerOf,
  ISSUER,
  NOW,
  OWNERS,
  type Owner,
  P256_ORDER,
  partsOf,
  toInteger,
} from './forge.ts'

/** The key of an owner, as a verifier holds it. */
function keyOf({ alg, secret, publicKey }: Owner): VerificationKey {
  if (alg === 'HS256' || alg === 'HS512') return importSecret(secret ?? Buffer.alloc(0), alg)
  if (publicKey === undefined) throw new Error('the owner has no public key')
  return importVerificationKey(publicKey, alg, { kid: 'k' })
}

const verifierOf = ({ alg, settings }: Pick<AttackCase, 'alg' | 'settings'>): JwtVerifier =>
  createVerifier({ keys: keyOf(OWNERS[alg]), issuer: ISSUER, audience: AUDIENCE, clock: () => NOW, ...settings })

/** A refusal is our own code and nothing else: no crash, no foreign exception, no result. */
function expectRefusal({ verify, tryVerify }: JwtVerifier, token: unknown, label: string): void {
  const text = token as string // the attack is that it may be none
  const result = tryVerify(text)
  if (result.ok) expect.fail(`${label} was accepted`)
  const thrown = (() => {
    try {
      return verify(text)
    } catch (error) {
      return error
    }
  })()
  if (!(thrown instanceof JwtError)) expect.fail(`${label} threw something else`)
  expect(thrown.code).toBe(result.code)
}

describe.each(CASES)('$id $title', ({ id, alg, control, forms, settings }) => {
  test(`${id}: every form is refused, the control is not`, () => {
    const verifier = verifierOf(settings === undefined ? { alg } : { alg, settings })
    const log = vi.spyOn(console, 'log')
    expect(verifier.tryVerify(control as string)).toMatchObject({ ok: true })
    // Twice each, and the control between: nothing that a refused token leaves behind may help the next one.
    for (const [label, token] of Object.entries(forms)) {
      expectRefusal(verifier, token, `${id} ${label}`)
      expectRefusal(verifier, token, `${id} ${label}, again`)
    }
    expect(verifier.verify(control as string).ok).toBe(true)
    expect(log).not.toHaveBeenCalled()
    expect(Object.keys(forms).length).toBeGreaterThan(0)
  })
})

describe('what is accepted, and how', () => {
  test.each(GENUINE)('a genuine %s token', (alg, token) => {
    const { header, claims, typ } = verifierOf({ alg }).verify(token)
    expect({ header, claims, typ }).toEqual({ header: headerOf(alg), claims: CLAIMS, typ: 'at+jwt' })
  })

  test('C05: (r, n - s) is a second signature, so nothing may be denied by the text of a token', () => {
    const { input, signature } = partsOf(genuine(OWNERS.ES256))
    const s = toInteger(signature.subarray(32))
    const twin = attach(input, Buffer.concat([signature.subarray(0, 32), bytesOf(P256_ORDER - s, 32)]))
    expect(verifierOf({ alg: 'ES256' }).tryVerify(twin)).toMatchObject({ ok: true })
  })

  test('D09: of two members of one name in the payload the last one counts', () => {
    const text = JSON.stringify(CLAIMS).replace('{', '{"sub":"admin","exp":1,')
    const verifier = verifierOf({ alg: 'HS256' })
    expect(verifier.verify(forge(headerOf('HS256'), text, OWNERS.HS256.sign)).claims.sub).toBe('alice')
    const expired = JSON.stringify(CLAIMS).replace('}', ',"exp":1}')
    expectRefusal(verifier, forge(headerOf('HS256'), expired, OWNERS.HS256.sign), 'D09')
  })

  test('D10: __proto__ in header and claims is a name like any other', () => {
    const verifier = verifierOf({ alg: 'HS256' })
    const member = '"__proto__":{"admin":true,"kid":"x","aud":"x"}'
    const header = JSON.stringify(headerOf('HS256')).replace('{', `{${member},`)
    const payload = JSON.stringify(CLAIMS).replace('{', `{${member},`)
    const jwt = verifier.verify(forge(header, payload, OWNERS.HS256.sign))
    expect(jwt.claims.admin).toBeUndefined()
    expect(Object.getPrototypeOf(jwt.claims)).toBe(Object.prototype)
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false)
    const { aud: _aud, ...rest } = CLAIMS
    expectRefusal(verifier, forge(header, JSON.stringify(rest).replace('{', `{${member},`), OWNERS.HS256.sign), 'D10')
  })

  test('D11: claims named like methods are own properties only', () => {
    const names = { hasOwnProperty: 1, toString: 'x', valueOf: null, toJSON: 'y', constructor: {} }
    const jwt = verifierOf({ alg: 'HS256' }).verify(genuine(OWNERS.HS256, {}, names))
    expect(Object.keys(jwt.claims)).toEqual([...Object.keys(CLAIMS), ...Object.keys(names)])
  })

  test('D02: no address in a token is ever visited', async () => {
    let requests = 0
    const server = createServer((_request, response) => {
      requests++
      response.end('{"keys":[]}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}/jwks.json`
    const verifier = verifierOf({ alg: 'HS256' })
    const junk = (): Buffer => Buffer.alloc(32)
    expectRefusal(verifier, forge(headerOf('HS256', { jku: url, x5u: url }), { ...CLAIMS, iss: url }, junk), 'D02')
    expect(verifier.verify(genuine(OWNERS.HS256, { jku: url, x5u: url })).ok).toBe(true)
    await (await fetch(url)).text()
    server.close()
    expect(requests).toBe(1) // our own, so the listener was there to be found
  })

  test('D03: a "kid" is a name of a key, and never a path, a query or an address', () => {
    const verifier = verifierOf({ alg: 'ES256' })
    for (const kid of ['../../dev/null', "k' OR 1=1", 'k; ls', 'https://example.com/k', 'k\0', 'K', ' k', '']) {
      const result = verifier.tryVerify(genuine(OWNERS.ES256, { kid }))
      expect(result).toEqual({ ok: false, code: 'jwt_key_not_found' })
    }
    expect(verifier.verify(genuine(OWNERS.ES256, { kid: 'k' })).ok).toBe(true)
  })

  test('the order of errors: "expired" is said only of a token that is otherwise ours (CVE-2024-51744)', () => {
    const { tryVerify } = verifierOf({ alg: 'HS256' })
    const late = { exp: NOW - 1 }
    const code = (token: string): unknown =>
      (({ code, claim }: { code?: string; claim?: string }) => [code, claim])(tryVerify(token) as object)
    expect(code(genuine(OWNERS.HS256, {}, late))).toEqual(['jwt_expired', undefined])
    expect(code(genuine(OWNERS.HS256, {}, { ...late, aud: 'x' }))).toEqual(['jwt_claim_mismatch', 'aud'])
    expect(code(genuine(OWNERS.HS256, {}, { ...late, aud: 'x', iss: 'x' }))).toEqual(['jwt_claim_mismatch', 'iss'])
    expect(code(genuine(OWNERS.HS256, {}, { ...late, iss: 1 }))).toEqual(['jwt_claim_invalid', 'iss'])
    expect(code(genuine(OWNERS.HS256, {}, { ...late, iss: 1, sub: null }))).toEqual(['jwt_claim_missing', 'sub'])
    expect(code(genuine(OWNERS.HS256, {}, { ...late, nbf: NOW + 1 }))).toEqual(['jwt_not_yet_valid', undefined])
    expect(code(forge(headerOf('HS256'), 'no JSON', () => Buffer.alloc(32)))).toEqual([
      'jwt_signature_invalid',
      undefined,
    ])
    expect(code(forge(headerOf('HS256'), 'no JSON', OWNERS.HS256.sign))).toEqual(['jwt_payload_invalid', undefined])
  })

  test('the tolerance of the clock, at its edges', () => {
    const { tryVerify } = createVerifier({
      keys: keyOf(OWNERS.HS256),
      issuer: ISSUER,
      audience: AUDIENCE,
      clock: () => NOW,
      clockTolerance: 60,
      maxTokenAge: 100,
    })
    const verdict = (claims: object): unknown => {
      const result = tryVerify(genuine(OWNERS.HS256, {}, claims))
      return result.ok || result.code
    }
    expect([verdict({ exp: NOW - 59 }), verdict({ exp: NOW - 60 })]).toEqual([true, 'jwt_expired'])
    expect([verdict({ nbf: NOW + 60 }), verdict({ nbf: NOW + 61 })]).toEqual([true, 'jwt_not_yet_valid'])
    expect([verdict({ iat: NOW + 60 }), verdict({ iat: NOW + 61 })]).toEqual([true, 'jwt_not_yet_valid'])
    expect([verdict({ iat: NOW - 160 }), verdict({ iat: NOW - 161 })]).toEqual([true, 'jwt_too_old'])
  })

  test('a result is frozen with all that it holds, so no caller changes it for another', () => {
    const jwt = verifierOf({ alg: 'HS256' }).verify(genuine(OWNERS.HS256, {}, { roles: ['clerk'], deep: { a: [{}] } }))
    const roles = jwt.claims.roles as string[]
    expect(() => roles.push('admin')).toThrow(TypeError)
    expect(() => Object.assign(jwt.claims, { sub: 'admin' })).toThrow(TypeError)
    expect(() => Object.assign(jwt.header, { kid: 'x' })).toThrow(TypeError)
    expect(Object.isFrozen((jwt.claims.deep as { a: object[] }).a[0])).toBe(true)
  })
})
