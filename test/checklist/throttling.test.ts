import { describe, expect, onTestFinished, test } from 'vitest'
import { resolveSettings } from '../../packages/server/src/config/load.ts'
import type { SettingsInput } from '../../packages/server/src/config/settings.ts'
import { createBrowser } from '../support/browser.ts'
import { cheapHasher, type HeldHasher, heldHasher } from '../support/hashers.ts'
import {
  addressOf,
  administrator,
  codeOf,
  openTestService,
  PASSWORD,
  register,
  signUp,
  type TestService,
} from '../support/service.ts'

const WRONG = 'seven purple lanterns drown'
const NEW = 'eleven quiet harbours sleep'
const MINUTE = 60

interface Limited {
  readonly service: TestService
  readonly hasher: HeldHasher
  /** A log-in from an address, with the right password or a wrong one. */
  enter(username: string, peer: string, password?: string, headers?: Record<string, string>): Promise<Response>
  /** What such log-ins answer. */
  statuses(attempts: readonly (readonly [username: string, peer: string])[]): Promise<number[]>
}

async function limited(settings: Partial<SettingsInput> = {}): Promise<Limited> {
  const hasher = heldHasher(cheapHasher())
  const service = await openTestService({
    // A minute, so that a busy machine does not wait it out between two requests.
    settings: { registrationsPerHour: 1000, loginDelayFirst: MINUTE, ...settings },
    plugins: { passwordHasher: hasher },
  })
  onTestFinished(() => service.close())
  const enter: Limited['enter'] = (username, peer, password = WRONG, headers = {}) =>
    service.post('/auth/login', { username, password }, { peer, headers })
  return {
    service,
    hasher,
    enter,
    async statuses(attempts) {
      const found: number[] = []
      for (const [username, peer] of attempts) found.push((await enter(username, peer)).status)
      return found
    },
  }
}

/** An address for each number, no two in one network. */
const somewhere = (i: number) => `10.${(i >> 8) & 255}.${i & 255}.7`
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const count = (statuses: readonly number[], status: number) => statuses.filter((one) => one === status).length
const retryAfter = (response: Response) => Number(response.headers.get('retry-after'))

/** Fails until the account has to wait for more than a minute. */
async function attack({ service, enter }: Limited, username: string): Promise<void> {
  for (let i = 0; ; i++) {
    const response = await enter(username, somewhere(i))
    if (response.status !== 429) continue
    if (retryAfter(response) > MINUTE) return
    service.clock.advance(retryAfter(response))
  }
}

describe('S-T01 guessing at one account from one address', () => {
  test('200 at once: five are checked, the others are told when to come back', async () => {
    const { service, hasher, enter } = await limited()
    await register(service, 'alice')
    const answers = await Promise.all(times(200, () => enter('alice', '192.0.2.7')))
    const statuses = answers.map(({ status }) => status)
    expect([count(statuses, 401), count(statuses, 429), hasher.checks()]).toEqual([5, 195, 5])
    for (const response of answers.filter(({ status }) => status === 429)) {
      expect(retryAfter(response)).toBeGreaterThan(0)
      expect(await codeOf(response)).toBe('rate_limited')
    }
  })

  test('the delay doubles from one second to 15 minutes, and there it stays, for years', async () => {
    const { service, enter } = await limited({ loginsPerMinute: 100_000, loginDelayFirst: 1 })
    await register(service, 'alice')
    const delays: number[] = []
    for (let tries = 0; tries < 60; ) {
      const response = await enter('alice', '192.0.2.7')
      if (response.status === 401) tries += 1
      else delays.push(retryAfter(response))
      service.clock.advance(response.status === 401 ? 0 : retryAfter(response))
    }
    expect(delays.slice(0, 12)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900])
    expect(new Set(delays.slice(11))).toEqual(new Set([900]))
    // 100 guesses in a row take most of a day, and the hundred-and-first waits as long (NIST SP 800-63B-4 section 3.2.2).
    expect(delays.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(10 * 3600)
  })

  test('however the name is written', async () => {
    const { service, hasher, statuses } = await limited()
    await register(service, 'alice')
    const names = ['alice', 'ALICE', 'Alice', 'aLiCe', 'ａｌｉｃｅ', 'alicE', 'ＡLICE']
    expect(await statuses(names.map((name, i) => [name, somewhere(i)]))).toEqual([401, 401, 401, 401, 401, 429, 429])
    expect(hasher.checks()).toBe(5)
  })
})

