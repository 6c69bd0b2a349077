import { ERRORS } from '@countersign/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser } from '../support/browser.ts'
import { administrator, openTestService, PASSWORD, signUp, type TestService, type Tokens } from '../support/service.ts'

let service: TestService
let alice: Tokens
let admin: Tokens
/** One answer of each kind: pages, data, tokens, refusals of each floor, nothing at all. */
let answers: Map<string, Response>
beforeAll(async () => {
  service = await openTestService({ settings: { rateLimit: 'off' } })
  alice = await signUp(service, 'alice')
  admin = await administrator(service)
  answers = await oneOfEach()
})
afterAll(() => service.close())

async function oneOfEach(): Promise<Map<string, Response>> {
  const { request, post } = service
  const token = alice.access_token
  const own = { username: 'alice', password: PASSWORD }
  const made = new Map<string, Promise<Response>>()
  for (const path of ['/', '/docs', '/docs/style.css', '/openapi.json', '/health/live', '/health/ready']) {
    made.set(path, request(path))
  }
  for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server'])
    made.set(path, request(path))
  made.set('metrics', request('/metrics', { peer: '127.0.0.1' }))
  made.set('metrics, 404', request('/metrics'))
  made.set('HEAD', request('/docs', { method: 'HEAD' }))
  made.set('preflight', request('/auth/login', { method: 'OPTIONS', headers: { origin: service.issuer } }))
  made.set('400', request('/auth%2fme'))
  made.set('401 bearer', request('/auth/me'))
  made.set('401 credentials', post('/auth/login', { ...own, password: 'wrong' }))
  made.set('403 scope', request('/admin/keys', { token }))
  made.set('403 csrf', post('/auth/login', own, { headers: { origin: 'https://evil.example' } }))
  made.set('404', request('/nothing'))
  made.set('405', request('/auth/login'))
  made.set('409', post('/auth/register', own))
  made.set('413', post('/auth/login', { username: 'x'.repeat(20_000) }))
  made.set('414', request(`/docs?${'a'.repeat(9_000)}`))
  made.set('415', post('/auth/login', own, { headers: { 'content-type': 'text/plain' } }))
  made.set('421', request('http://evil.example/docs'))
  made.set('422', post('/auth/register', { username: 'headers', password: 'short' }))
  made.set('login, body', post('/auth/login', { ...own, transport: 'body' }))
  made.set('login, cookie', createBrowser(service).login('alice'))
  made.set('refresh', post('/auth/refresh', { refresh_token: alice.refresh_token }))
  made.set('refresh, 401', post('/auth/refresh', {}))
  made.set('me', request('/auth/me', { token }))
  made.set('sessions', request('/auth/sessions', { token }))
  made.set('register', post('/auth/register', { ...own, username: 'headers' }, { peer: '198.51.100.9' }))
  made.set('accounts', request('/admin/accounts', { token: admin.access_token }))
  made.set('keys', request('/admin/keys', { token: admin.access_token }))
  made.set('create', post('/admin/accounts', { username: 'headers-2' }, { token: admin.access_token }))
  made.set('204', post('/auth/refresh/revoke', {}))
  const settled = new Map<string, Response>()
  for (const [name, answer] of made) settled.set(name, await answer)
  return settled
}

const isPage = ({ headers }: Response) => headers.get('content-type')?.startsWith('text/html') === true

describe('S-H01 pages', () => {
  test.each(['/', '/docs'])('%s: a policy without inline script or style, and nothing inline in it', async (path) => {
    const page = await service.request(path)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    )
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const html = await page.text()
    expect(html).not.toMatch(/<script|<style|\sstyle=|\son[a-z]+=|javascript:/i)
    // Nothing foreign is loaded: what is loaded has a path of this host.
    const loaded = [
      ...html.matchAll(/<(?:link|img|script|iframe|source|object|embed)\b[^>]*?(?:href|src|data)="([^"]*)"/g),
    ]
    expect(loaded.length).toBeGreaterThan(0)
    // An empty icon keeps browsers from asking for one.
    for (const [, address = ''] of loaded.filter(([, address]) => address !== 'data:,')) {
      expect(address).toMatch(/^\/(?!\/)/)
      expect((await service.request(address)).status).toBe(200)
    }
  })

  test('an answer that is no page may load nothing at all', () => {
    for (const [name, answer] of answers) {
      if (isPage(answer)) continue
      const policy = answer.headers.get('content-security-policy')
      expect([name, policy]).toEqual([
        name,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      ])
    }
  })
})

