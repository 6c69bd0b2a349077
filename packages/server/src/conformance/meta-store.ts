import { createWorld } from './fixtures.ts'
import type { FreshStores, Runner } from './runner.ts'

/** What every meta store must do. See `testSessionStore` for the parameters. */
export function testMetaStore(name: string, fresh: FreshStores, { describe, test, expect }: Runner): void {
  describe(`meta store: ${name}`, () => {
    test('a fact is absent until it is set, and then the last one stands', async () => {
      const { stores, open } = await createWorld(fresh())
      expect(await stores.meta.get('issuer')).toBe(undefined)
      await stores.meta.set('issuer', 'a')
      await stores.meta.set('issuer', 'b')
      await stores.meta.set('other', 'c')
      expect(await (await open()).meta.get('issuer')).toBe('b')
    })

    test('of many that set it once, all are told the one that stands', async () => {
      const { stores, open } = await createWorld(fresh())
      const hands = [stores, await open(), await open()]
      const told = await Promise.all(
        Array.from({ length: 9 }, async (_, i) => hands[i % 3]?.meta.setOnce('issuer', `value ${i}`)),
      )
      const stands = await stores.meta.get('issuer')
      expect(told).toEqual(told.map(() => stands))
      expect(await stores.meta.setOnce('issuer', 'late')).toBe(stands)
    })
  })
}
