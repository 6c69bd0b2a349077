import { describe, expect, test } from 'vitest'
import { createMemoryAttemptStore } from '../adapters/memory/attempt-store.ts'
import { AuthError } from '../domain/errors.ts'
import type { AttemptStore } from '../ports/attempt-store.ts'
import { createThrottle, type LoginClaim, type Throttle, type ThrottleDependencies } from './throttle.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const IDENT_KEY = new Uint8Array(32).fill(9)

/** A throttle on a clock that stands until the test moves it. */
function setUp(options: Partial<ThrottleDependencies> = {}) {
  let now = 0
  const attempts = createMemoryAttemptStore({ mono: () => now })
  const throttle = createThrottle({ attempts, identKey: IDENT_KEY, ...options })
  const pass = (time: number): void => {
    now += time
  }
  return { throttle, attempts, pass }
}

const at = (index: number): string => `198.51.${index >> 8}.${index & 255}`

/** Seconds to wait, or 0 when the attempt was allowed. Then it failed. */
async function fail(throttle: Throttle, claim: LoginClaim): Promise<number> {
  return waitOf(async () => (await throttle.login(claim)).failed())
}

async function waitOf(attempt: () => Promise<unknown>): Promise<number> {
  try {
    await attempt()
    return 0
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    expect(error.code).toBe('rate_limited')
    expect(error.retryAfter).toBeGreaterThanOrEqual(1)
    return error.retryAfter ?? Number.NaN
  }
}

describe('S-T01 S-T05 failures of one account', () => {
  test('five are free, whatever address they come from, then the wait doubles from 1 s to 15 min', async () => {
    const { throttle, pass } = setUp()
    let address = 0
    const next = () => fail(throttle, { usernameKey: 'alice', address: at(address++) })
    for (let failure = 1; failure <= 5; failure++) expect(await next()).toBe(0)
    for (const wait of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]) {
      expect(await next()).toBe(wait)
      pass(wait * SECOND - 1)
      expect(await next()).toBe(1)
      pass(1)
      expect(await next()).toBe(0)
    }
  })

  test('S-T14 after a hundred consecutive failures it is one try in 15 minutes', async () => {
    const { throttle, pass } = setUp()
    for (let failure = 1; failure <= 100; failure++) {
      expect(await fail(throttle, { usernameKey: 'alice', address: at(failure) })).toBe(0)
      pass(15 * MINUTE)
    }
    expect(await fail(throttle, { usernameKey: 'alice', address: at(0) })).toBe(0)
    expect(await fail(throttle, { usernameKey: 'alice', address: at(1) })).toBe(900)
  })

  test('S-T10 of a hundred at the same instant five reach the hash', async () => {
    const { throttle } = setUp()
    const waits = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        waitOf(() => throttle.login({ usernameKey: 'alice', address: at(index) })),
      ),
    )
    expect(waits.filter((wait) => wait === 0)).toHaveLength(5)
  })

  test('S-T12 a right password clears the failures of this account and of no other, and not the address', async () => {
    const { throttle } = setUp()
    const address = at(1)
    for (let failure = 1; failure <= 4; failure++) {
      expect(await fail(throttle, { usernameKey: 'alice', address })).toBe(0)
      expect(await fail(throttle, { usernameKey: 'bob', address })).toBe(0)
    }
    await (await throttle.login({ usernameKey: 'alice', address })).succeeded()
    for (let failure = 1; failure <= 5; failure++) {
      expect(await fail(throttle, { usernameKey: 'alice', address })).toBe(0)
    }
    expect(await fail(throttle, { usernameKey: 'bob', address })).toBe(0)
    expect(await fail(throttle, { usernameKey: 'bob', address: at(2) })).toBe(1)
    // Fifteen of the address's twenty were used above, right password or not.
    for (let login = 16; login <= 20; login++) {
      expect(await fail(throttle, { usernameKey: `other ${login}`, address })).toBe(0)
    }
    expect(await fail(throttle, { usernameKey: 'carol', address })).toBeGreaterThan(0)
  })

  test('an abandoned check counts as none', async () => {
    const { throttle } = setUp()
    for (let attempt = 1; attempt <= 20; attempt++) {
      await (await throttle.login({ usernameKey: 'alice', address: at(attempt) })).abandoned()
    }
    for (let failure = 1; failure <= 5; failure++) {
      expect(await fail(throttle, { usernameKey: 'alice', address: at(failure) })).toBe(0)
    }
    expect(await fail(throttle, { usernameKey: 'alice', address: at(6) })).toBe(1)
  })
})

