import { describe, expect, test } from 'vitest'
import { runChecks } from './check.ts'
import { type Running, SERVICE_CHECKS } from './service.ts'

const URL_ = 'https://auth.example.com'
const NOW = 1_800_000_000
const PUBLIC = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k1', alg: 'ES256', use: 'sig' }

interface Answer {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const HEADERS = {
  date: new Date(NOW * 1000).toUTCString(),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=31536000',
}
const GOOD: Readonly<Record<string, Answer>> = {
  '/': {},
  '/health/live': {},
  '/health/ready': {},
  '/auth/me': { status: 401 },
  '/.well-known/oauth-authorization-server': { body: { issuer: URL_, jwks_uri: `${URL_}/.well-known/jwks.json` } },
  '/.well-known/jwks.json': { body: { keys: [PUBLIC] } },
}

async function levels(changes: Readonly<Record<string, Answer>> = {}, url = URL_): Promise<Record<string, string>> {
  const answers = { ...GOOD, ...changes }
  const running: Running = {
    url,
    async get(path) {
      const answer = answers[path]
      if (answer === undefined) return undefined
      const headers = { ...HEADERS, ...answer.headers }
      return new Response(JSON.stringify(answer.body ?? {}), { status: answer.status ?? 200, headers })
    },
    now: () => NOW,
  }
  const rows = await runChecks(SERVICE_CHECKS, running)
  return Object.fromEntries(rows.map(({ check, level }) => [check, level]))
}

test('a good service is well', async () => {
  expect(await levels()).toEqual({
    transport: 'ok',
    readiness: 'ok',
    metadata: 'ok',
    'JWK Set': 'ok',
    'security headers': 'ok',
    CORS: 'ok',
    clock: 'ok',
  })
})

const METADATA = '/.well-known/oauth-authorization-server'
const JWKS = '/.well-known/jwks.json'

describe('one fault, one finding', () => {
  test.each<readonly [check: string, level: string, changes: Readonly<Record<string, Answer>>]>([
    ['readiness', 'unsafe', { '/health/ready': { status: 503 } }],
    ['metadata', 'unsafe', { [METADATA]: { body: { issuer: `${URL_}/`, jwks_uri: `${URL_}${JWKS}` } } }],
    ['metadata', 'unsafe', { [METADATA]: { body: { issuer: URL_, jwks_uri: `https://evil.example${JWKS}` } } }],
    ['metadata', 'unsafe', { [METADATA]: { status: 404 } }],
    ['JWK Set', 'unsafe', { [JWKS]: { body: { keys: [{ ...PUBLIC, d: 'd' }] } } }],
    ['JWK Set', 'unsafe', { [JWKS]: { body: { keys: [{ kty: 'oct', k: 'k' }] } } }],
    ['JWK Set', 'unsafe', { [JWKS]: { body: [] } }],
    ['JWK Set', 'warning', { [JWKS]: { body: { keys: [{ ...PUBLIC, kid: undefined }] } } }],
    ['JWK Set', 'note', { [JWKS]: { body: { keys: [] } } }],
    ['security headers', 'unsafe', { '/': { headers: { 'x-content-type-options': '' } } }],
    ['security headers', 'unsafe', { '/': { headers: { 'content-security-policy': 'default-src *' } } }],
    ['CORS', 'unsafe', { '/auth/me': { headers: { 'access-control-allow-origin': '*' } } }],
    ['CORS', 'unsafe', { '/auth/me': { headers: { 'access-control-allow-origin': 'https://doctor.invalid' } } }],
    ['clock', 'warning', { '/health/live': { headers: { date: new Date((NOW + 30) * 1000).toUTCString() } } }],
    ['clock', 'unsafe', { '/health/live': { headers: { date: new Date((NOW - 300) * 1000).toUTCString() } } }],
    ['clock', 'note', { '/health/live': { headers: { date: 'today' } } }],
  ])('%s %s %j', async (check, level, changes) => {
    const found = await levels(changes)
    expect(found[check]).toBe(level)
    const others = Object.entries(found).filter(([name]) => name !== check)
    expect(others.every(([, other]) => other === 'ok')).toBe(true)
  })
})

test('plain http is unsafe but on this machine', async () => {
  expect(await levels({}, 'http://auth.example.com')).toMatchObject({ transport: 'unsafe' })
  expect(await levels({}, 'http://localhost:4000')).toMatchObject({ transport: 'note' })
})

test('a service that does not answer is unsafe', async () => {
  const silent: Running = { url: URL_, get: async () => undefined, now: () => NOW }
  const rows = await runChecks(SERVICE_CHECKS, silent)
  expect(rows.filter(({ level }) => level === 'unsafe').map(({ check }) => check)).toEqual([
    'readiness',
    'metadata',
    'JWK Set',
    'security headers',
    'CORS',
  ])
})
