import type { AuditEntry, Chain } from '../ports/audit-log.ts'
import { createWorld, digest } from './fixtures.ts'
import type { FreshStores, Runner } from './runner.ts'

/** A chain in the manner of the real one: each entry names the one before by a hash. */
function chainOf(text: string, personal?: string): Chain {
  return (previous, at) => ({
    sequence: (previous?.sequence ?? 0) + 1,
    at,
    body: text,
    personal,
    macKid: 1,
    mac: macOf(previous, text),
  })
}

function macOf(previous: AuditEntry | undefined, text: string): Uint8Array {
  return digest(previous?.mac ?? new Uint8Array(32), Buffer.from(text))
}

/** What every audit log must do. See `testSessionStore` for the parameters. */
export function testAuditLog(name: string, fresh: FreshStores, { describe, test, expect }: Runner): void {
  describe(`audit log: ${name}`, () => {
    test('an entry is appended at the time of the store, and comes back whole', async () => {
      const { stores, clock } = await createWorld(fresh())
      const first = await stores.audit.append(chainOf('{"a":1}', '{"address":"192.0.2.1"}'))
      clock.at += 7
      const second = await stores.audit.append(chainOf('{"a":2}'))
      expect([first.sequence, second.sequence, second.at]).toEqual([1, 2, clock.at])
      expect(second.mac).toEqual(macOf(first, '{"a":2}'))
      expect(await stores.audit.read(1, 10)).toEqual([first, second])
    })

    test('S-A05 racing appends make one order without a fork or a gap', async () => {
      const { stores, open } = await createWorld(fresh())
      const hands = [stores, await open(), await open()]
      const appended = await Promise.all(
        Array.from({ length: 120 }, async (_, i) => hands[i % 3]?.audit.append(chainOf(`entry ${i}`))),
      )
      const entries = await stores.audit.read(1, 500)
      expect(entries.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1))
      for (const [i, entry] of entries.entries()) expect(entry.mac).toEqual(macOf(entries[i - 1], entry.body))
      // Everybody was told the place that the entry really has.
      for (const entry of appended) expect(entries[(entry?.sequence ?? 0) - 1]).toEqual(entry)
    })

    test('an entry that cannot be made is not appended, and the next one is', async () => {
      const { stores } = await createWorld(fresh())
      await stores.audit.append(chainOf('one'))
      const failed = stores.audit.append(() => {
        throw new RangeError('no key')
      })
      expect(await failed.catch((error: unknown) => error instanceof RangeError)).toBe(true)
      const next = await stores.audit.append(chainOf('two'))
      expect(next.sequence).toBe(2)
    })

    test('read goes upward from a place; latest goes downward, before a place', async () => {
      const { stores } = await createWorld(fresh())
      expect(await stores.audit.latest(5)).toEqual([])
      for (let i = 1; i <= 9; i++) await stores.audit.append(chainOf(`entry ${i}`))
      const places = async (entries: Promise<readonly AuditEntry[]>): Promise<number[]> =>
        (await entries).map(({ sequence }) => sequence)
      expect(await places(stores.audit.read(4, 3))).toEqual([4, 5, 6])
      expect(await places(stores.audit.read(8, 100))).toEqual([8, 9])
      expect(await places(stores.audit.read(10, 100))).toEqual([])
      expect(await places(stores.audit.latest(3))).toEqual([9, 8, 7])
      expect(await places(stores.audit.latest(3, 7))).toEqual([6, 5, 4])
      expect(await places(stores.audit.latest(5, 3))).toEqual([2, 1])
    })
  })
}