describe('S-T02 a known device', () => {
  test('gets in at once while an attacker keeps everybody else out', async () => {
    const { throttle } = setUp()
    const address = at(1)
    for (let attempt = 1; attempt <= 1_000; attempt++) await fail(throttle, { usernameKey: 'alice', address })
    for (let attempt = 1; attempt <= 1_000; attempt++)
      await fail(throttle, { usernameKey: 'alice', address: at(attempt) })
    expect(await fail(throttle, { usernameKey: 'alice', address: at(2_000) })).toBeGreaterThan(0)
    expect(await waitOf(() => throttle.login({ usernameKey: 'alice', address, device: 'laptop' }))).toBe(0)
  })

  test('has the same limits as anybody, in its own bucket', async () => {
    const { throttle } = setUp()
    const device = 'laptop'
    for (let failure = 1; failure <= 5; failure++) {
      expect(await fail(throttle, { usernameKey: 'alice', address: at(failure), device })).toBe(0)
    }
    expect(await fail(throttle, { usernameKey: 'alice', address: at(6), device })).toBe(1)
    expect(await fail(throttle, { usernameKey: 'alice', address: at(6) })).toBe(0)
    expect(await fail(throttle, { usernameKey: 'alice', address: at(6), device: 'phone' })).toBe(0)
  })

  test('is no way around the rate: all devices of an account share that of one address', async () => {
    const { throttle } = setUp()
    for (let login = 1; login <= 20; login++) {
      const attempt = await throttle.login({ usernameKey: 'alice', address: at(1), device: `device ${login}` })
      await attempt.succeeded()
    }
    expect(await fail(throttle, { usernameKey: 'alice', address: at(1), device: 'one more' })).toBe(3)
    expect(await fail(throttle, { usernameKey: 'bob', address: at(1), device: 'one more' })).toBe(0)
  })
})

describe('S-T04 S-T06 one address', () => {
  const spray = async (throttle: Throttle, addresses: readonly (string | undefined)[]) => {
    const waits: number[] = []
    for (const [index, address] of addresses.entries()) {
      waits.push(await fail(throttle, { usernameKey: `account ${index}`, address }))
    }
    return waits.filter((wait) => wait === 0).length
  }

  test('twenty log-ins a minute, over any number of accounts', async () => {
    const { throttle, pass } = setUp()
    expect(await spray(throttle, Array(500).fill('192.0.2.1'))).toBe(20)
    expect(await spray(throttle, ['192.0.2.2'])).toBe(1)
    pass(MINUTE)
    expect(await spray(throttle, Array(500).fill('192.0.2.1'))).toBe(20)
  })

  test('every spelling of an address is the same one', async () => {
    const { throttle } = setUp()
    const spellings = ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:c000:0201']
    expect(
      await spray(
        throttle,
        Array.from({ length: 100 }, (_, index) => spellings[index % 4]),
      ),
    ).toBe(20)
  })

  test('IPv6 counts by /64, and five times as much by /48', async () => {
    const { throttle } = setUp()
    const inOne64 = Array.from({ length: 100 }, (_, index) => `2001:db8:1:1::${index.toString(16)}`)
    expect(await spray(throttle, inOne64)).toBe(20)
    const inOne48 = Array.from({ length: 500 }, (_, index) => `2001:db8:2:${index.toString(16)}::1`)
    expect(await spray(throttle, inOne48)).toBe(100)
    expect(await spray(throttle, ['2001:db8:3::1'])).toBe(1)
  })

  test('what is no address is counted as one, never as none', async () => {
    const { throttle } = setUp()
    const texts = Array.from({ length: 100 }, (_, index) => (index % 2 ? 'unknown' : 'nonsense'))
    expect(await spray(throttle, texts)).toBe(20)
  })

  test('where nobody tells it no client locks out the others, and accounts are limited as ever', async () => {
    const { throttle } = setUp()
    expect(await spray(throttle, Array(100).fill(undefined))).toBe(100)
    const waits: number[] = []
    for (let i = 0; i < 8; i++) waits.push(await fail(throttle, { usernameKey: 'alice', address: undefined }))
    expect(waits.filter((wait) => wait === 0)).toHaveLength(5)
    expect(await spray(throttle, Array(30).fill('192.0.2.9'))).toBe(20)
  })
})

