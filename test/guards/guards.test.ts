import { importSecret, importVerificationKey, type VerificationKey } from '@countersign/jwt'
import { type AccessTokenClaims, type Authenticator, createVerifier, type Verifier } from '@countersign/verifier'
import { createGuard as fastifyGuard } from '@countersign/verifier/fastify'
import { createGuard } from '@countersign/verifier/web'
import Fastify from 'fastify'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { AttackCase } from '../playbook/cases/attack.ts'
import { CASES } from '../playbook/cases.ts'
import { AUDIENCE, CLAIMS, forge, genuine, ISSUER, NOW, OWNERS, type Owner } from '../playbook/forge.ts'
import { type Api, type ApiOptions, HOSTS } from './hosts.ts'
import { type Answer, bearer, send, statusOfFlood } from './send.ts'

const { ES256, HS256 } = OWNERS

function keyOf({ alg, secret, publicKey }: Owner): VerificationKey {
  if (alg === 'HS256' || alg === 'HS512') return importSecret(secret ?? Buffer.alloc(0), alg)
  if (publicKey === undefined) throw new Error('the owner has no public key')
  return importVerificationKey(publicKey, alg, { kid: 'k' })
}

const verifierOf = (owner: Owner): Verifier =>
  createVerifier({
    keys: keyOf(owner),
    issuer: ISSUER,
    audience: AUDIENCE,
    clockTolerance: 0,
    clock: () => NOW,
  })

const token = (claims: object = {}, header: object = {}): string => genuine(ES256, header, claims)
const CALLER = { scope: 'orders:read', roles: ['clerk'] }

const INVALID = {
  type: 'urn:countersign:error:token_invalid',
  title: 'The access token is not valid.',
  status: 401,
  code: 'token_invalid',
}

function expectInvalid(answer: Answer, label = 'the token'): void {
  expect(answer.status, label).toBe(401)
  expect(answer.headers['www-authenticate'], label).toBe('Bearer realm="api", error="invalid_token"')
  expect(JSON.parse(answer.text), label).toEqual(INVALID)
}

