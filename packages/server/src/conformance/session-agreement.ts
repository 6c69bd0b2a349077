import { decideRotation } from '../domain/session.ts'
import type { Attempt, StoredSession } from '../ports/session-store.ts'
import {
  attemptWith,
  createWorld,
  type Dice,
  digest,
  hashOf,
  outcomeOf,
  SECOND,
  successorOf,
  type TestToken,
  tokenOf,
  WINDOW,
} from './fixtures.ts'
import type { FreshStores, Runner } from './runner.ts'

const SESSIONS = 120
const STEPS = 60

const BROWSER = digest(Uint8Array.of(1))
const KEY = Buffer.from(digest(Uint8Array.of(3))).toString('base64url')

const KINDS: readonly Partial<StoredSession>[] = [{}, { bind: BROWSER, transport: 'cookie' }, { dpopThumbprint: KEY }]

/** How time goes on between two presentations: often inside the window, at its very edge, and sometimes days. */
const STEPS_OF_TIME = [
  0,
  1,
  SECOND,
  WINDOW - 1,
  WINDOW,
  WINDOW + 1,
  WINDOW + 1,
  2 * WINDOW,
  5 * 86_400 * SECOND,
] as const

/** The decision exists twice, as a function and in the store. Both are asked the same, and must say the same. */
export function testAgreement(fresh: FreshStores, { describe, test, expect }: Runner): void {
  describe('agreement with decideRotation', () => {
    for (const seed of [11, 12]) {
      test(`${SESSIONS * STEPS} presentations of any token by anybody at any time (seed ${seed})`, async () => {
        const { stores, clock, dice, addSession } = await createWorld(fresh(), seed)
        const models = await Promise.all(
          Array.from({ length: SESSIONS }, async (_, i) => {
            const session = await addSession(KINDS[i % KINDS.length])
            return { session, tokens: [tokenOf(session.sid, 0)] }
          }),
        )
        const seen = new Map<string, number>()

        for (let step = 0; step < STEPS; step++) {
          clock.at += STEPS_OF_TIME[dice.int(STEPS_OF_TIME.length)] ?? 0
          const presented = models.map((model) => ({ model, attempt: drawAttempt(model, dice) }))
          const answers = await Promise.all(presented.map(({ attempt }) => stores.sessions.rotate(attempt)))

          for (const [i, { model, attempt }] of presented.entries()) {
            const expected = decideRotation(model.session, attempt, clock.at)
            expect(answers[i]).toEqual(expected)
            expect(await stores.sessions.find(model.session.sid)).toEqual(expected?.session ?? model.session)
            seen.set(outcomeOf(expected), (seen.get(outcomeOf(expected)) ?? 0) + 1)
            if (expected === undefined) continue
            model.session = expected.session
            if (expected.outcome === 'rotated') model.tokens.push(liveTokenOf(model))
          }
        }
        // Every answer came up, or the drawing is at fault and the test says nothing.
        expect([...seen.keys()].sort()).toEqual(['kept', 'refused', 'repeated', 'reused', 'rotated'])
      })
    }
  })
}

interface Model {
  session: StoredSession
  /** All tokens of the session by generation, the live one last. */
  readonly tokens: TestToken[]
}

function liveTokenOf({ session, tokens }: Model): TestToken {
  const before = tokens.at(-1)
  if (before === undefined) throw new Error('a session has at least one token')
  return successorOf(before, session.macKid)
}

/** Mostly the live token of its own client; sometimes an older one, one ahead, a forged one, or a stranger. */
function drawAttempt(model: Model, dice: Dice): Attempt {
  const { session, tokens } = model
  const ages = [0, 0, 0, 0, 1, 1, 1, 2, 3, -1] as const
  const age = ages[dice.int(ages.length)] ?? 0
  const token = age < 0 ? liveTokenOf(model) : (tokens.at(-1 - age) ?? tokens.at(-1))
  if (token === undefined) throw new Error('a session has at least one token')

  const isStranger = dice.int(12) === 0
  const isForged = dice.int(60) === 0
  return attemptWith(token, {
    clientId: isStranger ? 'other' : session.clientId,
    macKid: 1 + dice.int(2),
    presentedHash: isForged ? digest(dice.bytes(8)) : hashOf(token),
    successorHash: hashOf(successorOf(token, 0)),
    bind: dice.int(20) === 0 ? digest(dice.bytes(1)) : session.bind,
    dpopThumbprint: dice.int(20) === 0 ? undefined : session.dpopThumbprint,
    maxRepeats: 2,
  })
}