test('S-T14 a password change is throttled like a log-in and has failures of its own', async () => {
  const { throttle } = setUp()
  const change = (index: number, device?: string) =>
    waitOf(async () => (await throttle.passwordChange({ accountId: 'alice', address: at(index), device })).failed())
  for (let failure = 1; failure <= 5; failure++) expect(await change(failure)).toBe(0)
  expect(await change(6)).toBe(1)
  expect(await change(6, 'laptop')).toBe(0)
  expect(await fail(throttle, { usernameKey: 'alice', address: at(6) })).toBe(0)
})

describe('S-T08', () => {
  test('five registrations an hour and address', async () => {
    const { throttle, pass } = setUp()
    const register = (address: string | undefined) => waitOf(() => throttle.registration(address))
    for (let count = 1; count <= 5; count++) expect(await register('192.0.2.1')).toBe(0)
    expect(await register('192.0.2.1')).toBe(12 * 60)
    expect(await register('192.0.2.2')).toBe(0)
    pass(12 * MINUTE)
    expect(await register('192.0.2.1')).toBe(0)
  })

  test('thirty refreshes a minute and session', async () => {
    const { throttle, pass } = setUp()
    const refresh = (sid: string) => waitOf(() => throttle.refresh(sid))
    for (let count = 1; count <= 30; count++) expect(await refresh('one')).toBe(0)
    expect(await refresh('one')).toBe(2)
    expect(await refresh('two')).toBe(0)
    pass(2 * SECOND)
    expect(await refresh('one')).toBe(0)
  })
})

test('keys name nobody, and change with the key that makes them', async () => {
  const seen: string[] = []
  const { attempts } = setUp()
  const spy: AttemptStore = {
    ...attempts,
    take: async (limits) => {
      seen.push(...limits.map(({ key }) => key))
      return attempts.take(limits)
    },
    claim: async (key, policy) => {
      seen.push(key)
      return attempts.claim(key, policy)
    },
  }
  for (const identKey of [IDENT_KEY, new Uint8Array(32).fill(1)]) {
    const throttle = createThrottle({ attempts: spy, identKey })
    await throttle.login({ usernameKey: 'alice', address: '192.0.2.1' })
    await throttle.login({ usernameKey: 'alice', address: '192.0.2.1', device: 'laptop' })
  }
  expect(new Set(seen).size).toBe(8)
  for (const key of seen) expect(key).toMatch(/^[a-z-]+:[A-Za-z0-9_-]{22}$/)
})

test('switched off it allows everything', async () => {
  const { throttle } = setUp({ enabled: false })
  for (let attempt = 1; attempt <= 100; attempt++) {
    expect(await fail(throttle, { usernameKey: 'alice', address: at(1) })).toBe(0)
    expect(await waitOf(() => throttle.registration(at(1)))).toBe(0)
    expect(await waitOf(() => throttle.refresh('one'))).toBe(0)
  }
})
