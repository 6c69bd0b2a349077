import { expect, test } from 'vitest'
import { answerTo } from './challenge.ts'
import { VerifierError, type VerifierErrorCode } from './errors.ts'

/** Every code, with the answer that it gets (RFC 6750 §3.1). `-` is no challenge. */
const ANSWERS: Readonly<Record<VerifierErrorCode, string>> = {
  jwt_too_large: '401 invalid_token',
  jwt_malformed: '401 invalid_token',
  jwt_header_invalid: '401 invalid_token',
  jwt_type_mismatch: '401 invalid_token',
  jwt_key_not_found: '401 invalid_token',
  jwk_set_unavailable: '503 -',
  jwt_algorithm_mismatch: '401 invalid_token',
  jwt_signature_invalid: '401 invalid_token',
  jwt_payload_invalid: '401 invalid_token',
  jwt_claim_missing: '401 invalid_token',
  jwt_claim_invalid: '401 invalid_token',
  jwt_claim_mismatch: '401 invalid_token',
  jwt_not_yet_valid: '401 invalid_token',
  jwt_too_old: '401 invalid_token',
  jwt_expired: '401 invalid_token',
  jwt_claims_refused: '401 invalid_token',
  credentials_missing: '401 none',
  credentials_malformed: '400 invalid_request',
  scope_insufficient: '403 insufficient_scope',
  role_insufficient: '403 insufficient_scope',
  check_refused: '403 -',
  issuer_unavailable: '503 -',
  issuer_metadata_invalid: '503 -',
  guard_failed: '503 -',
}
const CODES = Object.keys(ANSWERS) as VerifierErrorCode[]

const errorIn = (challenge: string | undefined): string =>
  challenge === undefined ? '-' : (/error="([a-z_]+)"/.exec(challenge)?.[1] ?? 'none')

test.each(CODES)('S-B02 the answer to %s', (code) => {
  const { status, headers, body } = answerTo(code)
  const challenge = headers['www-authenticate']
  expect(`${status} ${errorIn(challenge)}`).toBe(ANSWERS[code])
  expect(challenge ?? 'Bearer realm="api"').toMatch(/^Bearer realm="api"/)
  expect(headers['retry-after']).toBe(status === 503 ? '5' : undefined)
  expect(headers['cache-control']).toBe('no-store')
  expect(JSON.parse(body)).toMatchObject({ status })
})

test('S-B02 all refused tokens look the same, but that an expired one is said to be', () => {
  const refused = CODES.filter((code) => ANSWERS[code] === '401 invalid_token').map((code) => answerTo(code))
  expect(new Set(refused.map(({ body }) => body)).size).toBe(1)
  expect(new Set(refused.map(({ headers }) => headers['www-authenticate']))).toEqual(
    new Set([
      'Bearer realm="api", error="invalid_token"',
      'Bearer realm="api", error="invalid_token", error_description="The token has expired."',
    ]),
  )
})

test('S-B03 the challenge names the scopes of the route, and only where one is missing', () => {
  const context = { realm: 'api', scopes: ['orders:read', 'orders:write'] }
  expect(answerTo('scope_insufficient', context).headers['www-authenticate']).toContain(
    'scope="orders:read orders:write"',
  )
  expect(answerTo('jwt_expired', context).headers['www-authenticate']).not.toContain('scope')
})

test('S-B06 quotes and backslashes of a realm are escaped', () => {
  const { headers } = answerTo('credentials_missing', { realm: 'a "b" \\', scopes: [] })
  expect(headers['www-authenticate']).toBe('Bearer realm="a \\"b\\" \\\\"')
})

test('an error answers as its guard would, and tells nobody which claim it was', async () => {
  const error = new VerifierError('jwt_claim_mismatch', { claim: 'aud' })
  const response = error.toResponse()
  expect([error.status, error.claim, response.status]).toEqual([401, 'aud', 401])
  expect(response.headers.get('www-authenticate')).toBe('Bearer realm="api", error="invalid_token"')
  expect(await response.text()).not.toContain('aud')
  expect(error.toResponse()).not.toBe(response)
})

test('every sentence is one for people, and holds nothing of the request', () => {
  for (const code of CODES) expect(new VerifierError(code).message).toMatch(/^[A-Z][A-Za-z0-9 ,.']+\.$/)
})