describe.each(HOSTS)('$name', ({ start }) => {
  const opened: Api[] = []
  async function open(authenticator: Authenticator<AccessTokenClaims>, options?: ApiOptions): Promise<Api> {
    const api = await start(authenticator, options)
    opened.push(api)
    return api
  }
  afterEach(async () => {
    for (const api of opened.splice(0)) await api.close()
  })

  test('S-B01 no credentials are answered with a challenge without an error', async () => {
    const api = await open(verifierOf(ES256), { guard: { realm: 'orders' } })
    for (const lines of [[], [['authorization', 'Basic YTpi']]] as const) {
      const answer = await send(`${api.url}/me`, lines)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="orders"')
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(JSON.parse(answer.text)).toMatchObject({ status: 401, code: 'credentials_missing' })
    }
    expect(api.served()).toBe(0)

    const control = await bearer(`${api.url}/me`, token(CALLER))
    expect([control.status, JSON.parse(control.text)]).toEqual([200, { subject: 'alice', scopes: ['orders:read'] }])
  })

  test('S-B02 a refused token is told to be invalid, and only an otherwise good one to have expired', async () => {
    const api = await open(verifierOf(ES256))
    const [input, signature] = [token().slice(0, -10), token().slice(-10)]
    const refused = {
      signature: `${input}${[...signature].reverse().join('')}`,
      audience: token({ aud: 'https://other.example.com' }),
      issuer: token({ iss: 'https://other.example.com' }),
      type: token({}, { typ: 'JWT' }),
      'wrong audience and expired': token({ aud: 'https://other.example.com', exp: NOW - 1 }),
    }
    for (const [label, text] of Object.entries(refused)) expectInvalid(await bearer(`${api.url}/me`, text), label)

    const expired = await bearer(`${api.url}/me`, token({ exp: NOW - 1 }))
    expect(expired.headers['www-authenticate']).toBe(
      'Bearer realm="api", error="invalid_token", error_description="The token has expired."',
    )
    expect([expired.status, JSON.parse(expired.text)]).toEqual([401, INVALID])
    expect(api.served()).toBe(0)
    expect((await bearer(`${api.url}/me`, token({ exp: NOW + 1 }))).status).toBe(200)
  })

  test('S-B03 a missing scope or role is 403 and names the scope', async () => {
    const api = await open(verifierOf(ES256))
    const poor = token({ scope: 'orders:readall', roles: ['clerks'] })
    const scope = await bearer(`${api.url}/orders`, poor)
    expect(scope.status).toBe(403)
    expect(scope.headers['www-authenticate']).toBe(
      'Bearer realm="api", error="insufficient_scope", scope="orders:read"',
    )
    expect(JSON.parse(scope.text)).toMatchObject({ status: 403, code: 'scope_insufficient' })

    const all = await bearer(`${api.url}/refund`, token({ scope: 'orders:read', roles: ['clerk'] }))
    expect(all.headers['www-authenticate']).toContain('scope="orders:read orders:write"')

    const role = await bearer(`${api.url}/admin`, poor)
    expect([role.status, role.headers['www-authenticate']]).toEqual([
      403,
      'Bearer realm="api", error="insufficient_scope"',
    ])
    expect(JSON.parse(role.text)).toMatchObject({ code: 'role_insufficient' })
    expect(api.served()).toBe(0)

    expect((await bearer(`${api.url}/orders`, token({ scope: 'a orders:read b' }))).status).toBe(200)
    expect((await bearer(`${api.url}/admin`, token({ roles: ['clerk', 'admin'] }))).status).toBe(200)
    expect((await bearer(`${api.url}/refund`, token({ scope: 'orders:write orders:read', roles: ['clerk'] }))).status) //
      .toBe(200)
  })

  test('S-B04 credentials sent twice or in a malformed header are 400, the scheme has no case', async () => {
    const api = await open(verifierOf(ES256))
    const good = token()
    const line = (value: string): [string, string] => ['authorization', value]
    const malformed = [
      [line(`Bearer ${good}`), line(`Bearer ${good}`)],
      [line(`Bearer ${good}`), line('Bearer x')],
      [line('Basic YTpi'), line(`Bearer ${good}`)],
      [line('Bearer')],
      [line(`Bearer  ${good}`)],
      [line(`Bearer\t${good}`)],
      [line(`Bearer ${good} ${good}`)],
      [line(`Bearer ${good}, Bearer ${good}`)],
    ]
    for (const lines of malformed) {
      const answer = await send(`${api.url}/me`, lines)
      expect([answer.status, answer.headers['www-authenticate']], lines.join(' | ').replaceAll(good, 'T')).toEqual([
        400,
        'Bearer realm="api", error="invalid_request"',
      ])
      expect(JSON.parse(answer.text)).toMatchObject({ status: 400, code: 'credentials_malformed' })
    }
    for (const scheme of ['bearer', 'BEARER', 'BeArEr']) {
      expect((await send(`${api.url}/me`, [line(`${scheme} ${good}`)])).status).toBe(200)
    }
  })

  test('S-B04 a token in the query is not read', async () => {
    const api = await open(verifierOf(ES256))
    const answer = await send(`${api.url}/me?access_token=${token()}`)
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="api"'])
    expect((await bearer(`${api.url}/me?access_token=x`, token())).status).toBe(200)
  })

  test('S-B05 other kinds of token, and those for others, are 401', async () => {
    const api = await open(verifierOf(ES256))
    const kind = (typ: string, more: object): string => forge({ alg: 'ES256', typ }, { ...CLAIMS, ...more }, ES256.sign)
    const others = {
      'refresh token': `csn_rt_${'0aZ9'.repeat(20)}`,
      'id token': kind('JWT', { nonce: 'n', auth_time: NOW }),
      'DPoP proof': kind('dpop+jwt', { htm: 'GET', htu: `${api.url}/me` }),
      'logout token': kind('logout+jwt', { events: {} }),
      'feed frame': kind('csn-feed+jwt', { sq: 1 }),
      'other tenant': token({ iss: `${ISSUER}/other` }),
      'other audience': token({ aud: [`${AUDIENCE}/other`] }),
    }
    for (const [label, text] of Object.entries(others)) expectInvalid(await bearer(`${api.url}/me`, text), label)
    expect((await bearer(`${api.url}/me`, kind('at+jwt', {}))).status).toBe(200)
  })

  test('S-B06 a realm is quoted, and one that could inject a header is refused at construction', async () => {
    for (const realm of ['a\r\nset-cookie: x=1', 'a\nb', 'ü', '', '\0']) {
      await expect((async () => open(verifierOf(ES256), { guard: { realm } }))()).rejects.toThrow(TypeError)
    }
    const api = await open(verifierOf(ES256), { guard: { realm: 'the "orders" \\ API' } })
    const answer = await send(`${api.url}/me`)
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="the \\"orders\\" \\\\ API"')
  })

  test('S-B07 a guard without an authenticator throws when it is made', async () => {
    const nobody: unknown[] = [undefined, null, {}, { authenticate: true }, 'verifier']
    for (const none of nobody) {
      await expect((async () => open(none as Verifier))()).rejects.toThrow(TypeError)
    }
    expect((await bearer(`${(await open(verifierOf(ES256))).url}/me`, token())).status).toBe(200)
  })

  test('S-B09 a token of 10 kB and one of 1 MB are refused', async () => {
    const api = await open(verifierOf(ES256))
    const long = `${token()}${'A'.repeat(10_000)}`
    expectInvalid(await bearer(`${api.url}/me`, long))
    expect([401, 431]).toContain(await statusOfFlood(api.url, 'A'.repeat(1_000_000)))
    expect(api.served()).toBe(0)
    expect((await bearer(`${api.url}/me`, token())).status).toBe(200)
  })

  test('S-B10 a handler that ignores who is calling is not served to strangers', async () => {
    const api = await open(verifierOf(ES256))
    expect((await send(`${api.url}/ignores`)).status).toBe(401)
    expect((await bearer(`${api.url}/ignores`, 'a.b.c')).status).toBe(401)
    expect(api.served()).toBe(0)
    expect((await bearer(`${api.url}/ignores`, token())).status).toBe(200)
    expect(api.served()).toBe(1)
  })

  test('S-B10 only a check that answers true lets a request through', async () => {
    const answers: unknown[] = [false, undefined, null, 0, 1, 'true', {}, Promise.resolve(false)]
    for (const answer of answers) {
      const api = await open(verifierOf(ES256), { check: () => answer as boolean })
      const refused = await bearer(`${api.url}/check`, token())
      expect([refused.status, refused.headers['www-authenticate'], api.served()]).toEqual([403, undefined, 0])
      expect(JSON.parse(refused.text)).toMatchObject({ code: 'check_refused' })
    }
    const control = await open(verifierOf(ES256), { check: async ({ subject }) => subject === 'alice' })
    expect((await bearer(`${control.url}/check`, token())).status).toBe(200)
  })

  test('S-B10 a fault inside the guard is 503 and told to the operator, whoever else fails', async () => {
    const fault = new Error('the database of the check is down')
    const real = verifierOf(ES256)
    const faulty: Readonly<Record<string, [Authenticator<AccessTokenClaims>, ApiOptions['check']]>> = {
      'a check throws': [
        real,
        () => {
          throw fault
        },
      ],
      'a check rejects': [real, () => Promise.reject(fault)],
      'the authenticator throws': [
        {
          ...real,
          authenticate: () => {
            throw fault
          },
        },
        () => true,
      ],
      'the authenticator rejects': [{ ...real, authenticate: () => Promise.reject(fault) }, () => true],
      'the authenticator hands out what is not proven': [
        { ...real, authenticate: async () => ({ ok: true, subject: 'eve' }) as never },
        () => true,
      ],
      'the authenticator gives nothing': [{ ...real, authenticate: async () => undefined as never }, () => true],
    }
    for (const [label, [authenticator, check = () => true]] of Object.entries(faulty)) {
      const onFault = vi.fn(() => {
        throw new Error('the log is full')
      })
      const api = await open(authenticator, { check, guard: { onFault } })
      const answer = await bearer(`${api.url}/check`, token())
      expect([answer.status, answer.headers['retry-after'], api.served()], label).toEqual([503, '5', 0])
      expect(JSON.parse(answer.text), label).toMatchObject({ code: 'guard_failed' })
      expect(onFault, label).toHaveBeenCalledTimes(1)
    }
  })

  test('a request is verified once, however many verbs it meets', async () => {
    const verifier = verifierOf(ES256)
    const authenticate = vi.fn(verifier.authenticate)
    const api = await open({ ...verifier, authenticate })
    expect((await bearer(`${api.url}/several`, token(CALLER))).status).toBe(200)
    expect(authenticate).toHaveBeenCalledTimes(1)
    expect((await bearer(`${api.url}/several`, token())).status).toBe(403)
    expect((await bearer(`${api.url}/several`, token(CALLER))).status).toBe(200)
    expect([authenticate.mock.calls.length, api.served()]).toEqual([3, 2])
  })

  test('optionalAuth lets strangers through, and refuses bad credentials', async () => {
    const api = await open(verifierOf(ES256))
    expect(JSON.parse((await send(`${api.url}/optional`)).text)).toEqual({ subject: null })
    expect(JSON.parse((await bearer(`${api.url}/optional`, token())).text)).toMatchObject({ subject: 'alice' })
    expectInvalid(await bearer(`${api.url}/optional`, token({ aud: 'other' })))
    expect((await send(`${api.url}/optional`, [['authorization', 'Bearer']])).status).toBe(400)
    expect(api.served()).toBe(2)
  })

  test('auth(…) tells nothing where no guard has let the request through', async () => {
    const api = await open(verifierOf(ES256))
    expect((await bearer(`${api.url}/unguarded`, token())).status).toBe(500)
    expect(api.served()).toBe(0)
  })

  describe('S-B08 the attacks on tokens, over HTTP', () => {
    const apis = new Map<string, Api>()
    beforeAll(async () => {
      for (const owner of Object.values(OWNERS)) apis.set(owner.alg, await start(verifierOf(owner)))
    })
    afterAll(async () => {
      for (const api of apis.values()) await api.close()
    })

    test.each(CASES.filter(isOverHttp))('S-B08 $id $title', async ({ alg, control, forms }) => {
      const api = apis.get(alg)
      if (api === undefined) throw new Error(`no API for ${alg}`)
      for (const [label, text] of Object.entries(forms).filter(sampled)) {
        if (!isSendable(text)) continue
        const answer = await bearer(`${api.url}/me`, text)
        // A blank or a comma makes the header malformed before it is a token.
        if (/[ \t,]/.test(text)) expect(answer.status, label).toBe(400)
        else if (answer.headers['www-authenticate']?.includes('expired')) expect(answer.status, label).toBe(401)
        else expectInvalid(answer, label)
      }
      expect((await bearer(`${api.url}/me`, String(control))).status).toBe(200)
    })
  })
})

