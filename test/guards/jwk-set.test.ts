import { generateSigningKey, type SigningKey } from '@countersign/jwt'
import { createVerifier, type Verifier, type VerifierOptions } from '@countersign/verifier'
import { afterEach, describe, expect, test } from 'vitest'
import { type Api, HOSTS } from './hosts.ts'
import { AUDIENCE, startIssuer, type TestIssuer } from './issuer.ts'
import { bearer } from './send.ts'

const first = await generateSigningKey('ES256')
const second = await generateSigningKey('ES256')
const stranger = await generateSigningKey('ES256')

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function issuerOf(key: SigningKey<'ES256'>): Promise<TestIssuer> {
  const issuer = await startIssuer(key)
  closing.push(issuer.stop)
  return issuer
}
function verifierOf({ url }: TestIssuer, more: Partial<VerifierOptions> = {}): Verifier {
  const verifier = createVerifier({ issuer: url, audience: AUDIENCE, ...more } as VerifierOptions)
  closing.push(verifier.close)
  return verifier
}
async function apiOf(verifier: Verifier, host = HOSTS[0]): Promise<Api> {
  if (host === undefined) throw new Error('there is no host')
  const api = await host.start(verifier)
  closing.push(api.close)
  return api
}
const jwks = (issuer: TestIssuer): number => issuer.requests.filter((path) => path === '/jwks').length

describe.each(HOSTS)('$name', (host) => {
  test('an API finds the keys of its issuer by the metadata, once', async () => {
    const issuer = await issuerOf(first)
    const verifier = verifierOf(issuer)
    const api = await apiOf(verifier, host)
    expect(verifier.status()).toEqual({ ready: false, kids: [] })

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => bearer(`${api.url}/me`, issuer.sign(first, { scope: 'a' }))),
    )
    for (const { status, text } of answers) {
      expect([status, JSON.parse(text)]).toEqual([200, { subject: 'alice', scopes: ['a'] }])
    }
    expect(issuer.requests).toEqual(['/.well-known/oauth-authorization-server', '/jwks'])
    expect(verifier.status()).toEqual({ ready: true, kids: [first.kid] })
    expect((await bearer(`${api.url}/me`, issuer.sign(stranger))).status).toBe(401)
  })

  test('cold and down is 503 with Retry-After, and the API recovers by itself', async () => {
    const issuer = await issuerOf(first)
    const api = await apiOf(verifierOf(issuer), host)
    const token = issuer.sign(first)
    await issuer.stop()
    const down = await bearer(`${api.url}/me`, token)
    expect([down.status, down.headers['retry-after'], down.headers['www-authenticate']]).toEqual([503, '5', undefined])
    expect(JSON.parse(down.text)).toMatchObject({ code: 'issuer_unavailable' })
    expect(api.served()).toBe(0)

    await issuer.start()
    await expect.poll(async () => (await bearer(`${api.url}/me`, token)).status, { timeout: 5_000 }).toBe(200)
  })
})

test('with jwksUri no metadata is asked for', async () => {
  const issuer = await issuerOf(first)
  const api = await apiOf(verifierOf(issuer, { jwksUri: `${issuer.url}/jwks` }))
  expect((await bearer(`${api.url}/me`, issuer.sign(first))).status).toBe(200)
  expect(issuer.requests).toEqual(['/jwks'])
})

test('J06 the first token of a new key verifies, after one more request', async () => {
  const issuer = await issuerOf(first)
  const verifier = verifierOf(issuer)
  const api = await apiOf(verifier)
  expect((await bearer(`${api.url}/me`, issuer.sign(first))).status).toBe(200)
  issuer.publish(first, second)
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => bearer(`${api.url}/me`, issuer.sign(index % 2 === 0 ? first : second))),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
  expect([jwks(issuer), verifier.status().kids]).toEqual([2, [first.kid, second.kid]])
})

test('J01 unknown kids cost the issuer one request', async () => {
  const issuer = await issuerOf(first)
  const api = await apiOf(verifierOf(issuer))
  expect((await bearer(`${api.url}/me`, issuer.sign(first))).status).toBe(200)
  for (let round = 0; round < 50; round++) {
    expect((await bearer(`${api.url}/me`, issuer.sign(stranger))).status).toBe(401)
  }
  expect(jwks(issuer)).toBe(2)
})

test('J03 known keys work while the issuer is down or broken, and an unknown one is no 503', async () => {
  const issuer = await issuerOf(first)
  const api = await apiOf(verifierOf(issuer))
  expect((await bearer(`${api.url}/me`, issuer.sign(first))).status).toBe(200)
  issuer.answerWith(500)
  expect((await bearer(`${api.url}/me`, issuer.sign(stranger))).status).toBe(401)
  expect((await bearer(`${api.url}/me`, issuer.sign(first))).status).toBe(200)
  await issuer.stop()
  expect((await bearer(`${api.url}/me`, issuer.sign(first))).status).toBe(200)
})

test('metadata of another issuer, or none, is 503 and rejects ready()', async () => {
  const issuer = await issuerOf(first)
  for (const wrong of [`${issuer.url}/`, `${issuer.url}/other`, issuer.url.replace('127.0.0.1', 'localhost')]) {
    const verifier = createVerifier({ issuer: wrong, audience: AUDIENCE })
    closing.push(verifier.close)
    await expect(verifier.ready()).rejects.toMatchObject({ code: 'issuer_metadata_invalid', status: 503 })
    const answer = await bearer(`${(await apiOf(verifier)).url}/me`, issuer.sign(first))
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
  }
  await verifierOf(issuer).ready()
})

test('a JWK Set that cannot be had is 503, whoever asks', async () => {
  const issuer = await issuerOf(first)
  const verifier = verifierOf(issuer, { jwksUri: `${issuer.url}/elsewhere` })
  await expect(verifier.ready()).rejects.toMatchObject({ code: 'jwk_set_unavailable', status: 503 })
  const answer = await bearer(`${(await apiOf(verifier)).url}/me`, issuer.sign(first))
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'jwk_set_unavailable' })
})

test('no credentials and malformed ones are answered without asking the issuer', async () => {
  const issuer = await issuerOf(first)
  const api = await apiOf(verifierOf(issuer))
  await issuer.stop()
  expect((await fetch(`${api.url}/me`)).status).toBe(401)
  expect((await fetch(`${api.url}/me`, { headers: { authorization: 'Bearer' } })).status).toBe(400)
})

test('everything that is fetched goes through the given fetch', async () => {
  const issuer = await issuerOf(first)
  const asked: string[] = []
  const verifier = verifierOf(issuer, {
    fetch: async (request) => {
      asked.push(`${request.redirect} ${request.url}`)
      return fetch(request)
    },
  })
  expect((await verifier.verify(issuer.sign(first))).subject).toBe('alice')
  expect(asked).toEqual([`manual ${issuer.url}/.well-known/oauth-authorization-server`, `manual ${issuer.url}/jwks`])
})

test('algorithms leave out the keys of others', async () => {
  const issuer = await issuerOf(first)
  const api = await apiOf(verifierOf(issuer, { algorithms: ['EdDSA'] }))
  expect((await bearer(`${api.url}/me`, issuer.sign(first))).status).toBe(401)
  const control = await apiOf(verifierOf(issuer, { algorithms: ['EdDSA', 'ES256'] }))
  expect((await bearer(`${control.url}/me`, issuer.sign(first))).status).toBe(200)
})
