import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cookiesOf, openTestService, PASSWORD, register, type TestService } from '../support/service.ts'

/* What an attacker found who read the service line by line. */

describe('S-N05 a refusal by a limit', () => {
  let service: TestService
  beforeAll(async () => {
    service = await openTestService({ settings: { loginsPerMinute: 1 } })
    for (const name of ['alice', 'bob']) await register(service, name)
  })
  afterAll(() => service.close())

  const JUNK = `csn_device=1.abc.${'A'.repeat(43)}`
  const attempt = async (username: string, cookie = '') => {
    const from = service.statements.length
    const headers = { ...(cookie === '' ? {} : { cookie }) }
    const { status } = await service.post(
      '/auth/login',
      { username, password: PASSWORD },
      { peer: '192.0.2.7', headers },
    )
    return [status, service.statements.slice(from)]
  }

  test('asks nothing of the store, whether there is such an account or not, so its time tells nothing', async () => {
    await attempt('nobody')
    await attempt('nobody') // the first refusal of a minute is put on record
    for (const name of ['nobody', 'alice', 'no one', 'bob', 'nobody']) {
      expect(await attempt(name)).toEqual([429, []])
      expect(await attempt(name, JUNK)).toEqual([429, []])
    }
  })

  test('the control: a device of the owner is let in by the same address, which takes a look at the account', async () => {
    service.clock.advance(60)
    const answer = await service.post('/auth/login', { username: 'alice', password: PASSWORD, transport: 'cookie' })
    const device = cookiesOf(answer).get('csn_device') ?? ''
    await attempt('nobody')
    expect((await attempt('alice'))[0]).toBe(429)
    expect((await attempt('alice', `csn_device=${device}`))[0]).toBe(200)
    expect((await attempt('bob', `csn_device=${device}`))[0]).toBe(429)
  })
})
