import type { AccountWithCredential, StoredAccount } from '../ports/account-store.ts'
import { createWorld, idInSlot, makeAccount, makeSession } from './fixtures.ts'
import type { FreshStores, Runner } from './runner.ts'

/** What every account store must do. See `testSessionStore` for the parameters. */
export function testAccountStore(name: string, fresh: FreshStores, { describe, test, expect }: Runner): void {
  describe(`account store: ${name}`, () => {
    test('an account is found by its id and by the mapped form of its name, whole', async () => {
      const { stores, dice, clock } = await createWorld(fresh())
      const account = makeAccount(dice, clock.at, {
        username: 'Zoë',
        email: 'zoe@example.com',
        emailVerified: true,
        roles: ['clerk', 'a role with "signs"'],
        disabledAt: clock.at,
        ver: 9,
        credential: { passwordHash: '$x', oneTimeUntil: clock.at + 5, changedAt: clock.at - 5 },
      })
      expect(await stores.accounts.insert(account, 'zoë')).toBe(true)
      expect(await stores.accounts.findByUsername('zoë')).toEqual(account)
      expect(await stores.accounts.findWithCredential(account.id)).toEqual(account)
      expect(await stores.accounts.find(account.id)).toEqual(withoutCredential(account))
    })

    test('nobody is found who is not there', async () => {
      const { stores, dice } = await createWorld(fresh())
      const id = idInSlot(5, dice)
      expect(await stores.accounts.findByUsername('nobody')).toBe(undefined)
      expect(await stores.accounts.find(id)).toBe(undefined)
      expect(await stores.accounts.findWithCredential(id)).toBe(undefined)
      expect(await stores.accounts.change(id, { disabled: true })).toEqual({ outcome: 'not_found' })
    })

    test('of many that take one name at once, one has it, and nothing is left of the others', async () => {
      const { stores, open, dice, clock } = await createWorld(fresh())
      const hands = [stores, await open(), await open()]
      const accounts = Array.from({ length: 12 }, () => makeAccount(dice, clock.at, { username: 'Alice' }))
      const added = await Promise.all(
        accounts.map(async (account, i) => hands[i % hands.length]?.accounts.insert(account, 'alice')),
      )
      expect(added.filter((won) => won === true).length).toBe(1)
      expect((await stores.accounts.findByUsername('alice'))?.id).toEqual(accounts[added.indexOf(true)]?.id)
      expect((await stores.accounts.list(undefined, 50)).length).toBe(1)
    })

    test('of many first administrators, one is made', async () => {
      const { stores, open, dice, clock } = await createWorld(fresh())
      const hands = [stores, await open(), await open()]
      const made = await Promise.all(
        Array.from({ length: 9 }, async (_, i) => {
          const account = makeAccount(dice, clock.at, { roles: ['admin'], username: `admin${i}` })
          return await hands[i % hands.length]?.accounts.insertFirstAdministrator(account, account.username)
        }),
      )
      expect(made.filter((won) => won === true).length).toBe(1)
      expect((await stores.accounts.list(undefined, 50)).length).toBe(1)
    })

    test('no first administrator where there is one by any other way, even a disabled one', async () => {
      for (const disabledAt of [undefined, 1]) {
        const { stores, dice, clock, addAccount } = await createWorld(fresh())
        await addAccount()
        await addAccount({ roles: ['clerk', 'admin'], disabledAt })
        const account = makeAccount(dice, clock.at, { roles: ['admin'] })
        expect(await stores.accounts.insertFirstAdministrator(account, 'admin')).toBe(false)
        expect(await stores.accounts.findByUsername('admin')).toBe(undefined)
      }
    })

    test('pages in the order of ids, each account once', async () => {
      const { stores, dice, addAccount } = await createWorld(fresh())
      const added: AccountWithCredential[] = []
      for (let i = 0; i < 11; i++) added.push(await addAccount({ id: idInSlot([3, 300, 301][i % 3] ?? 0, dice) }))
      const sorted = added.map(withoutCredential).sort((a, b) => Buffer.compare(a.id, b.id))
      const pages: StoredAccount[] = []
      for (let last: Uint8Array | undefined; ; last = pages.at(-1)?.id) {
        const page = await stores.accounts.list(last, 4)
        if (page.length === 0) break
        pages.push(...page)
      }
      expect(pages).toEqual(sorted)
    })

    describe('change', () => {
      test('an address changes alone: no version is raised and nobody is signed out', async () => {
        const { stores, addAccount, addSession } = await createWorld(fresh())
        const account = await addAccount({ email: 'a@example.com', emailVerified: true })
        const session = await addSession({ accountId: account.id })
        const changed = { ...withoutCredential(account), email: 'b@example.com', emailVerified: false }
        const answer = await stores.accounts.change(account.id, { email: 'b@example.com' })
        expect(answer).toEqual({ outcome: 'changed', account: changed, endedSessions: 0 })
        expect(await stores.accounts.find(account.id)).toEqual(changed)
        expect(await stores.sessions.list(account.id)).toEqual([session])
        await stores.accounts.change(account.id, { email: null })
        expect((await stores.accounts.find(account.id))?.email).toBe(undefined)
      })

      test('S-S06 disabling ends every session, raises the version and keeps log-ins out until enabled', async () => {
        const { stores, dice, clock, addAccount, addSession } = await createWorld(fresh())
        const account = await addAccount()
        await addSession({ accountId: account.id })
        await addSession({ accountId: account.id })
        const disabled = { ...withoutCredential(account), disabledAt: clock.at, ver: 2 }
        const answer = await stores.accounts.change(account.id, { disabled: true })
        expect(answer).toEqual({ outcome: 'changed', account: disabled, endedSessions: 2 })
        expect(await stores.accounts.find(account.id)).toEqual(disabled)
        expect(await stores.sessions.list(account.id)).toEqual([])
        const session = makeSession(dice, account.id, clock.at, { ver: 2 })
        expect(await stores.sessions.insert(session)).toBe(false)
        await stores.accounts.change(account.id, { disabled: false })
        expect(await stores.sessions.insert(session)).toBe(true)
      })

      test('S-D07 a change of roles raises the version, and the living sessions move along', async () => {
        const { stores, addAccount, addSession } = await createWorld(fresh())
        const account = await addAccount({ roles: ['clerk'] })
        const session = await addSession({ accountId: account.id })
        const ended = await addSession({ accountId: account.id })
        await stores.sessions.end(ended.sid)
        const answer = await stores.accounts.change(account.id, { roles: ['manager'] })
        const changed = { ...withoutCredential(account), roles: ['manager'], ver: 2 }
        expect(answer).toEqual({ outcome: 'changed', account: changed, endedSessions: 0 })
        expect(await stores.sessions.list(account.id)).toEqual([{ ...session, ver: 2 }])
        expect((await stores.sessions.find(ended.sid))?.ver).toBe(1)
      })

      test('S-D03 the last acting administrator is neither disabled nor demoted; another makes it possible', async () => {
        const { stores, addAccount } = await createWorld(fresh())
        const last = await addAccount({ roles: ['admin'] })
        await addAccount({ roles: ['admin'], disabledAt: 1 })
        await addAccount({ roles: ['clerk'] })
        for (const change of [{ disabled: true }, { roles: [] }, { roles: ['clerk'], email: 'a@example.com' }]) {
          expect(await stores.accounts.change(last.id, change)).toEqual({ outcome: 'last_administrator' })
          expect(await stores.accounts.find(last.id)).toEqual(withoutCredential(last))
        }
        expect((await stores.accounts.change(last.id, { roles: ['clerk', 'admin'] })).outcome).toBe('changed')
        await addAccount({ roles: ['admin'] })
        expect((await stores.accounts.change(last.id, { disabled: true })).outcome).toBe('changed')
      })

      test('administrators who demote each other at once: one remains', async () => {
        const { stores, open, addAccount } = await createWorld(fresh())
        const other = await open()
        const [one, two] = [await addAccount({ roles: ['admin'] }), await addAccount({ roles: ['admin'] })]
        const answers = await Promise.all([
          stores.accounts.change(one.id, { roles: [] }),
          other.accounts.change(two.id, { disabled: true }),
        ])
        expect(answers.map(({ outcome }) => outcome).sort()).toEqual(['changed', 'last_administrator'])
      })
    })

    describe('credential', () => {
      test('S-S07 a new password raises the version and ends every session', async () => {
        const { stores, clock, addAccount, addSession } = await createWorld(fresh())
        const account = await addAccount({ ver: 4 })
        const session = await addSession({ accountId: account.id, ver: 4 })
        const credential = { passwordHash: '$new', oneTimeUntil: clock.at + 9, changedAt: clock.at }
        expect(await stores.accounts.setCredential(account.id, 4, credential)).toBe(5)
        expect(await stores.accounts.findWithCredential(account.id)).toEqual({ ...account, ver: 5, credential })
        expect((await stores.sessions.find(session.sid))?.endedAt).toBe(clock.at)
      })

      test('nothing happens when the version is another, or there is no such account', async () => {
        const { stores, dice, addAccount, addSession, clock } = await createWorld(fresh())
        const account = await addAccount({ ver: 4 })
        const session = await addSession({ accountId: account.id, ver: 4 })
        const credential = { passwordHash: '$new', oneTimeUntil: undefined, changedAt: clock.at }
        expect(await stores.accounts.setCredential(account.id, 3, credential)).toBe(undefined)
        expect(await stores.accounts.setCredential(idInSlot(2, dice), 1, credential)).toBe(undefined)
        expect(await stores.accounts.findWithCredential(account.id)).toEqual(account)
        expect(await stores.sessions.list(account.id)).toEqual([session])
      })

      test('of two who set a password at once, one does', async () => {
        const { stores, open, clock, addAccount } = await createWorld(fresh())
        const account = await addAccount()
        const hands = [stores, await open()]
        const versions = await Promise.all(
          hands.map((hand, i) =>
            hand.accounts.setCredential(account.id, 1, {
              passwordHash: `$${i}`,
              oneTimeUntil: undefined,
              changedAt: clock.at,
            }),
          ),
        )
        expect(versions.filter((ver) => ver === 2).length).toBe(1)
        const winner = await stores.accounts.findWithCredential(account.id)
        expect(winner?.credential.passwordHash).toBe(`$${versions.indexOf(2)}`)
      })

      test('S-S07 a log-in in flight with the old password never survives the change', async () => {
        for (let round = 0; round < 20; round++) {
          const { stores, open, dice, clock, addAccount } = await createWorld(fresh(), round)
          const account = await addAccount()
          const other = await open()
          const credential = { passwordHash: '$new', oneTimeUntil: undefined, changedAt: clock.at }
          const acts: (() => Promise<unknown>)[] = Array.from({ length: 5 }, () => {
            const session = makeSession(dice, account.id, clock.at)
            return () => stores.sessions.insert(session)
          })
          acts.splice(dice.int(acts.length + 1), 0, () => other.accounts.setCredential(account.id, 1, credential))
          await Promise.all(acts.map((act) => act()))
          expect(await stores.sessions.list(account.id)).toEqual([])
        }
      })

      test('a hash is upgraded if it is still the one that was read, and nobody is signed out', async () => {
        const { stores, addAccount, addSession } = await createWorld(fresh())
        const account = await addAccount()
        const session = await addSession({ accountId: account.id })
        await stores.accounts.upgradeHash(account.id, '$another', '$stronger')
        expect(await stores.accounts.findWithCredential(account.id)).toEqual(account)
        await stores.accounts.upgradeHash(account.id, '$hash$1', '$stronger')
        const upgraded = { ...account, credential: { ...account.credential, passwordHash: '$stronger' } }
        expect(await stores.accounts.findWithCredential(account.id)).toEqual(upgraded)
        expect(await stores.sessions.list(account.id)).toEqual([session])
      })
    })
  })
}

function withoutCredential({ credential: _, ...account }: AccountWithCredential): StoredAccount {
  return account
}
