import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { disposableKeys, type KeyTimes, keyStates, planKeys, planSuccessor, successorOf } from './signing-key.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const KEEP = HOUR
const START = 1_700_000_000_000
const PLAN = { alg: 'ES256', period: 30 * DAY, lead: 2 * DAY, since: START }

const key = (kid: string, publishAt: number, activateAt: number, more: Partial<KeyTimes> = {}): KeyTimes => ({
  kid,
  alg: 'ES256',
  epoch: 0,
  publishAt,
  activateAt,
  revokedAt: undefined,
  ...more,
})

/** The definition, word for word as it was proved in the model: for keys of one algorithm. */
function definition(keys: readonly KeyTimes[], now: number, keep: number) {
  const published = keys
    .filter((k) => k.publishAt <= now)
    .sort((a, b) => b.activateAt - a.activateAt || (a.kid < b.kid ? 1 : -1))
  const newest = published.find((k) => k.activateAt <= now)
  const active = newest?.revokedAt === undefined ? newest : undefined
  const served = published.filter((k) => {
    if (k.revokedAt !== undefined) return false
    if (k === active || k.activateAt > now) return true
    const successor = published.filter((s) => s.activateAt > k.activateAt && s.activateAt <= now).at(-1)
    return successor !== undefined && now < successor.activateAt + keep
  })
  return { active: active?.kid, served: served.map((k) => k.kid).sort() }
}

describe('keyStates', () => {
  const first = key('first', 0, 0)
  const next = key('next', 10, 100)

  test.each([
    ['before the lead is over', 50, 'active', 'published'],
    ['a moment before the start', 99, 'active', 'published'],
    ['at the start', 100, 'retiring', 'active'],
    ['the last moment of keeping', 100 + KEEP - 1, 'retiring', 'active'],
    ['after it', 100 + KEEP, 'removed', 'active'],
  ])('%s', (_when, now, firstState, nextState) => {
    const { states } = keyStates([first, next], now, KEEP)
    expect([states.get('first'), states.get('next')]).toEqual([firstState, nextState])
  })

  test('a key stays active for as long as no successor has started, whatever was planned', () => {
    expect(keyStates([first], 1_000 * DAY, KEEP).active?.kid).toBe('first')
  })

  test('a revoked newest key leaves nobody to sign, and does not bring its predecessor back', () => {
    const { active, served, states } = keyStates([first, { ...next, revokedAt: 120 }], 130, KEEP)
    expect(active).toBeUndefined()
    expect(served.map((k) => k.kid)).toEqual(['first'])
    expect(states.get('next')).toBe('revoked')
    expect(keyStates([first, next], 130, KEEP).active?.kid).toBe('next')
  })

  test('a row of another service whose clock is ahead is not served yet', () => {
    expect(keyStates([first, key('ahead', 60, 160)], 50, KEEP).served.map((k) => k.kid)).toEqual(['first'])
    expect(keyStates([first, key('ahead', 60, 160)], 60, KEEP).served.map((k) => k.kid)).toEqual(['first', 'ahead'])
  })

  test('`until` is the next moment at which anything changes', () => {
    expect(keyStates([first, next], 50, KEEP).until).toBe(100)
    expect(keyStates([first, next], 100, KEEP).until).toBe(100 + KEEP)
    expect(keyStates([first, next], 100 + KEEP, KEEP).until).toBe(Number.POSITIVE_INFINITY)
  })

  test('the waiting successor of an abandoned algorithm never takes the signing back', () => {
    const rsa = key('rsa', 50, 50, { alg: 'RS256' })
    const { active, states } = keyStates([first, next, rsa], 200, KEEP)
    expect(active?.kid).toBe('rsa')
    expect(states.get('next')).toBe('removed')
    expect(states.get('first')).toBe('retiring') // until its last token has expired, counted from the change
    expect(keyStates([first, next, rsa], 50 + KEEP, KEEP).states.get('first')).toBe('removed')
    expect(keyStates([first, next], 200, KEEP).active?.kid).toBe('next')
  })

  test('agrees with the definition on keys of one algorithm, at any time', () => {
    const moments = fc.integer({ min: 0, max: 60 })
    const rows = fc
      .uniqueArray(fc.record({ publishAt: moments, wait: moments, revoked: fc.boolean() }), {
        maxLength: 7,
        selector: (row) => row.publishAt + row.wait,
      })
      .map((list) =>
        list.map(({ publishAt, wait, revoked }, index) =>
          key(`k${index}`, publishAt, publishAt + wait, { revokedAt: revoked ? 0 : undefined }),
        ),
      )
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 150 }), fc.integer({ min: 0, max: 30 }), (keys, now, keep) => {
        const { active, served } = keyStates(keys, now, keep)
        expect({ active: active?.kid, served: served.map((k) => k.kid).sort() }).toEqual(definition(keys, now, keep))
      }),
      { numRuns: 2_000 },
    )
  })

  test('nothing changes before `until`', () => {
    const keys = [first, next, key('third', 200, 900), key('rsa', 300, 300, { alg: 'RS256' })]
    for (let now = 0; now < 1_200; now += 7) {
      const seen = keyStates(keys, now, 50)
      const later = keyStates(keys, Math.min(seen.until - 1, 1_500), 50)
      expect(later.states).toEqual(seen.states)
    }
  })
})

