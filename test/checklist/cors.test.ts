import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestService, PASSWORD, signUp, type TestService } from '../support/service.ts'

const APP = 'https://app.example.com'

let service: TestService
beforeAll(async () => {
  service = await openTestService({ settings: { rateLimit: 'off', allowedOrigins: [APP, 'http://localhost:5173'] } })
  await signUp(service, 'alice')
})
afterAll(() => service.close())

const PATHS = ['/auth/me', '/auth/login', '/auth/refresh', '/nothing', '/docs', '/openapi.json', '/admin/accounts']
const allowOf = ({ headers }: Response) => [...headers].filter(([name]) => name.startsWith('access-control-allow-'))

describe('S-H03 an origin that is not on the list', () => {
  const FOREIGN = [
    'https://evil.example',
    'null',
    '',
    '*',
    'https://app.example.com.evil.com',
    'https://evil-app.example.com',
    'https://evilapp.example.com',
    'https://app.example.co',
    'https://pp.example.com',
    'https://x.app.example.com',
    'https://example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com:443',
    'https://APP.example.com',
    'HTTPS://app.example.com',
    'https://app.example.com/',
    'https://app.example.com.',
    'https://app.example.com, https://evil.example',
    'https://user@app.example.com',
    'http://localhost:4001',
    'http://localhost',
    'http://localhost:51730',
    'http://127.0.0.1:4000',
    'file://',
    'chrome-extension://abcdefghijklmnop',
  ]

  test.each(FOREIGN)('%j is told nothing', async (origin) => {
    for (const path of PATHS) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const answer = await service.request(path, {
          method,
          headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-csn-csrf' },
        })
        expect([path, method, allowOf(answer)]).toEqual([path, method, []])
        expect(answer.headers.get('access-control-expose-headers')).toBeNull()
        expect(answer.headers.get('vary')).toContain('Origin')
      }
    }
  })

  test('no origin at all is told nothing either, and caches hear that it matters', async () => {
    const answer = await service.request('/auth/me')
    expect(allowOf(answer)).toEqual([])
    expect(answer.headers.get('vary')).toContain('Origin')
  })
})

describe('S-H03 an origin on the list, and the issuer’s own', () => {
  test.each([APP, 'http://localhost:5173', 'http://localhost:4000'])(
    '%s reads answers and refusals',
    async (origin) => {
      for (const path of PATHS) {
        const { headers } = await service.request(path, { headers: { origin } })
        expect([path, headers.get('access-control-allow-origin')]).toEqual([path, origin])
        expect(headers.get('access-control-allow-credentials')).toBe('true')
        expect(headers.get('access-control-expose-headers')).toBe('www-authenticate, retry-after, x-request-id')
        expect(headers.get('vary')).toContain('Origin')
      }
    },
  )

  test('reads the answer of a log-in', async () => {
    const login = await service.post(
      '/auth/login',
      { username: 'alice', password: PASSWORD },
      { headers: { origin: APP } },
    )
    expect([login.status, login.headers.get('access-control-allow-origin')]).toEqual([200, APP])
  })
})

describe('S-H03 preflights', () => {
  const preflight = (path: string, origin = APP) =>
    service.request(path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'DELETE',
        'access-control-request-headers': 'x-own, authorization',
      },
    })

  test('list the methods of the path and our headers, whatever was asked for, and are kept for 10 minutes', async () => {
    const METHODS = {
      '/auth/login': 'POST',
      '/auth/me': 'GET, HEAD',
      '/auth/sessions': 'GET, HEAD',
      '/auth/sessions/abc': 'DELETE',
      '/admin/accounts': 'GET, HEAD, POST',
      '/admin/accounts/abc': 'GET, HEAD, PATCH',
      '/admin/keys/rotate': 'POST',
    }
    for (const [path, methods] of Object.entries(METHODS)) {
      const { status, headers } = await preflight(path)
      expect([path, status, headers.get('access-control-allow-methods')]).toEqual([path, 204, methods])
      expect(headers.get('access-control-allow-headers')).toBe('authorization, content-type, x-csn-csrf')
      expect(headers.get('access-control-max-age')).toBe('600')
      expect(headers.get('access-control-allow-origin')).toBe(APP)
    }
  })

  test('run nothing: no statement, no credential', async () => {
    const before = service.statements.length
    for (const path of ['/auth/refresh', '/auth/logout', '/admin/accounts'])
      expect((await preflight(path)).status).toBe(204)
    expect(service.statements.length).toBe(before)
  })

  test('a path that is not there has none', async () => {
    expect((await preflight('/nothing')).status).toBe(404)
    expect((await preflight('/auth/nothing')).status).toBe(404)
  })

  test('S-D01 OPTIONS from nobody on the list shows nothing of the administration', async () => {
    for (const path of ['/admin/accounts', '/admin/nothing', '/admin/keys/rotate']) {
      expect((await preflight(path, 'https://evil.example')).status).toBe(401)
      expect((await service.request(path, { method: 'OPTIONS' })).status).toBe(401)
    }
  })
})

test('S-H03 what is public is for every origin, and never with credentials for one that is not on the list', async () => {
  for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']) {
    for (const origin of [undefined, 'https://evil.example', 'null']) {
      const answer = await service.request(path, { headers: origin === undefined ? {} : { origin } })
      expect(allowOf(answer)).toEqual([['access-control-allow-origin', '*']])
    }
    const { headers } = await service.request(path, { headers: { origin: APP } })
    expect([headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')]).toEqual([
      APP,
      'true',
    ])
  }
})
