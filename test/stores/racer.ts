import { createSqlStores } from '../../packages/server/src/adapters/sql/stores.ts'
import { openSqlite } from '../../packages/server/src/adapters/sqlite/open.ts'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import {
  attemptWith,
  createDice,
  makeAccount,
  outcomeOf,
  tokenOf,
} from '../../packages/server/src/conformance/fixtures.ts'
import type { Stores } from '../../packages/server/src/ports/stores.ts'
import { chainOf, type Round, sidOf } from './round.ts'

/**
 * One of several processes that do the same thing at the same time on one database file. It is told of each round over
 * the channel to its parent, and answers with the word that its store gave.
 */
const [path = '', name = ''] = process.argv.slice(2)
const dice = createDice(Number(name))
const clock = { at: 0 }
const now = (): number => clock.at

const open = async (file: string): Promise<{ stores: Stores; close(): Promise<void> }> => {
  const driver = await openSqlite({ path: file, now, timers: systemTimers })
  return { stores: createSqlStores(driver, now), close: () => driver.close() }
}
const { stores } = await open(path)

const ACTS: Readonly<Record<Round['act'], (round: number) => Promise<string>>> = {
  async rotate(round) {
    return outcomeOf(await stores.sessions.rotate(attemptWith(tokenOf(sidOf(round), 0), { macKid: Number(name) })))
  },
  async account(round) {
    return String(await stores.accounts.insert(makeAccount(dice, clock.at), `name ${round}`))
  },
  async audit() {
    const { sequence } = await stores.audit.append(chainOf(`by process ${name}`))
    return String(sequence)
  },
  // A file of its own in each round: the processes also race for making it.
  async administrator(round) {
    const fresh = await open(`${path}.${round}`)
    const account = makeAccount(dice, clock.at, { roles: ['admin'] })
    const made = await fresh.stores.accounts.insertFirstAdministrator(account, account.username)
    await fresh.close()
    return String(made)
  },
}

process.on('message', async ({ act, round, at }: Round) => {
  clock.at = at
  process.send?.(await ACTS[act](round))
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
