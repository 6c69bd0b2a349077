import {
  attemptWith,
  createWorld,
  DAY,
  digest,
  hashOf,
  IDLE_LIFETIME,
  outcomeOf,
  SECOND,
  successorOf,
  tokenOf,
  WINDOW,
} from './fixtures.ts'
import type { FreshStores, Runner } from './runner.ts'

const BROWSER = digest(Uint8Array.of(1))
const OTHER_BROWSER = digest(Uint8Array.of(2))
const KEY = Buffer.from(digest(Uint8Array.of(3))).toString('base64url')
const OTHER_KEY = Buffer.from(digest(Uint8Array.of(4))).toString('base64url')

/** What a presented refresh token does to its session. */
export function testRotation(fresh: FreshStores, { describe, test, expect }: Runner): void {
  describe('rotation', () => {
    test('S-R01 the live token rotates: the successor is live, the idle life begins anew, all else stays', async () => {
      const { stores, clock, addSession } = await createWorld(fresh())
      const session = await addSession()
      clock.at += WINDOW + 1
      const rotation = await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 0), { macKid: 2 }))
      expect(rotation).toEqual({
        outcome: 'rotated',
        session: {
          ...session,
          generation: 1,
          macKid: 2,
          currentHash: hashOf(tokenOf(session.sid, 1)),
          rotatedAt: clock.at,
          idleExpiresAt: clock.at + IDLE_LIFETIME,
        },
      })
      expect(await stores.sessions.find(session.sid)).toEqual(rotation?.session)
    })

    test('the live token inside the window is kept and changes nothing; once it is over, it rotates', async () => {
      const { stores, clock, addSession } = await createWorld(fresh())
      const session = await addSession()
      const attempt = attemptWith(tokenOf(session.sid, 0))
      for (const later of [0, 1, WINDOW - 1]) {
        clock.at += later
        expect(await stores.sessions.rotate(attempt)).toEqual({ outcome: 'kept', session })
      }
      clock.at = session.rotatedAt + WINDOW
      expect(outcomeOf(await stores.sessions.rotate(attempt))).toBe('kept')
      clock.at += 1
      expect(outcomeOf(await stores.sessions.rotate(attempt))).toBe('rotated')
    })

    test('S-R04 a lost answer is repeated: the same successor under the same key, and one more repeat is counted', async () => {
      const { stores, clock, addSession } = await createWorld(fresh())
      const session = await addSession()
      clock.at += WINDOW + 1
      const first = await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 0)))
      clock.at += 10 * SECOND
      const again = await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 0), { macKid: 7 }))
      expect(again).toEqual({ outcome: 'repeated', session: { ...first?.session, repeats: 1 } })
    })

    test('S-R02 a grandparent is reuse and ends the session, for good', async () => {
      const { stores, clock, addSession } = await createWorld(fresh())
      const session = await addSession()
      for (const generation of [0, 1]) {
        clock.at += WINDOW + 1
        expect(outcomeOf(await stores.sessions.rotate(attemptWith(tokenOf(session.sid, generation))))).toBe('rotated')
      }
      const reuse = await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 0)))
      expect(outcomeOf(reuse)).toBe('reused')
      expect(reuse?.session.endedAt).toBe(clock.at)
      const ended = await stores.sessions.find(session.sid)
      for (const generation of [0, 1, 2, 3]) {
        clock.at += WINDOW
        expect(await stores.sessions.rotate(attemptWith(tokenOf(session.sid, generation)))).toBe(undefined)
      }
      expect(await stores.sessions.find(session.sid)).toEqual(ended)
    })

    test('a parent is accepted at exactly the window and is reuse after it', async () => {
      for (const [late, outcome] of [
        [WINDOW, 'repeated'],
        [WINDOW + 1, 'reused'],
      ] as const) {
        const { stores, clock, addSession } = await createWorld(fresh())
        const session = await addSession()
        clock.at += WINDOW + 1
        await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 0)))
        clock.at += late
        expect(outcomeOf(await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 0))))).toBe(outcome)
      }
    })

    test('a duplicate of the last but one, up to a window after what replaced it, never ends the session', async () => {
      const { stores, clock, addSession } = await createWorld(fresh())
      const session = await addSession()
      clock.at += 10 * WINDOW
      await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 0)))
      const replacedAt = clock.at
      for (const late of [0, 1, 5 * SECOND, 20 * SECOND, WINDOW - 1, WINDOW]) {
        clock.at = replacedAt + late
        // The newer token is in use meanwhile, and does not push the older one out.
        expect(outcomeOf(await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 1))))).toBe('kept')
        expect(outcomeOf(await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 0))))).toBe('repeated')
      }
    })

    test('a commit that was 4 s late, whose answer was lost, is repeated 25 s after it', async () => {
      const { stores, clock, addSession } = await createWorld(fresh())
      const session = await addSession()
      clock.at += WINDOW + 1
      await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 0)))
      clock.at += 4 * SECOND + 25 * SECOND
      expect(outcomeOf(await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 0))))).toBe('repeated')
    })

    test('the circuit breaker: a generation may be repeated so often, and then it is reuse', async () => {
      const { stores, clock, addSession } = await createWorld(fresh())
      const session = await addSession()
      const attempt = attemptWith(tokenOf(session.sid, 0), { maxRepeats: 3 })
      clock.at += WINDOW + 1
      const outcomes: string[] = []
      for (let i = 0; i < 6; i++) outcomes.push(outcomeOf(await stores.sessions.rotate(attempt)))
      expect(outcomes).toEqual(['rotated', 'repeated', 'repeated', 'repeated', 'reused', 'refused'])
    })

    test('rotations in a row that had a repeat are counted, and one without begins anew', async () => {
      const { stores, clock, addSession } = await createWorld(fresh())
      const session = await addSession()
      const counted: (number | undefined)[] = []
      for (let generation = 0; generation < 4; generation++) {
        clock.at += WINDOW + 1
        const rotation = await stores.sessions.rotate(attemptWith(tokenOf(session.sid, generation)))
        counted.push(rotation?.session.repeatedRotations)
        if (generation < 2) await stores.sessions.rotate(attemptWith(tokenOf(session.sid, generation)))
      }
      expect(counted).toEqual([0, 1, 2, 0])
    })

    test('S-R03 21 at once: one rotation and one successor', async () => {
      const { stores, open, clock, addSession } = await createWorld(fresh())
      const session = await addSession()
      const hands = [stores, await open(), await open()]
      clock.at += WINDOW + 1
      const attempt = attemptWith(tokenOf(session.sid, 0))
      const rotations = await Promise.all(
        Array.from({ length: 21 }, async (_, i) => hands[i % hands.length]?.sessions.rotate(attempt)),
      )
      const outcomes = rotations.map(outcomeOf).sort()
      expect(outcomes).toEqual([...Array.from({ length: 20 }, () => 'repeated'), 'rotated'])
      for (const rotation of rotations) expect(rotation?.session.currentHash).toEqual(attempt.successorHash)
      expect((await stores.sessions.find(session.sid))?.generation).toBe(1)
    })

    test('two services with different active master keys seal the same bytes, and both holders can go on', async () => {
      const { stores, open, clock, addSession } = await createWorld(fresh())
      const other = await open()
      let session = await addSession()
      let token = tokenOf(session.sid, 0)
      for (let round = 0; round < 5; round++) {
        clock.at += WINDOW + 1
        const successorHash = hashOf(successorOf(token, 0)) // derived with the key of the token, on every service
        const [one, two] = await Promise.all([
          stores.sessions.rotate(attemptWith(token, { macKid: 1, successorHash })),
          other.sessions.rotate(attemptWith(token, { macKid: 2, successorHash })),
        ])
        expect([one, two].map(outcomeOf).sort()).toEqual(['repeated', 'rotated'])
        expect(one?.session.macKid).toBe(two?.session.macKid)
        session = one?.session ?? session
        token = successorOf(token, session.macKid)
      }
      expect(session.currentHash).toEqual(hashOf(token))
    })

    test('a row that lost its last rotation refuses the newer token without ending, and the older one converges', async () => {
      const { stores, clock, addSession } = await createWorld(fresh())
      const session = await addSession({ generation: 4 })
      clock.at += WINDOW + 1
      expect(await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 5)))).toBe(undefined)
      expect(await stores.sessions.find(session.sid)).toEqual(session)
      expect(outcomeOf(await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 4))))).toBe('rotated')
      expect(outcomeOf(await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 5))))).toBe('kept')
    })

    test('S-R07 idle and absolute age: alive to the last millisecond, and not at the instant', async () => {
      const ages = [{ idleExpiresAt: 1_800_000_100_000 }, { absoluteExpiresAt: 1_800_000_100_000 }]
      for (const members of ages) {
        const { stores, clock, addSession } = await createWorld(fresh())
        const session = await addSession(members)
        const attempt = attemptWith(tokenOf(session.sid, 0), { window: 200_000 })
        clock.at = 1_800_000_100_000 - 1
        expect(outcomeOf(await stores.sessions.rotate(attempt))).toBe('kept')
        clock.at += 1
        expect(await stores.sessions.rotate(attempt)).toBe(undefined)
        expect(await stores.sessions.find(session.sid)).toEqual(session)
      }
    })

    test('an unknown session is refused', async () => {
      const { stores, dice } = await createWorld(fresh())
      expect(await stores.sessions.rotate(attemptWith(tokenOf(dice.bytes(16), 0)))).toBe(undefined)
    })
  })

  describe('who presents it', () => {
    const cookie = { bind: BROWSER, transport: 'cookie' } as const
    const strangers = [
      ['another client', {}, { clientId: 'other' }],
      ['S-R12 a body token as a cookie', {}, { bind: BROWSER }],
      ['S-R12 a cookie token in a body', cookie, { bind: undefined }],
      ['another browser', cookie, { bind: OTHER_BROWSER }],
      ['another key', { dpopThumbprint: KEY }, { dpopThumbprint: OTHER_KEY }],
      ['no key for a bound session', { dpopThumbprint: KEY }, { dpopThumbprint: undefined }],
    ] as const

    for (const [name, members, stranger] of strangers) {
      test(`${name}: neither rotates nor ends, with the live token or an old one`, async () => {
        const { stores, clock, addSession } = await createWorld(fresh())
        const session = await addSession({ ...members, generation: 3 })
        const right = { bind: session.bind, dpopThumbprint: session.dpopThumbprint }
        clock.at += WINDOW + 1
        for (const generation of [3, 2, 1]) {
          const attempt = attemptWith(tokenOf(session.sid, generation), { ...right, ...stranger })
          expect(await stores.sessions.rotate(attempt)).toBe(undefined)
          expect(await stores.sessions.find(session.sid)).toEqual(session)
        }
        const control = await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 3), right))
        expect(outcomeOf(control)).toBe('rotated')
      })
    }

    test('a session bound to a key: its predecessor is good after 5 days, a grandparent never', async () => {
      const { stores, clock, addSession } = await createWorld(fresh())
      const session = await addSession({ dpopThumbprint: KEY })
      const present = async (generation: number): Promise<string> =>
        outcomeOf(await stores.sessions.rotate(attemptWith(tokenOf(session.sid, generation), { dpopThumbprint: KEY })))
      clock.at += WINDOW + 1
      expect(await present(0)).toBe('rotated')
      clock.at += 5 * DAY
      expect(await present(0)).toBe('repeated')
      expect(await present(1)).toBe('rotated')
      expect(await present(0)).toBe('reused')
    })

    test('a session bound to no key does not mind one', async () => {
      const { stores, addSession } = await createWorld(fresh())
      const session = await addSession()
      const attempt = attemptWith(tokenOf(session.sid, 0), { dpopThumbprint: KEY })
      expect(outcomeOf(await stores.sessions.rotate(attempt))).toBe('kept')
    })
  })
}