describe('S-T02 the owner, after a thousand failures of an attacker', () => {
  test('gets in at once from a known device, and elsewhere after the delay', async () => {
    const all = await limited()
    const { service, enter } = all
    await register(service, 'alice')
    const browser = createBrowser(service)
    expect((await browser.login('alice')).status).toBe(200)
    await attack(all, 'alice')
    const answers = await Promise.all(times(1_000, (i) => enter('alice', somewhere(i))))
    expect(answers.every(({ status }) => status === 429)).toBe(true)

    expect((await browser.login('alice')).status).toBe(200)
    const elsewhere = await enter('alice', addressOf('alice'), PASSWORD)
    expect(elsewhere.status).toBe(429)
    expect(retryAfter(elsewhere)).toBeLessThanOrEqual(15 * MINUTE)
    service.clock.advance(retryAfter(elsewhere))
    expect((await enter('alice', addressOf('alice'), PASSWORD)).status).toBe(200)
  })

  test('a refused try does not make the delay longer', async () => {
    const all = await limited()
    const { service, enter } = all
    await register(service, 'alice')
    await attack(all, 'alice')
    const before = retryAfter(await enter('alice', '192.0.2.9'))
    for (let i = 0; i < 50; i++) await enter('alice', somewhere(i))
    expect(retryAfter(await enter('alice', '192.0.2.9'))).toBeLessThanOrEqual(before)
  })

  test('a known device has limits too, and they touch neither the account nor other devices', async () => {
    const { service, hasher, enter } = await limited()
    await register(service, 'alice')
    const browser = createBrowser(service)
    await browser.login('alice')
    const before = hasher.checks()
    const device = browser.cookieHeader('/auth/login') ?? ''
    const answers = await Promise.all(times(30, (i) => enter('alice', somewhere(i), WRONG, { cookie: device })))
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5)
    expect(hasher.checks() - before).toBe(5)
    expect((await enter('alice', '192.0.2.8', PASSWORD)).status).toBe(200)
  })
})

describe('S-T03 a device cookie', () => {
  /** Alice's account under attack, with a device of hers and one of Bob's. */
  async function devices() {
    const all = await limited()
    const { service } = all
    const { access_token: token } = await administrator(service)
    const alice = await signUp(service, 'alice')
    await register(service, 'bob')
    const cookieOf = async (name: string) => {
      const browser = createBrowser(service)
      expect((await browser.login(name)).status).toBe(200)
      return browser.value('csn_device')
    }
    const [hers, his] = [await cookieOf('alice'), await cookieOf('bob')]
    const enter = (device: string, password = PASSWORD) =>
      all.enter('alice', '192.0.2.44', password, { cookie: `csn_device=${device}` })
    return { all, service, token, alice, hers, his, enter }
  }

  test('of another account or forged is none', async () => {
    const { all, hers, his, enter } = await devices()
    await attack(all, 'alice')
    const [version, time = '', mac = ''] = hers.split('.')
    const later = (Number.parseInt(time, 36) + 1).toString(36)
    const flipped = mac.startsWith('A') ? `B${mac.slice(1)}` : `A${mac.slice(1)}`
    const forged = [his, `${version}.${later}.${mac}`, `${version}.${time}.${flipped}`, `${hers}.`, `${hers}A`, '']
    for (const device of forged) expect((await enter(device)).status).toBe(429)
    expect((await enter(hers)).status).toBe(200)
  })

  test('is no credential', async () => {
    const { service, hers, enter } = await devices()
    expect((await enter(hers, WRONG)).status).toBe(401)
    for (const path of ['/auth/me', '/auth/sessions']) {
      expect((await service.request(path, { headers: { cookie: `csn_device=${hers}` } })).status).toBe(401)
      expect((await service.request(path, { token: hers })).status).toBe(401)
    }
  })

  test('is void after a reset, a change of the password, and 180 days', async () => {
    const { all, service, token, alice, hers, enter } = await devices()
    const reset = await service.post(`/admin/accounts/${alice.account.id}/password-reset`, undefined, { token })
    const { one_time_password: current_password } = await reset.json()
    await attack(all, 'alice')
    expect((await enter(hers)).status).toBe(429)
    service.clock.advance(15 * MINUTE)
    const change = { username: 'alice', current_password, new_password: PASSWORD }
    const changed = await service.post('/auth/password/change', change, { headers: { origin: service.issuer } })
    expect(changed.status).toBe(200)
    await attack(all, 'alice')
    expect((await enter(hers)).status).toBe(429)
    // The one that the change wrote is good, until it is too old.
    const fresh = /csn_device=([^;]+)/.exec(changed.headers.getSetCookie().join('\n'))?.[1] ?? ''
    expect((await enter(fresh)).status).toBe(200)
    service.clock.advance(181 * 86_400)
    await attack(all, 'alice')
    expect((await enter(fresh)).status).toBe(429)
  })
})

