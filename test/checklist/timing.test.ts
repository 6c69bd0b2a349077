import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPasswordHasher } from '../../packages/server/src/adapters/argon2id/password-hasher.ts'
import { systemClock } from '../../packages/server/src/adapters/system/clock.ts'
import { systemRandom } from '../../packages/server/src/adapters/system/random.ts'
import type { PasswordHasher } from '../../packages/server/src/ports/password-hasher.ts'
import { rankSum } from '../support/rank-sum.ts'
import { administrator, openTestService, PASSWORD, register, signUp, type TestService } from '../support/service.ts'

/*
 * Real time on a machine that does other things too. So the samples of all kinds are interleaved in an order that is drawn
 * anew each time, and chance has three tries: a real leak fails all of them. The hash costs a sixth of the real one, which
 * makes whatever else differs six times easier to see.
 */

const SAMPLES = 500
const LIMIT = 3.3
const TRIES = 3
const COST = { memory: 6144, passes: 1, lanes: 1 }

const hasher = createPasswordHasher({ clock: systemClock, random: systemRandom, cores: 2, cost: COST })
/** As a build that forgot the dummy hash. */
const careless: PasswordHasher = {
  hash: hasher.hash,
  verify: async (password, hash) => (hash === undefined ? 'no_match' : hasher.verify(password, hash)),
}

interface Attempt {
  readonly username: string
  readonly password: string
}

const WRONG = 'seven purple lanterns drown'
const KNOWN: Attempt = { username: 'alice', password: WRONG }
const DISABLED: Attempt = { username: 'carol', password: PASSWORD }
const UNKNOWN: Attempt = { username: 'nobody', password: WRONG }

async function prepared(passwordHasher: PasswordHasher): Promise<TestService> {
  const service = await openTestService({ settings: { rateLimit: 'off' }, plugins: { passwordHasher } })
  const { access_token: token } = await administrator(service)
  await register(service, KNOWN.username)
  const { account } = await signUp(service, DISABLED.username)
  const path = `/admin/accounts/${account.id}`
  expect((await service.request(path, { method: 'PATCH', json: { disabled: true }, token })).status).toBe(200)
  return service
}

/** Milliseconds of each attempt, as whoever sends it sees them. */
async function timesOf(service: TestService, attempts: readonly Attempt[]): Promise<number[][]> {
  const times = attempts.map((): number[] => [])
  for (let round = -20; round < SAMPLES; round++) {
    const order = attempts.map((attempt, i) => ({ attempt, i, key: Math.random() }))
    for (const { attempt, i } of order.sort((a, b) => a.key - b.key)) {
      const at = performance.now()
      const response = await service.post('/auth/login', attempt)
      await response.text()
      // The first rounds warm the code up.
      if (round >= 0) times[i]?.push(performance.now() - at)
      expect(response.status).toBe(401)
    }
  }
  return times
}

/** The z of each kind against the first one. */
async function distances(service: TestService, attempts: readonly Attempt[]): Promise<number[]> {
  const [first = [], ...others] = await timesOf(service, attempts)
  return others.map((times) => rankSum(times, first))
}

describe('S-N01 the time of a refused log-in', () => {
  let service: TestService
  let leaking: TestService
  beforeAll(async () => {
    service = await prepared(hasher)
    leaking = await prepared(careless)
  })
  afterAll(async () => {
    await service.close()
    await leaking.close()
  })

  test('is the same for unknown, known and disabled accounts', { timeout: 180_000 }, async () => {
    const seen: number[][] = []
    while (seen.length < TRIES) {
      const z = await distances(service, [UNKNOWN, KNOWN, DISABLED])
      seen.push(z)
      if (z.every((value) => Math.abs(value) < LIMIT)) return
    }
    expect.fail(`z of known and disabled against unknown: ${JSON.stringify(seen)}`)
  })

  test('the control: without the dummy hash the same test tells them apart', { timeout: 60_000 }, async () => {
    const [z = 0] = await distances(leaking, [UNKNOWN, KNOWN])
    expect(z).toBeGreaterThan(LIMIT)
  })
})
