import { decode } from '@countersign/jwt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  administrator,
  login,
  openTestService,
  payloadOf,
  register,
  signUp,
  type TestService,
} from '../support/service.ts'

const API = 'https://api.example.com'
const FILES = 'https://files.example.com'

let service: TestService
beforeAll(async () => {
  service = await openTestService({
    settings: {
      rateLimit: 'off',
      audience: [API, FILES],
      roleScopes: { clerk: ['orders:read', 'orders:write'] },
    },
  })
})
afterAll(() => service.close())

describe('S-O01 the access token', () => {
  const ID = /^[A-Za-z0-9_-]{22}$/

  test('is one of RFC 9068: its header, its claims and nothing else', async () => {
    const before = Math.floor(service.clock.now() / 1000)
    const { access_token: token, account, session_id, expires_in } = await signUp(service, 'o01')
    const { header, unverifiedClaims: payload } = decode(token)
    expect(header).toEqual({ alg: 'ES256', kid: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/), typ: 'at+jwt' })
    expect(payload).toEqual({
      iss: service.issuer,
      sub: account.id,
      aud: API,
      exp: expect.any(Number),
      iat: expect.any(Number),
      jti: expect.stringMatching(ID),
      client_id: 'first-party',
      sid: session_id,
      ver: expect.any(Number),
    })
    expect(account.id).toMatch(ID)
    expect(session_id).toMatch(ID)
    const { iat, exp } = payload as { iat: number; exp: number }
    expect(iat).toBeGreaterThanOrEqual(before)
    expect(iat).toBeLessThanOrEqual(service.clock.now() / 1000)
    expect(exp - iat).toBe(expires_in)
    expect(Buffer.byteLength(token)).toBeLessThan(1024)
    // Its key is in the JWK Set.
    const { keys } = await (await service.request('/.well-known/jwks.json')).json()
    expect(keys.map(({ kid }: { kid: string }) => kid)).toContain(header.kid)
  })

  test('names roles and scope when there are any, and the audience that was asked for, never the client', async () => {
    const admin = await administrator(service)
    const { account } = await signUp(service, 'o01b')
    const patched = await service.request(`/admin/accounts/${account.id}`, {
      method: 'PATCH',
      token: admin.access_token,
      json: { roles: ['clerk'] },
    })
    expect(patched.status).toBe(200)
    const clerk = await login(service, 'o01b', { audience: [FILES, API], scope: 'orders:read admin' })
    expect(clerk.scope).toBe('orders:read')
    expect(payloadOf(clerk.access_token)).toMatchObject({
      roles: ['clerk'],
      scope: 'orders:read',
      aud: [FILES, API],
      client_id: 'first-party',
    })
    expect(payloadOf(admin.access_token)).toMatchObject({ scope: 'admin', aud: service.issuer })
  })

  test('an audience that is not on the list, the client’s id above all, is refused', async () => {
    await register(service, 'o01c')
    for (const audience of ['first-party', 'https://evil.example', `${API}/`, '']) {
      await expect(login(service, 'o01c', { audience })).rejects.toThrow('login: 422')
    }
    await expect(login(service, 'o01c', { audience: API })).resolves.toBeDefined()
  })
})

describe('S-O06 the metadata', () => {
  interface Metadata {
    readonly issuer: string
    readonly [name: string]: unknown
  }

  test('has the issuer character for character, and every address in it answers', async () => {
    const response = await service.request('/.well-known/oauth-authorization-server')
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    const metadata = (await response.json()) as Metadata
    expect(metadata.issuer).toBe(service.issuer)
    const addresses = Object.entries(metadata).filter(([name]) => /(_uri|_endpoint|_documentation)$/.test(name))
    expect(addresses.map(([name]) => name)).toContain('jwks_uri')
    for (const [name, address] of addresses) {
      expect([name, String(address).startsWith(`${service.issuer}/`)]).toEqual([name, true])
      expect([name, (await service.request(String(address))).status]).toEqual([name, 200])
    }
  })

  test('lists only what works: no endpoint, grant or algorithm that is not there', async () => {
    const metadata = (await (await service.request('/.well-known/oauth-authorization-server')).json()) as Metadata
    const { paths } = await (await service.request('/openapi.json')).json()
    for (const [name, path] of [
      ['token_endpoint', '/oauth/token'],
      ['revocation_endpoint', '/oauth/revoke'],
      ['introspection_endpoint', '/oauth/introspect'],
    ] as const) {
      expect([name, name in metadata]).toEqual([name, path in paths])
    }
    expect(metadata).not.toHaveProperty('authorization_endpoint')
    // RFC 8414 section 2: left out, it would mean "authorization_code" and "implicit".
    if (!('/oauth/token' in paths)) expect(metadata.grant_types_supported).toEqual([])
    expect(metadata.response_types_supported).toEqual([])
    expect(metadata.scopes_supported).toEqual(expect.arrayContaining(['admin', 'orders:read', 'orders:write']))
  })

  test('of an issuer with a path stands where RFC 8414 §3.1 and OpenID Connect put it, and nowhere without the path', async () => {
    const issuer = 'https://example.com/identity'
    const below = await openTestService({ settings: { issuer, audience: [API] } })
    try {
      const at = async (address: string) => (await below.request(address)).status
      for (const address of [
        'https://example.com/.well-known/oauth-authorization-server/identity',
        `${issuer}/.well-known/oauth-authorization-server`,
      ]) {
        const response = await below.request(address)
        expect([address, response.status]).toEqual([address, 200])
        expect(await response.json()).toMatchObject({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` })
      }
      expect(await at(`${issuer}/.well-known/jwks.json`)).toBe(200)
      expect(await at('https://example.com/.well-known/oauth-authorization-server')).toBe(404)
      expect(await at('https://example.com/.well-known/jwks.json')).toBe(404)
    } finally {
      await below.close()
    }
  })
})