/** Settings that guards do not have belong to the playbook of the library. */
const isOverHttp = ({ settings }: AttackCase): boolean => settings === undefined
/** What an HTTP client can put into a header and a server hands on unchanged. */
const isSendable = (text: unknown): text is string =>
  typeof text === 'string' && /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(text) && text.length < 12_000
/** The longest lists hold a form for each character. */
const sampled = (_: unknown, index: number, all: readonly unknown[]): boolean =>
  all.length < 100 || index % Math.ceil(all.length / 40) === 0

test('S-B08 control: what is sent over HTTP is most of the playbook', () => {
  const forms = CASES.filter(isOverHttp).flatMap(({ forms }) => Object.entries(forms).filter(sampled))
  expect(forms.filter(([, text]) => isSendable(text)).length).toBeGreaterThan(500)
})

test('S-B09 a token of 1 MB costs less than 5 ms, whatever it holds', async () => {
  const { authenticate } = createGuard(verifierOf(HS256))
  for (const text of ['A'.repeat(1_000_000), '.'.repeat(1_000_000), `${'A'.repeat(999_999)} `, ','.repeat(1_000_000)]) {
    const times: number[] = []
    for (let round = 0; round < 9; round++) {
      const request = new Request('http://localhost/', { headers: { authorization: `Bearer ${text}x` } })
      const from = performance.now()
      const { ok } = await authenticate(request)
      times.push(performance.now() - from)
      expect(ok).toBe(false)
    }
    expect(times.sort((a, b) => a - b)[4]).toBeLessThan(5)
  }
})

test('a request that Fastify injects, without a socket, meets the same guard', async () => {
  const { requireAuth, auth } = fastifyGuard(verifierOf(ES256))
  const app = Fastify()
  app.get('/me', { onRequest: requireAuth() }, async (request) => auth(request).subject)
  const headers = { authorization: `Bearer ${token()}` }
  expect((await app.inject({ url: '/me', headers })).body).toBe('alice')
  expect((await app.inject('/me')).statusCode).toBe(401)
  await app.close()
})

test('what may outlive a request is told who is calling, or what to answer', async () => {
  const { authenticate, auth } = createGuard(verifierOf(ES256), { realm: 'live' })
  const request = new Request('http://localhost/', { headers: { authorization: `Bearer ${token(CALLER)}` } })
  const accepted = await authenticate(request, { scope: 'orders:read' })
  expect([accepted.ok, auth(request).subject]).toEqual([true, 'alice'])

  const refused = await authenticate(new Request(request), { scope: 'orders:write' })
  if (refused.ok) expect.fail('the scope is not there')
  expect([refused.code, refused.status]).toEqual(['scope_insufficient', 403])
  const response = refused.toResponse()
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([
    403,
    'Bearer realm="live", error="insufficient_scope", scope="orders:write"',
  ])
})
