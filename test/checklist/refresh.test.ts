import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, openTestService, payloadOf, signUp, type TestService } from '../support/service.ts'

let service: TestService
beforeAll(async () => {
  service = await openTestService({ settings: { rateLimit: 'off' } })
})
afterAll(() => service.close())

const refresh = (token: string, more: object = {}) => service.post('/auth/refresh', { refresh_token: token, ...more })

describe('S-R01 rotation', () => {
  test('inside the window the live token is kept; after it there is a new one, and the old one is dead after another window', async () => {
    const first = await signUp(service, 'r01')
    const kept = await (await refresh(first.refresh_token)).json()
    expect(kept.refresh_token).toBe(first.refresh_token)
    service.clock.advance(36)
    const second = await (await refresh(first.refresh_token)).json()
    expect(second.refresh_token).not.toBe(first.refresh_token)
    // A lost answer: the predecessor inside the window gets the same bytes (S-R04).
    const repeated = await (await refresh(first.refresh_token)).json()
    expect(repeated.refresh_token).toBe(second.refresh_token)
    service.clock.advance(36)
    const reused = await refresh(first.refresh_token)
    expect([reused.status, await codeOf(reused)]).toEqual([401, 'refresh_token_reused'])
    const after = await refresh(second.refresh_token)
    expect([after.status, await codeOf(after)]).toEqual([401, 'refresh_token_invalid'])
  })
})

test('S-O01 the access token is one of RFC 9068', async () => {
  const { access_token: token, account } = await signUp(service, 'o01')
  expect(payloadOf(token)).toMatchObject({
    iss: service.issuer,
    sub: account.id,
    aud: service.issuer,
    client_id: 'first-party',
  })
})