describe('planKeys', () => {
  /** Rows as the store would hold them after the plan was carried out. */
  const carryOut = (keys: readonly KeyTimes[], now: number, plan = PLAN): readonly KeyTimes[] => [
    ...keys,
    ...planKeys(keys, now, plan).map((planned, index) => ({
      ...planned,
      kid: `${planned.alg}-${planned.epoch}-${index}`,
      revokedAt: undefined,
    })),
  ]

  test('an empty store gets a key that signs at once and a successor that waits at least the lead', () => {
    const [first, next, ...more] = planKeys([], START, PLAN)
    expect(more).toEqual([])
    expect(first).toMatchObject({ alg: 'ES256', epoch: 0, rev: 0 })
    expect(first?.activateAt).toBe(first?.publishAt)
    expect(first?.activateAt).toBeLessThanOrEqual(START)
    expect(next).toMatchObject({ epoch: 1, publishAt: START })
    expect(next?.activateAt).toBe((first?.activateAt ?? 0) + PLAN.period)
  })

  test('a service whose clock is half a second behind sees the first key as started', () => {
    expect(keyStates(carryOut([], START), START - 500, KEEP).active).toBeDefined()
  })

  test('with a waiting successor nothing is missing; when it starts, the next one is', () => {
    const keys = carryOut([], START)
    const started = keys[1]?.activateAt ?? 0
    expect(planKeys(keys, started - 1, PLAN)).toEqual([])
    expect(planKeys(keys, started, PLAN)).toEqual([
      { alg: 'ES256', epoch: 2, rev: 0, publishAt: started, activateAt: started + PLAN.period },
    ])
  })

  test('S-K02 a service that slept past the period still publishes a successor for the whole lead', () => {
    const late = START + 300 * DAY
    const [next] = planKeys(carryOut([], START), late, PLAN)
    expect(next?.activateAt).toBe(late + PLAN.lead)
  })

  test('a period shorter than the lead never shortens the lead', () => {
    const plan = { ...PLAN, period: HOUR }
    expect(planKeys([], START, plan)[1]?.activateAt).toBe(START + PLAN.lead)
  })

  test('services that read the same rows plan the same rows', () => {
    expect(planKeys([], START, PLAN).map((k) => k.epoch)).toEqual(planKeys([], START + 400, PLAN).map((k) => k.epoch))
  })

  test('a changed algorithm starts at once, and the waiting successor of the old one is passed over', () => {
    const before = carryOut([], START)
    const changed = START + DAY
    const plan = { ...PLAN, alg: 'EdDSA', since: changed }
    const after = carryOut(before, changed, plan)
    const view = keyStates(after, changed, KEEP)
    expect(view.active?.alg).toBe('EdDSA')
    expect(view.served).toHaveLength(4)
    expect(planKeys(after, changed, plan)).toEqual([])
    expect(keyStates(after, before[1]?.activateAt ?? 0, KEEP).active?.alg).toBe('EdDSA')
  })

  test('a service that started before the change follows it, and one that starts later changes it back', () => {
    const changed = START + DAY
    const keys = carryOut(carryOut([], START), changed, { ...PLAN, alg: 'EdDSA', since: changed })
    expect(planKeys(keys, changed + 1, PLAN)).toEqual([])
    const back = carryOut(keys, changed + DAY, { ...PLAN, since: changed + DAY })
    expect(keyStates(back, changed + DAY, KEEP).active?.alg).toBe('ES256')
    const places = back.map((k) => `${k.alg} ${k.epoch}`)
    expect(new Set(places).size).toBe(places.length)
  })

  test('a revoked key without a successor is replaced at once', () => {
    const [first] = carryOut([], START)
    const revoked = { ...(first as KeyTimes), revokedAt: START + 5 }
    const keys = carryOut([revoked], START + 10)
    expect(keyStates(keys, START + 10, KEEP).active?.epoch).toBe(1)
    expect(keyStates([revoked], START + 10, KEEP).active).toBeUndefined()
  })

  test('over years, a key is always active and a successor always waits', () => {
    let keys: readonly KeyTimes[] = []
    for (let now = START; now < START + 700 * DAY; now += 9 * HOUR) {
      keys = carryOut(keys, now)
      const { active } = keyStates(keys, now, KEEP)
      expect(active).toBeDefined()
      expect(successorOf(keys, active as KeyTimes, now)).toBeDefined()
    }
    expect(keys.length).toBe(2 + Math.floor(700 / 30))
  })
})

test('a successor takes the first epoch that is free', () => {
  const keys = [key('a', 0, 0, { epoch: 3 }), key('b', 0, 0, { epoch: 7 })]
  expect(planSuccessor(keys, key('a', 0, 0), 5, PLAN)).toMatchObject({
    epoch: 8,
    publishAt: 5,
    activateAt: PLAN.period,
  })
})

describe('disposableKeys', () => {
  const keys = [
    key('a', 0, 0),
    key('waiting', 0, 150),
    key('rsa', 100, 100, { alg: 'RS256' }),
    key('b', 200, 300, { alg: 'RS256' }),
    key('c', 400, 900, { alg: 'RS256' }),
  ]

  test('only what a settled successor has long replaced, first what never signed', () => {
    expect(disposableKeys(keys, 330, 10, 20).map((k) => k.kid)).toEqual(['a'])
    expect(disposableKeys(keys, 331, 10, 20).map((k) => k.kid)).toEqual(['waiting', 'a', 'rsa'])
    expect(disposableKeys(keys, 120, 10, 20)).toEqual([])
  })

  test('deleting them one by one changes no state of the rest', () => {
    let left = keys
    const before = keyStates(keys, 500, 10)
    for (const gone of disposableKeys(keys, 500, 10, 20)) {
      left = left.filter((k) => k !== gone)
      const after = keyStates(left, 500, 10)
      expect(after.active).toBe(before.active)
      expect(after.served).toEqual(before.served)
    }
    expect(left.map((k) => k.kid)).toEqual(['b', 'c'])
  })
})
