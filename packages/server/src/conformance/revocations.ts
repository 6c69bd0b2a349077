import { encodeId, slotOf } from '../domain/ids.ts'
import { createWorld, DAY, idInSlot, SECOND } from './fixtures.ts'
import type { OpenStores, Runner } from './runner.ts'

/** 60 min, the longest life of an access token, and 360 s of clock error. */
const MEMORY = 3_960 * SECOND

/** An entry as it lies in the store. */
export interface RevocationRow {
  readonly slot: number
  readonly createdAt: number
  readonly kind: string
  readonly key: string
  readonly t: number
  readonly forgetAt: number
}

/** A new set of data, and a way to look at its revocation entries, in the order of their times and keys. */
export type FreshWithRevocations = () => {
  readonly open: OpenStores
  readonly revocations: () => Promise<readonly RevocationRow[]>
}

/** What the stores leave for a revocation feed. See `testSessionStore` for the other parameters. */
export function testRevocations(name: string, fresh: FreshWithRevocations, { describe, test, expect }: Runner): void {
  describe(`revocation entries: ${name}`, () => {
    test('the end of a session is told by its row alone; ending it again leaves an entry of its own', async () => {
      const { open, revocations } = fresh()
      const { stores, clock, addSession, dice } = await createWorld(open)
      const { sid } = await addSession()
      await stores.sessions.end(sid)
      await stores.sessions.end(idInSlot(4, dice))
      expect(await revocations()).toEqual([])
      clock.at += 10 * SECOND
      await stores.sessions.end(sid)
      const entry = { slot: slotOf(sid), createdAt: clock.at, kind: 's', key: encodeId(sid), t: clock.at }
      expect(await revocations()).toEqual([{ ...entry, forgetAt: clock.at + MEMORY }])
    })

    test('a session that is ended over and over leaves an entry a second, and none once its last token is over', async () => {
      const { open, revocations } = fresh()
      const { stores, clock, addSession } = await createWorld(open)
      const { sid } = await addSession()
      await stores.sessions.end(sid)
      const endedAt = clock.at
      const times: number[] = []
      for (let i = 0; i < 25; i++) {
        if (i % 10 === 0) times.push(clock.at)
        await stores.sessions.end(sid)
        clock.at += SECOND / 10
      }
      expect((await revocations()).map(({ createdAt }) => createdAt)).toEqual(times)
      clock.at = endedAt + MEMORY - 1
      await stores.sessions.end(sid)
      expect((await revocations()).length).toBe(times.length + 1)
      clock.at = endedAt + MEMORY
      await stores.sessions.end(sid)
      clock.at += SECOND
      await stores.sessions.end(sid)
      expect((await revocations()).length).toBe(times.length + 1)
    })

    test('what raises the version of an account leaves it in an entry; what does not, none', async () => {
      const { open, revocations } = fresh()
      const { stores, clock, addAccount } = await createWorld(open)
      const { id } = await addAccount()
      const credential = { passwordHash: '$2', oneTimeUntil: undefined, changedAt: clock.at }
      await stores.accounts.upgradeHash(id, '$hash$1', '$1')
      await stores.accounts.setCredential(id, 99, credential)
      await stores.accounts.change(id, { email: 'a@example.com' })
      expect(await revocations()).toEqual([])

      const acts: (() => Promise<unknown>)[] = [
        () => stores.sessions.endAll(id),
        () => stores.accounts.setCredential(id, 2, credential),
        () => stores.accounts.change(id, { roles: ['clerk'] }),
        () => stores.accounts.change(id, { disabled: true }),
      ]
      const expected: RevocationRow[] = []
      for (const [i, act] of acts.entries()) {
        clock.at += SECOND
        await act()
        const entry = { slot: slotOf(id), createdAt: clock.at, kind: 'u', key: encodeId(id), t: i + 2 }
        expected.push({ ...entry, forgetAt: clock.at + MEMORY })
      }
      expect(await revocations()).toEqual(expected)
      expect((await stores.accounts.find(id))?.ver).toBe(5)
    })

    test('two in one millisecond are one entry, of the higher version', async () => {
      const { open, revocations } = fresh()
      const { stores, addAccount } = await createWorld(open)
      const { id } = await addAccount()
      await stores.sessions.endAll(id)
      await stores.sessions.endAll(id)
      expect((await revocations()).map(({ t }) => t)).toEqual([3])
    })

    test('the sweep takes an entry once it may be forgotten, in its slots', async () => {
      const { open, revocations } = fresh()
      const { stores, clock, addAccount } = await createWorld(open)
      const { id } = await addAccount()
      await stores.sessions.endAll(id)
      const slot = slotOf(id)
      const forgetAt = clock.at + MEMORY
      await stores.sessions.sweep(forgetAt, { from: slot, to: slot }, 10)
      await stores.sessions.sweep(forgetAt + DAY, { from: slot + 1, to: slot + 3 }, 10)
      expect((await revocations()).length).toBe(1)
      await stores.sessions.sweep(forgetAt + 1, { from: slot, to: slot }, 10)
      expect(await revocations()).toEqual([])
    })
  })
}