describe('S-H02 every answer', () => {
  test('has the headers that keep browsers from guessing, telling and framing', () => {
    expect(answers.size).toBeGreaterThan(30)
    for (const [name, { headers, status }] of answers) {
      expect([name, status, Object.fromEntries(headers)]).toEqual([
        name,
        status,
        expect.objectContaining({
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-resource-policy': name.startsWith('/.well-known') ? 'cross-origin' : 'same-origin',
          'permissions-policy': expect.stringContaining('camera=()'),
          'x-frame-options': 'DENY',
          'x-request-id': expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
          vary: expect.stringContaining('Origin'),
        }),
      ])
    }
    const ids = [...answers.values()].map(({ headers }) => headers.get('x-request-id'))
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('HSTS for a year under https, and none on a developer’s machine', async () => {
    for (const [name, { headers }] of answers)
      expect([name, headers.has('strict-transport-security')]).toEqual([name, false])
    const secure = await openTestService({ settings: { issuer: 'https://auth.example.com' } })
    try {
      for (const path of ['/', '/auth/me', '/.well-known/jwks.json', '/nothing']) {
        const { headers } = await secure.request(path)
        const [, age] =
          /^max-age=([0-9]+); includeSubDomains$/.exec(headers.get('strict-transport-security') ?? '') ?? []
        expect(Number(age)).toBeGreaterThanOrEqual(31_536_000)
      }
    } finally {
      await secure.close()
    }
  })
})

describe('S-H04 content types', () => {
  test('each body has its exact type with charset, and no body has none', async () => {
    const TYPES =
      /^(?:application\/json|application\/problem\+json|text\/html|text\/css|text\/plain; version=[0-9.]+); charset=utf-8$/
    for (const [name, answer] of answers) {
      const body = await answer.clone().text()
      const type = answer.headers.get('content-type')
      if (body !== '') expect([name, type]).toEqual([name, expect.stringMatching(TYPES)])
      if (answer.status >= 400) expect([name, type]).toEqual([name, 'application/problem+json; charset=utf-8'])
      if (answer.status === 204) expect([name, type, body]).toEqual([name, null, ''])
    }
  })

  const MARKUP = '<script>alert(1)</script>'
  test('markup comes back nowhere, least of all as a page', async () => {
    const escaped = encodeURIComponent(MARKUP).replaceAll('%2F', '/')
    const probes = [
      await service.request(`/${escaped.replaceAll('/', '')}`),
      await service.request(`/docs?${escaped}`),
      await service.request(`/?q=${escaped}`),
      await service.post('/auth/login', { username: MARKUP, password: MARKUP }),
      await service.post('/auth/register', { username: MARKUP, password: MARKUP, email: MARKUP }),
      await service.post('/auth/login', { username: 'a', password: 'b', scope: MARKUP }),
      await service.post('/auth/login', { username: 'a', password: 'b', audience: MARKUP }),
      await service.request('/auth/me', { token: MARKUP }),
      await service.request('/auth/me', { headers: { authorization: `Bearer ${MARKUP}` } }),
      await service.request('/auth/me', { headers: { origin: MARKUP, 'x-request-id': MARKUP } }),
    ]
    for (const answer of probes) {
      const { headers } = answer
      expect(await answer.text()).not.toContain('alert(1)')
      expect(JSON.stringify([...headers])).not.toContain('alert(1)')
    }
  })

  test('a name of a member is the one thing that is repeated, as JSON and as data', async () => {
    const refused = await service.post('/auth/login', { username: 'a', password: 'b', [MARKUP]: 1 })
    expect(refused.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(refused.headers.get('x-content-type-options')).toBe('nosniff')
    const { errors } = (await refused.json()) as { errors: { pointer: string }[] }
    expect(errors[0]?.pointer).toBe('/<script>alert(1)<~1script>')
  })
})

describe('S-H05 what may be stored', () => {
  test('no answer may, but the few that say so themselves', () => {
    const PUBLIC = [
      '/',
      '/docs',
      '/docs/style.css',
      '/openapi.json',
      'HEAD',
      '/.well-known/jwks.json',
      '/.well-known/oauth-authorization-server',
    ]
    for (const [name, { headers }] of answers) {
      if (!PUBLIC.includes(name)) expect([name, headers.get('cache-control')]).toEqual([name, 'no-store'])
    }
    for (const name of [
      'login, body',
      'login, cookie',
      'refresh',
      'me',
      'sessions',
      'accounts',
      'create',
      'register',
    ]) {
      expect([name, (answers.get(name)?.status ?? 0) < 300]).toEqual([name, true])
    }
  })

  test('key set and metadata may for ten minutes, and are asked for again by their tag', async () => {
    for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']) {
      const first = await service.request(path)
      expect(first.headers.get('cache-control')).toBe(
        'public, max-age=600, stale-while-revalidate=86400, stale-if-error=86400',
      )
      const etag = first.headers.get('etag') ?? ''
      expect(etag).toMatch(/^"[\w-]{22}"$/)
      for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await service.request(path, { headers: { 'if-none-match': tag } })
        expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
      }
      expect((await service.request(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
    }
  })
})

describe('S-H06 refusals', () => {
  const TELLING =
    /\bat [\w.]+ \(|node:|\.ts\b|\/packages\/|node_modules|sqlite|SELECT|INSERT|UPDATE |hono|express|node\/|valibot|v?[0-9]+\.[0-9]+\.[0-9]+/i

  test('tell nothing of what runs here', async () => {
    for (const [name, answer] of answers) {
      expect([name, answer.headers.get('server'), answer.headers.get('x-powered-by')]).toEqual([name, null, null])
      if (answer.status >= 400) expect(await answer.clone().text()).not.toMatch(TELLING)
    }
  })

  test('and have one shape: the fields of RFC 9457 and the code', async () => {
    for (const [name, answer] of answers) {
      if (answer.status < 400) continue
      const problem = (await answer.clone().json()) as Record<string, unknown>
      const code = problem.code as keyof typeof ERRORS
      expect([name, problem]).toEqual([
        name,
        {
          type: `${service.issuer}/docs#${code}`,
          title: ERRORS[code].sentence,
          status: answer.status,
          instance: `urn:countersign:request:${answer.headers.get('x-request-id')}`,
          code,
          ...(['body_invalid', 'password_refused'].includes(code) ? { errors: expect.any(Array) } : {}),
        },
      ])
      expect(answer.status).toBe(ERRORS[code].status)
    }
  })

  test('every 401 has a challenge, with `error` only where a bearer token was refused', () => {
    for (const [name, { status, headers }] of answers) {
      expect([name, headers.has('www-authenticate')]).toEqual([name, status === 401 || name === '403 scope'])
    }
    expect(answers.get('401 bearer')?.headers.get('www-authenticate')).toBe('Bearer realm="http://localhost:4000"')
    expect(answers.get('403 scope')?.headers.get('www-authenticate')).toBe(
      'Bearer realm="http://localhost:4000", error="insufficient_scope", scope="admin"',
    )
  })

  const SECRET = 'the secret is hunter2 at /srv/app.ts:7'
  test.each([
    [
      'thrown',
      () => {
        throw new TypeError(SECRET)
      },
    ],
    ['a rejected promise', () => Promise.reject(new TypeError(SECRET))],
    ['thrown, and no error at all', () => Promise.reject(SECRET)],
  ])('S-A07 a fault of ours, %s, is 500, tells nothing, and is logged with the request id', async (_name, claims) => {
    const faulty = await openTestService({ plugins: { claims }, settings: { rateLimit: 'off' } })
    try {
      const registered = await faulty.post('/auth/register', { username: 'alice', password: PASSWORD })
      expect(registered.status).toBe(201)
      const failed = await faulty.post('/auth/login', { username: 'alice', password: PASSWORD })
      expect(failed.status).toBe(500)
      const text = await failed.text()
      expect(JSON.parse(text)).toMatchObject({ code: 'internal_error' })
      expect(text).not.toMatch(TELLING)
      expect(text).not.toContain('hunter2')
      const id = failed.headers.get('x-request-id') ?? 'none'
      expect(faulty.logs.filter((line) => line.includes(id) && line.includes('"error"')).length).toBe(1)
      expect((await faulty.request('/health/ready')).status).toBe(200)
    } finally {
      await faulty.close()
    }
  })
})
