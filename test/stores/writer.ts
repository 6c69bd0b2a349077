import { createSqlStores } from '../../packages/server/src/adapters/sql/stores.ts'
import { openSqlite } from '../../packages/server/src/adapters/sqlite/open.ts'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import { attemptWith, tokenOf, WINDOW } from '../../packages/server/src/conformance/fixtures.ts'
import { chainOf, sidOf } from './round.ts'

/**
 * Rotates, ends and records without pause until it is killed, and tells its parent of each answer it got. Whatever it
 * told must be found afterwards.
 */
const [path = '', first = '0', at = '0'] = process.argv.slice(2)
const clock = { at: Number(at) }
const now = (): number => clock.at
const driver = await openSqlite({ path, now, timers: systemTimers })
const { sessions, audit } = createSqlStores(driver, now)

/** Each lane has a session of its own, so that several callers share a commit. */
async function lane(number: number): Promise<never> {
  const sid = sidOf(number)
  for (;;) {
    const generation = (await sessions.find(sid))?.generation ?? 0
    clock.at += WINDOW + 1
    const rotation = await sessions.rotate(attemptWith(tokenOf(sid, generation), { window: 0 }))
    if (rotation?.outcome === 'rotated') process.send?.({ lane: number, generation: rotation.session.generation })
    const { sequence } = await audit.append(chainOf(`lane ${number}`))
    process.send?.({ sequence })
  }
}

async function endOne(): Promise<void> {
  const sid = sidOf(Number(first) + 4)
  await sessions.end(sid)
  process.send?.({ ended: Number(first) + 4 })
}

await Promise.all([lane(0), lane(1), lane(2), lane(3), endOne()])
