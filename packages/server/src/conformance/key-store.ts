import type { StoredKey } from '../ports/key-store.ts'
import { createWorld } from './fixtures.ts'
import type { FreshStores, Runner } from './runner.ts'

const FIRST: StoredKey = {
  kid: 'kid-b',
  purpose: 'access',
  alg: 'ES256',
  epoch: 10,
  rev: 0,
  publicJwk: '{"kty":"EC"}',
  wrapped: Uint8Array.of(1, 2, 3),
  publishAt: 1_000,
  activateAt: 2_000,
  revokedAt: undefined,
}

/** What every key store must do. See `testSessionStore` for the parameters. */
export function testKeyStore(name: string, fresh: FreshStores, { describe, test, expect }: Runner): void {
  describe(`key store: ${name}`, () => {
    test('keys come back whole, in the order in which they are published, then of their ids', async () => {
      const { stores } = await createWorld(fresh())
      const secret: StoredKey = { ...FIRST, kid: 'kid-a', purpose: 'access:api', alg: 'HS256', publicJwk: undefined }
      const later: StoredKey = { ...FIRST, kid: 'kid-0', epoch: 11, publishAt: 1_001, revokedAt: 5 }
      expect(await stores.keys.list()).toEqual([])
      for (const key of [later, FIRST, secret]) expect(await stores.keys.insert(key)).toBe(true)
      expect(await stores.keys.list()).toEqual([secret, FIRST, later])
    })

    test('of many that add a key for one place, one does', async () => {
      const { stores, open } = await createWorld(fresh())
      const hands = [stores, await open(), await open()]
      const added = await Promise.all(
        Array.from({ length: 9 }, async (_, i) => hands[i % 3]?.keys.insert({ ...FIRST, kid: `kid-${i}` })),
      )
      expect(added.filter((won) => won === true).length).toBe(1)
      expect((await stores.keys.list()).map(({ kid }) => kid)).toEqual([`kid-${added.indexOf(true)}`])
    })

    test('another purpose, algorithm, epoch or revision is another place; one id is one key', async () => {
      const { stores } = await createWorld(fresh())
      const others: Partial<StoredKey>[] = [{}, { purpose: 'access:x' }, { alg: 'EdDSA' }, { epoch: 11 }, { rev: 1 }]
      for (const [i, members] of others.entries()) {
        expect(await stores.keys.insert({ ...FIRST, kid: `kid-${i}`, ...members })).toBe(true)
      }
      expect(await stores.keys.insert({ ...FIRST, kid: 'kid-0', epoch: 99 })).toBe(false)
      expect((await stores.keys.list()).length).toBe(5)
    })

    test('activation by many: one moves the key and adds the successor', async () => {
      const { stores, open } = await createWorld(fresh())
      const hands = [stores, await open(), await open()]
      await stores.keys.insert(FIRST)
      const activated = await Promise.all(
        hands.map((hand, i) =>
          hand.keys.activate(FIRST.kid, 2_000, 1_500, { ...FIRST, kid: `next-${i}`, epoch: 11, publishAt: 1_500 }),
        ),
      )
      expect(activated.filter((won) => won).length).toBe(1)
      const winner = activated.indexOf(true)
      expect(await stores.keys.list()).toEqual([
        { ...FIRST, activateAt: 1_500 },
        { ...FIRST, kid: `next-${winner}`, epoch: 11, publishAt: 1_500 },
      ])
      expect(await stores.keys.activate('unknown', 2_000, 1_500, { ...FIRST, kid: 'x', epoch: 12 })).toBe(false)
    })

    test('a successor that another service has published already stands', async () => {
      const { stores } = await createWorld(fresh())
      const there: StoredKey = { ...FIRST, kid: 'there', epoch: 11, publishAt: 1_400 }
      await stores.keys.insert(FIRST)
      await stores.keys.insert(there)
      expect(await stores.keys.activate(FIRST.kid, 2_000, 1_500, { ...there, kid: 'mine' })).toBe(true)
      expect(await stores.keys.list()).toEqual([{ ...FIRST, activateAt: 1_500 }, there])
    })

    test('a sealed form is replaced if it is still the one that was read', async () => {
      const { stores } = await createWorld(fresh())
      await stores.keys.insert(FIRST)
      expect(await stores.keys.rewrap(FIRST.kid, Uint8Array.of(9), Uint8Array.of(4))).toBe(false)
      expect(await stores.keys.rewrap(FIRST.kid, Uint8Array.of(1, 2, 3), Uint8Array.of(4))).toBe(true)
      expect(await stores.keys.list()).toEqual([{ ...FIRST, wrapped: Uint8Array.of(4) }])
      expect(await stores.keys.rewrap('unknown', Uint8Array.of(4), Uint8Array.of(5))).toBe(false)
    })

    test('a removed key is gone, and no other', async () => {
      const { stores } = await createWorld(fresh())
      await stores.keys.insert(FIRST)
      await stores.keys.insert({ ...FIRST, kid: 'other', epoch: 11 })
      await stores.keys.remove(FIRST.kid)
      expect((await stores.keys.list()).map(({ kid }) => kid)).toEqual(['other'])
    })
  })
}
