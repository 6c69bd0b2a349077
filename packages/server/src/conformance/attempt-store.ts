import type { AttemptStore } from '../ports/attempt-store.ts'
import { createDice } from './fixtures.ts'
import type { Runner } from './runner.ts'

const POLICY = { free: 5, firstDelay: 1_000, maxDelay: 900_000 }

/**
 * What every attempt store must do.
 *
 * @param fresh makes a store without a memory, with `mono` (milliseconds) in place of its clock
 */
export function testAttemptStore(
  name: string,
  fresh: (mono: () => number) => Promise<AttemptStore>,
  { describe, test, expect }: Runner,
): void {
  const create = async (): Promise<{ attempts: AttemptStore; clock: { at: number } }> => {
    const clock = { at: 5_000_000.25 }
    return { attempts: await fresh(() => clock.at), clock }
  }

  describe(`attempt store: ${name}`, () => {
    describe('rates', () => {
      const limits = [{ key: 'ip', limit: { limit: 20, period: 60_000 } }]

      test('a hundred at once: as many as the limit pass, and are told when to come again', async () => {
        const { attempts, clock } = await create()
        const answers = await Promise.all(Array.from({ length: 100 }, () => attempts.take(limits)))
        expect(answers.filter(({ allowed }) => allowed).length).toBe(20)
        expect(answers.at(-1)).toEqual({ allowed: false, retryAfter: 3 })
        clock.at += 2_999
        expect((await attempts.take(limits)).allowed).toBe(false)
        clock.at += 1
        expect(await attempts.take(limits)).toEqual({ allowed: true, retryAfter: 0 })
        expect((await attempts.take(limits)).allowed).toBe(false)
        clock.at += 60_000
        const later = await Promise.all(Array.from({ length: 100 }, () => attempts.take(limits)))
        expect(later.filter(({ allowed }) => allowed).length).toBe(20)
      })

      test('in no period more than the burst and what the period allows pass, however they come', async () => {
        const { attempts, clock } = await create()
        const dice = createDice(5)
        const passed: number[] = []
        for (let i = 0; i < 3_000; i++) {
          clock.at += dice.int(2_000)
          if ((await attempts.take(limits)).allowed) passed.push(clock.at)
        }
        // A burst, then one every 3 s: from any start on, never more than 20 + time / 3 s (GCRA).
        for (const [i, at] of passed.entries()) {
          const last = passed[i + 20]
          if (last !== undefined) expect(last - at >= 3_000 - 1).toBe(true)
        }
        const rate = passed.length / ((clock.at - 5_000_000) / 3_000)
        expect(rate > 0.95 && rate < 1.05).toBe(true)
      })

      test('a refused one counts against none of its limits, and keys do not touch each other', async () => {
        const { attempts } = await create()
        const narrow = { key: 'narrow', limit: { limit: 1, period: 60_000 } }
        const wide = { key: 'wide', limit: { limit: 3, period: 60_000 } }
        expect((await attempts.take([narrow, wide])).allowed).toBe(true)
        for (let i = 0; i < 5; i++) {
          expect(await attempts.take([narrow, wide])).toEqual({ allowed: false, retryAfter: 60 })
        }
        const rest = [await attempts.take([wide]), await attempts.take([wide]), await attempts.take([wide])]
        expect(rest.map(({ allowed }) => allowed)).toEqual([true, true, false])
      })
    })

    describe('failures', () => {
      test('a hundred checks at once: the free ones pass', async () => {
        const { attempts } = await create()
        const answers = await Promise.all(Array.from({ length: 100 }, () => attempts.claim('alice', POLICY)))
        expect(answers.filter(({ allowed }) => allowed).length).toBe(5)
        expect(answers.at(-1)).toEqual({ allowed: false, retryAfter: 1 })
      })

      test('then the delay doubles up to its longest, and knocking meanwhile changes nothing', async () => {
        const { attempts, clock } = await create()
        for (let i = 0; i < 5; i++) await attempts.claim('alice', POLICY)
        for (const delay of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
          expect(await attempts.claim('alice', POLICY)).toEqual({ allowed: false, retryAfter: delay })
          clock.at += delay * 1_000 - 1
          expect(await attempts.claim('alice', POLICY)).toEqual({ allowed: false, retryAfter: 1 })
          clock.at += 1
          expect(await attempts.claim('alice', POLICY)).toEqual({ allowed: true, retryAfter: 0 })
        }
        expect((await attempts.claim('bob', POLICY)).allowed).toBe(true)
      })

      test('the right password forgets them', async () => {
        const { attempts } = await create()
        for (let i = 0; i < 5; i++) await attempts.claim('alice', POLICY)
        expect((await attempts.claim('alice', POLICY)).allowed).toBe(false)
        await attempts.clear('alice')
        const answers = await Promise.all(Array.from({ length: 9 }, () => attempts.claim('alice', POLICY)))
        expect(answers.filter(({ allowed }) => allowed).length).toBe(5)
      })

      test('a check that could not be made is given back, once', async () => {
        const { attempts, clock } = await create()
        for (let i = 0; i < 5; i++) await attempts.claim('alice', POLICY)
        await attempts.release('alice')
        expect((await attempts.claim('alice', POLICY)).allowed).toBe(true)
        expect(await attempts.claim('alice', POLICY)).toEqual({ allowed: false, retryAfter: 1 })
        clock.at += 1_000
        expect((await attempts.claim('alice', POLICY)).allowed).toBe(true)
        expect(await attempts.claim('alice', POLICY)).toEqual({ allowed: false, retryAfter: 2 })
        await attempts.release('nobody')
        expect((await attempts.claim('nobody', POLICY)).allowed).toBe(true)
        await attempts.release('nobody')
        expect((await attempts.claim('nobody', POLICY)).allowed).toBe(true)
      })
    })
  })
}