test('S-T04 one password on 500 accounts from one address: the address is limited, others are not', async () => {
  const { service, hasher, statuses } = await limited()
  await register(service, 'name-7')
  const spray = times(500, (i) => [`name-${i}`, '192.0.2.50'] as const)
  const first = await statuses(spray)
  expect(count(first, 401)).toBeGreaterThanOrEqual(20)
  // While the 500 arrive time passes, and the rate lets one more through each three seconds.
  expect(count(first, 401)).toBeLessThanOrEqual(25)
  expect(count(first, 401) + count(first, 429)).toBe(500)
  expect(hasher.checks()).toBe(count(first, 401))
  expect(await statuses([['name-7', '192.0.2.51']])).toEqual([401])
  service.clock.advance(MINUTE)
  expect(count(await statuses(spray.slice(0, 40)), 401)).toBeGreaterThanOrEqual(20)
})

test('S-T05 500 addresses, one try each, on one account: the account’s limit holds', async () => {
  const { service, hasher, enter, statuses } = await limited()
  await register(service, 'alice')
  const seen = await statuses(times(500, (i) => ['alice', somewhere(i)] as const))
  expect(count(seen, 401)).toBe(5)
  expect(hasher.checks()).toBe(count(seen, 401))
  expect((await enter('bob', somewhere(1))).status).toBe(401)
})

