import * as jose from 'jose'
import { afterAll, describe, expect, test } from 'vitest'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import type { Settings } from '../../packages/server/src/config/settings.ts'
import { listen } from '../../packages/server/src/http/listen.ts'
import { createNodeHandler } from '../../packages/server/src/http/node-handler.ts'
import { freePort } from '../support/process.ts'
import { openTestService, signUp, type TestService } from '../support/service.ts'

/** Our access tokens in somebody else's library, which knows nothing of ours but an address. */
const API = 'https://api.example.com'
const ASYMMETRIC = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
] as const
const SHARED = ['HS256', 'HS384', 'HS512'] as const

const running: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const one of running.reverse()) await one.close()
})

/** On a real port. */
async function serve(signingAlgorithm?: Settings['signingAlgorithm']): Promise<TestService> {
  const port = await freePort()
  const service = await openTestService({
    settings: {
      issuer: `http://localhost:${port}`,
      port,
      audience: [API],
      ...(signingAlgorithm === undefined ? {} : { signingAlgorithm }),
    },
  })
  running.push(service)
  const handler = createNodeHandler(service.service.app, () => true)
  const socket = await listen(handler, { host: '127.0.0.1', port, timers: systemTimers })
  running.push({ close: () => socket.close(0) })
  return service
}

/** As an application does it: metadata, then the JWK Set, then tokens. */
async function keysOf(issuer: string): Promise<ReturnType<typeof jose.createRemoteJWKSet>> {
  const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json()
  expect(metadata.issuer).toBe(issuer)
  return jose.createRemoteJWKSet(new URL(metadata.jwks_uri))
}

describe('jose verifies what the service signs, by its JWK Set alone', () => {
  test.each([undefined, ...ASYMMETRIC])('with %s', async (algorithm) => {
    const service = await serve(algorithm)
    const { access_token: token, account, session_id } = await signUp(service, 'alice')
    const keys = await keysOf(service.issuer)
    const options = { issuer: service.issuer, audience: API, typ: 'at+jwt', requiredClaims: ['exp', 'iat', 'jti'] }
    const { payload, protectedHeader } = await jose.jwtVerify(token, keys, options)
    expect(payload).toMatchObject({ sub: account.id, sid: session_id, client_id: 'first-party' })
    // RFC 9864 gave Ed25519 its own name; the older one is what libraries know.
    expect(protectedHeader.alg).toBe({ Ed25519: 'EdDSA' }[algorithm as string] ?? algorithm ?? 'ES256')

    const refused = (text: string, more: object = {}) =>
      expect(jose.jwtVerify(text, keys, { ...options, ...more })).rejects.toThrow()
    const [head, body, signature = ''] = token.split('.')
    const flipped = (signature[5] === 'A' ? 'B' : 'A') as string
    await refused(`${head}.${body}.${signature.slice(0, 5)}${flipped}${signature.slice(6)}`)
    await refused(token, { audience: 'https://files.example.com' })
    await refused(token, { issuer: 'https://evil.example' })
  })
})

describe('with a shared secret jose verifies with what was exported, and the JWK Set says nothing', () => {
  test.each(SHARED)('%s', async (algorithm) => {
    const service = await serve(algorithm)
    const { access_token: token, account } = await signUp(service, 'alice')
    const { keys } = await (await fetch(`${service.issuer}/.well-known/jwks.json`)).json()
    expect(keys).toEqual([])

    const [exported] = await service.service.keys.exportSecrets(API, { actor: 'cli' })
    const secret = await jose.importJWK({ ...exported } as jose.JWK, algorithm)
    const options = { issuer: service.issuer, audience: API, typ: 'at+jwt', algorithms: [algorithm] }
    const { payload } = await jose.jwtVerify(token, secret, options)
    expect(payload.sub).toBe(account.id)
    const other = new Uint8Array(64).fill(1)
    await expect(jose.jwtVerify(token, other, options)).rejects.toThrow('signature verification failed')
  })
})
