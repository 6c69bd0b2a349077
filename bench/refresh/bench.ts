import { type Contender, openContender, withContenders } from '../harness/contender.ts'
import type { Delivery, Order } from '../harness/load.ts'
import type { Bench, Row } from '../harness/report.ts'
import { compareCpu, type Pace, type Subject } from '../harness/rounds.ts'
import type { Sample } from '../harness/stand.ts'
import type { RefreshSetup } from './countersign.ts'

const FULL: Pace = { rounds: 21, turn: 60, warmUp: 1_000, most: 512 }
const QUICK: Pace = { rounds: 2, turn: 2, warmUp: 1, most: 32 }
const BESIDE_FLOOR = ['rotated, one at a time', 'rotated, 32 at once', 'junk refused, 32 at once'] as const
const ALONE = ['kept, 32 at once', 'repeated, 32 at once'] as const

/** The whole endpoint, first as a function, then over a socket with the load made by another process. */
export const refresh: Bench = {
  doc: 'the refresh endpoint on SQLite, beside bare node:http and node:sqlite that do the same update',
  async run({ quick }) {
    const pace = quick ? QUICK : FULL
    const setup: RefreshSetup = { sessions: quick ? 64 : 2_048 }
    const open = (file: string) => () => openContender(new URL(file, import.meta.url), setup)
    const contenders = {
      countersign: open('./countersign.ts'),
      floor: open('./floor.ts'),
      load: open('../harness/load.ts'),
    }
    return withContenders(contenders, async ({ countersign, floor, load }) => {
      const rows: Row[] = []
      for (const name of BESIDE_FLOOR) {
        rows.push(
          await compareCpu(name, [batches('countersign', countersign, name), batches('floor', floor, name)], pace),
        )
      }
      for (const name of ALONE) rows.push(await compareCpu(name, [batches('countersign', countersign, name)], pace))
      const ours = await overSocket('countersign', countersign, load)
      const theirs = await overSocket('floor', floor, load)
      rows.push(await compareCpu('rotated over a socket, 32 connections', [ours, theirs], pace))
      return rows
    })
  },
}

function batches(name: string, contender: Contender, caseName: string): Subject {
  return { name, measure: (count) => contender.batch(caseName, count) }
}

/** Rotates sessions over a real socket, each once in a turn, and charges only the process that answers. */
async function overSocket(name: string, server: Contender, load: Contender): Promise<Subject> {
  const port = await server.call<number>('listen')
  const live = await server.call<string[]>('tokens')
  let next = 0

  async function measure(count: number): Promise<Sample> {
    await server.call('age')
    const places = Array.from({ length: count }, () => next++ % live.length)
    const requests = places.map((place) => ({
      method: 'POST',
      path: '/auth/refresh',
      headers: { host: 'localhost:4000', 'content-type': 'application/json', 'user-agent': 'bench' },
      body: JSON.stringify({ refresh_token: live[place] }),
    }))
    const order: Order = { port, requests, count, inFlight: 32 }
    const cpu = await server.cpu()
    const wall = performance.now()
    const deliveries = await load.call<Delivery[]>('send', order)
    const sample = { wall: (performance.now() - wall) * 1000, cpu: (await server.cpu()) - cpu }
    for (const [i, place] of places.entries()) live[place] = rotatedToken(deliveries[i], live[place])
    return sample
  }
  return { name, measure }
}

function rotatedToken(delivery: Delivery | undefined, old: string | undefined): string {
  if (delivery?.status !== 200) throw new Error(`a refresh was answered with ${delivery?.status}`)
  const { refresh_token: token } = JSON.parse(delivery.body) as { readonly refresh_token: string }
  if (token === old) throw new Error('a session did not rotate')
  return token
}