describe('S-T06 IPv6', () => {
  test.each([
    ['one /64', ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:DB8:1:2::A', '2001:0db8:0001:0002:0:0:0:1']],
    ['a mapped IPv4 address', ['192.0.2.9', '::ffff:192.0.2.9', '::FFFF:C000:0209', '0:0:0:0:0:ffff:c000:209']],
  ])('%s is one place, however it is written', async (_, peers) => {
    const { statuses } = await limited({ loginsPerMinute: 4 })
    const tries = [...peers, ...peers].map((peer, i) => [`nobody-${i}`, peer] as const)
    expect(await statuses(tries)).toEqual([401, 401, 401, 401, 429, 429, 429, 429])
    const others = ['2001:db8:1:3::1', '192.0.2.10', '::ffff:c000:20b', '2001:db8:2:2::1']
    expect(await statuses(others.map((peer, i) => [`other-${i}`, peer]))).toEqual([401, 401, 401, 401])
  })

  test('a /48 has five times the limit of an address', async () => {
    const { statuses } = await limited({ loginsPerMinute: 4 })
    const tries = times(30, (i) => [`nobody-${i}`, `2001:db8:7:${i.toString(16)}::1`] as const)
    const seen = await statuses(tries)
    expect([count(seen.slice(0, 20), 401), count(seen.slice(20), 429)]).toEqual([20, 10])
  })
})

describe('S-T07 who is behind a proxy', () => {
  const NAMES = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'true-client-ip', 'cf-connecting-ip', 'x-client-ip']
  const header = (name: string, address: string) => ({ [name]: name === 'forwarded' ? `for=${address}` : address })

  test.each(NAMES)('%s from an untrusted peer is not read', async (name) => {
    const { enter } = await limited({ loginsPerMinute: 4, trustedProxies: ['10.9.0.0/16'] })
    const seen: number[] = []
    for (let i = 0; i < 6; i++) {
      seen.push((await enter(`nobody-${i}`, '192.0.2.60', WRONG, header(name, `203.0.113.${i}`))).status)
    }
    expect(seen).toEqual([401, 401, 401, 401, 429, 429])
  })

  test.each(NAMES.slice(1))('%s is not read from a trusted one either', async (name) => {
    const { enter } = await limited({ loginsPerMinute: 4, trustedProxies: ['10.9.0.0/16'] })
    const seen: number[] = []
    for (let i = 0; i < 6; i++) {
      seen.push((await enter(`nobody-${i}`, '10.9.0.1', WRONG, header(name, `203.0.113.${i}`))).status)
    }
    expect(seen).toEqual([401, 401, 401, 401, 429, 429])
  })

  test('from a trusted peer the first untrusted one from the right counts, and nothing left of it', async () => {
    const { service, enter } = await limited({ loginsPerMinute: 4, trustedProxies: ['10.9.0.0/16', 'fd00::/8'] })
    const via = (forwarded: string, i: number, peer = '10.9.0.1') =>
      enter(`nobody-${i}`, peer, WRONG, { 'x-forwarded-for': forwarded })
    const written = [
      '203.0.113.5',
      '1.1.1.1, 203.0.113.5',
      '2.2.2.2, 3.3.3.3, 203.0.113.5, 10.9.0.7',
      '127.0.0.1,  203.0.113.5 ,fd00::1',
      '4.4.4.4, ::ffff:203.0.113.5',
      'junk, <script>, 203.0.113.5:4711',
    ]
    const seen: number[] = []
    for (const [i, forwarded] of written.entries()) seen.push((await via(forwarded, i)).status)
    expect(seen).toEqual([401, 401, 401, 401, 429, 429])
    expect((await via('203.0.113.5, 203.0.113.6', 9)).status).toBe(401)
    // What is no address is the proxy's own, for all of them together.
    const junk: number[] = []
    for (let i = 0; i < 6; i++) junk.push((await via(`junk-${i}`, 10 + i)).status)
    expect(junk).toEqual([401, 401, 401, 401, 429, 429])

    await register(service, 'alice')
    const tokens = await service.post(
      '/auth/login',
      { username: 'alice', password: PASSWORD },
      { peer: '10.9.0.1', headers: { 'x-forwarded-for': '6.6.6.6, 203.0.113.77' } },
    )
    const { access_token: token } = await tokens.json()
    const { sessions } = await (await service.request('/auth/sessions', { token })).json()
    expect(sessions[0].address).toBe('203.0.113.77')
  })
})

test('S-T10 100 wrong log-ins at the same instant: no more than the limit reach the hash', async () => {
  const { service, hasher, enter } = await limited()
  await register(service, 'alice')
  const account = await Promise.all(times(100, (i) => enter('alice', somewhere(i))))
  expect(hasher.checks()).toBe(5)
  expect(
    count(
      account.map(({ status }) => status),
      401,
    ),
  ).toBe(5)
  const address = await Promise.all(times(100, (i) => enter(`nobody-${i}`, '192.0.2.70')))
  expect(hasher.checks()).toBe(25)
  expect(
    count(
      address.map(({ status }) => status),
      401,
    ),
  ).toBe(20)
})

