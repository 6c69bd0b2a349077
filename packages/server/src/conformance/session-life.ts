import { attemptWith, createWorld, DAY, idInSlot, makeSession, outcomeOf, tokenOf, WINDOW } from './fixtures.ts'
import type { FreshStores, Runner } from './runner.ts'

/** How sessions begin, are seen and end. */
export function testSessionLife(fresh: FreshStores, { describe, test, expect }: Runner): void {
  describe('log-in', () => {
    test('a session of an enabled account with the same version is added, whole', async () => {
      const { stores, addAccount, dice, clock } = await createWorld(fresh())
      const account = await addAccount()
      const session = makeSession(dice, account.id, clock.at, {
        bind: dice.bytes(32),
        transport: 'cookie',
        dpopThumbprint: Buffer.from(dice.bytes(32)).toString('base64url'),
        userAgent: undefined,
        address: undefined,
        repeats: 4,
        repeatedRotations: 2,
      })
      expect(await stores.sessions.insert(session)).toBe(true)
      expect(await stores.sessions.find(session.sid)).toEqual(session)
    })

    test('not for an unknown account, an older or newer version, or a disabled account', async () => {
      const { stores, addAccount, dice, clock } = await createWorld(fresh())
      const account = await addAccount({ ver: 5 })
      const disabled = await addAccount({ disabledAt: clock.at })
      const refused = [
        makeSession(dice, idInSlot(7, dice), clock.at),
        makeSession(dice, account.id, clock.at, { ver: 4 }),
        makeSession(dice, account.id, clock.at, { ver: 6 }),
        makeSession(dice, disabled.id, clock.at),
      ]
      for (const session of refused) {
        expect(await stores.sessions.insert(session)).toBe(false)
        expect(await stores.sessions.find(session.sid)).toBe(undefined)
      }
      expect(await stores.sessions.insert(makeSession(dice, account.id, clock.at, { ver: 5 }))).toBe(true)
    })

    test('in flight while every session ends: either it ended with them, or it was never added', async () => {
      for (let round = 0; round < 20; round++) {
        const { stores, open, addAccount, dice, clock } = await createWorld(fresh(), round)
        const account = await addAccount()
        const other = await open()
        const sessions = Array.from({ length: 5 }, () => makeSession(dice, account.id, clock.at))
        const acts: (() => Promise<unknown>)[] = sessions.map((session) => () => stores.sessions.insert(session))
        acts.splice(dice.int(acts.length + 1), 0, () => other.sessions.endAll(account.id))
        await Promise.all(acts.map((act) => act()))
        expect(await stores.sessions.list(account.id)).toEqual([])
      }
    })
  })

  describe('list', () => {
    test('the living sessions of this account, the newest first', async () => {
      const { stores, addAccount, addSession, clock } = await createWorld(fresh())
      const account = await addAccount()
      const first = await addSession({ accountId: account.id })
      clock.at += 1_000
      const second = await addSession({ accountId: account.id })
      const idle = await addSession({ accountId: account.id, idleExpiresAt: clock.at + 1_000 })
      const over = await addSession({ accountId: account.id, absoluteExpiresAt: clock.at + 1_000 })
      const ended = await addSession({ accountId: account.id })
      await addSession()
      await stores.sessions.end(ended.sid)
      expect((await stores.sessions.list(account.id)).length).toBe(4)
      clock.at += 1_000
      expect(await stores.sessions.list(account.id)).toEqual([second, first])
      expect([idle, over].map(({ endedAt }) => endedAt)).toEqual([undefined, undefined])
    })
  })

  describe('the end', () => {
    test('ending gives the row as it was, and no token of it is good again', async () => {
      const { stores, addSession, clock } = await createWorld(fresh())
      const session = await addSession()
      clock.at += WINDOW + 1
      expect(await stores.sessions.end(session.sid)).toEqual(session)
      expect(await stores.sessions.find(session.sid)).toEqual({ ...session, endedAt: clock.at })
      expect(await stores.sessions.rotate(attemptWith(tokenOf(session.sid, 0)))).toBe(undefined)
    })

    test('ending it again keeps the first time; ending what never was gives nothing', async () => {
      const { stores, addSession, clock, dice } = await createWorld(fresh())
      const session = await addSession()
      await stores.sessions.end(session.sid)
      const ended = { ...session, endedAt: clock.at }
      clock.at += 5_000
      expect(await stores.sessions.end(session.sid)).toEqual(ended)
      expect(await stores.sessions.find(session.sid)).toEqual(ended)
      expect(await stores.sessions.end(idInSlot(9, dice))).toBe(undefined)
    })

    test('S-S05 logging out everywhere ends all of the account, raises its version, and touches nobody else', async () => {
      const { stores, addAccount, addSession, clock, dice } = await createWorld(fresh())
      const account = await addAccount({ ver: 3 })
      const mine = [
        await addSession({ accountId: account.id, ver: 3 }),
        await addSession({ accountId: account.id, ver: 3 }),
      ]
      const slotMate = await addAccount({ id: idInSlot(((account.id[0] ?? 0) << 8) | (account.id[1] ?? 0), dice) })
      const others = await addSession({ accountId: slotMate.id })
      clock.at += WINDOW + 1
      expect(await stores.sessions.endAll(account.id)).toBe(2)
      expect((await stores.accounts.find(account.id))?.ver).toBe(4)
      for (const { sid } of mine) expect((await stores.sessions.find(sid))?.endedAt).toBe(clock.at)
      expect(outcomeOf(await stores.sessions.rotate(attemptWith(tokenOf(others.sid, 0))))).toBe('rotated')
      expect((await stores.accounts.find(slotMate.id))?.ver).toBe(1)
      expect(await stores.sessions.endAll(account.id)).toBe(0)
      expect(await stores.sessions.endAll(idInSlot(3, dice))).toBe(0)
    })
  })

  describe('the sweep', () => {
    test('takes what was over before the margin, in its slots, so many at a time, and leaves the rest', async () => {
      const { stores, addAccount, addSession, clock, dice } = await createWorld(fresh())
      const inside = await addAccount({ id: idInSlot(100, dice) })
      const outside = await addAccount({ id: idInSlot(200, dice) })
      const soon = clock.at + 1_000
      const living = await addSession({ accountId: inside.id })
      const elsewhere = await addSession({ accountId: outside.id, idleExpiresAt: soon })
      const idle = await addSession({ accountId: inside.id, idleExpiresAt: soon })
      const over = await addSession({ accountId: inside.id, absoluteExpiresAt: soon })
      const ended = await addSession({ accountId: inside.id })
      await stores.sessions.end(ended.sid)
      clock.at += DAY
      const justEnded = await addSession({ accountId: inside.id })
      await stores.sessions.end(justEnded.sid)

      const before = clock.at - DAY / 2
      expect(await stores.sessions.sweep(before, { from: 90, to: 110 }, 2)).toBe(2)
      expect(await stores.sessions.sweep(before, { from: 90, to: 110 }, 2)).toBe(1)
      expect(await stores.sessions.sweep(before, { from: 90, to: 110 }, 2)).toBe(0)
      for (const { sid } of [idle, over, ended]) expect(await stores.sessions.find(sid)).toBe(undefined)
      for (const { sid } of [living, elsewhere, justEnded]) {
        expect((await stores.sessions.find(sid))?.sid).toEqual(sid)
      }
    })
  })
}