describe('S-T12 a right password', () => {
  test('clears the failures of its account', async () => {
    const { service, enter, statuses } = await limited({ loginsPerMinute: 1000 })
    await register(service, 'alice')
    const four = times(4, () => ['alice', '192.0.2.7'] as const)
    for (let round = 0; round < 3; round++) {
      expect(await statuses(four)).toEqual([401, 401, 401, 401])
      expect((await enter('alice', '192.0.2.7', PASSWORD)).status).toBe(200)
    }
  })

  test('and nothing else: neither the address’s count nor another account’s', async () => {
    const { service, enter, statuses } = await limited()
    await register(service, 'mallory')
    await register(service, 'alice')
    const peer = '192.0.2.80'
    const seen: number[] = []
    for (let i = 0; i < 12; i++) {
      seen.push(...(await statuses([[`nobody-${i}`, peer]])), (await enter('mallory', peer, PASSWORD)).status)
    }
    expect([count(seen, 401), count(seen, 200), count(seen, 429)]).toEqual([10, 10, 4])
    const alice: number[] = []
    for (let i = 0; i < 7; i++) {
      alice.push(...(await statuses([['alice', somewhere(i)]])))
      await enter('mallory', somewhere(100 + i), PASSWORD)
    }
    expect(alice).toEqual([401, 401, 401, 401, 401, 429, 429])
  })
})

test('S-T13 without limits a production issuer refuses to start', () => {
  const production = { issuer: 'https://auth.example.com' }
  expect(() => resolveSettings({ ...production, rateLimit: 'off' })).toThrow(
    expect.objectContaining({ name: 'ConfigError', code: 'setting_unsafe' }),
  )
  expect(resolveSettings({ ...production, rateLimit: 'on' }).rateLimit).toBe('on')
  expect(resolveSettings({ issuer: 'http://localhost:4000', rateLimit: 'off' }).rateLimit).toBe('off')
})

describe('S-T14 the current password at a change', () => {
  test('with a stolen token is no oracle, and the owner logs in meanwhile', async () => {
    const { service, hasher, enter } = await limited({ loginsPerMinute: 100_000 })
    const { access_token: token } = await signUp(service, 'alice')
    const change = (current_password: string, i = 0) =>
      service.post('/auth/password/change', { current_password, new_password: NEW }, { token, peer: somewhere(i) })
    const before = hasher.checks()
    const answers = await Promise.all(times(60, (i) => change(WRONG, i)))
    expect(
      count(
        answers.map(({ status }) => status),
        401,
      ),
    ).toBe(5)
    expect(hasher.checks() - before).toBe(5)
    // Even the right one has to wait now.
    const right = await change(PASSWORD)
    expect([right.status, await codeOf(right)]).toEqual([429, 'rate_limited'])
    expect((await enter('alice', addressOf('alice'), PASSWORD)).status).toBe(200)
    service.clock.advance(retryAfter(right))
    expect((await change(PASSWORD)).status).toBe(200)
  })

  test('after many failures it is one try in 15 minutes', async () => {
    const { service } = await limited({ loginsPerMinute: 100_000, accessTokenLifetime: 3600, loginDelayFirst: 1 })
    const { access_token: token } = await signUp(service, 'alice')
    const delays: number[] = []
    while (delays.length < 12) {
      const response = await service.post(
        '/auth/password/change',
        { current_password: WRONG, new_password: NEW },
        { token },
      )
      if (response.status !== 429) continue
      delays.push(retryAfter(response))
      service.clock.advance(retryAfter(response))
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900])
  })

  test('the door for one-time passwords counts with the log-in, so that it is no second one', async () => {
    const { service, statuses } = await limited()
    await register(service, 'alice')
    const door = async (i: number) =>
      (
        await service.post(
          '/auth/password/change',
          { username: 'alice', current_password: WRONG, new_password: NEW },
          { peer: somewhere(i) },
        )
      ).status
    expect([await door(1), await door(2), await door(3)]).toEqual([401, 401, 401])
    expect(await statuses(times(4, (i) => ['alice', somewhere(10 + i)] as const))).toEqual([401, 401, 429, 429])
    expect(await door(4)).toBe(429)
  })
})
