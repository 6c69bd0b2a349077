import { type Contender, openContender, withContenders } from '../harness/contender.ts'
import type { Delivery, Order, OrderedRequest } from '../harness/load.ts'
import type { Bench, Row } from '../harness/report.ts'
import { compareCpu, type Pace } from '../harness/rounds.ts'
import { quantile, rounded } from '../harness/statistics.ts'
import type { LoginSetup } from './countersign.ts'

const FULL: Pace = { rounds: 11, turn: 250, warmUp: 500 }
const QUICK: Pace = { rounds: 1, turn: 1, warmUp: 1 }
const CLIENTS = 50
const HOST = 'localhost:4000'

/** What a log-in costs, and what a storm of them does to those who refresh meanwhile. */
export const login: Bench = {
  doc: 'a log-in beside argon2id alone, and the latency of refreshes while 50 clients log in without a pause',
  async run({ quick }) {
    const setup: LoginSetup = quick ? { accounts: 2, sessionsEach: 8 } : { accounts: CLIENTS, sessionsEach: 5 }
    const open = (file: string, given: unknown) => () => openContender(new URL(file, import.meta.url), given)
    const contenders = {
      countersign: open('./countersign.ts', setup),
      argon2id: open('./argon2id.ts', null),
      storm: open('../harness/load.ts', null),
      probe: open('../harness/load.ts', null),
    }
    return withContenders(contenders, async (all) => [
      await loginCost(all.countersign, all.argon2id, quick ? QUICK : FULL),
      ...(await refreshesInStorm(all, quick ? { phases: 1, length: 300 } : { phases: 4, length: 4_000 })),
    ])
  },
}

function loginCost(countersign: Contender, argon2id: Contender, pace: Pace): Promise<Row> {
  const hash = (name: string) => ({
    name: `${name} alone`,
    measure: (count: number) => argon2id.batch(name, count),
  })
  const ours = { name: 'countersign', measure: (count: number) => countersign.batch('login', count) }
  return compareCpu('log-in, one at a time', [ours, hash('@node-rs/argon2'), hash('node:crypto')], pace)
}

/** Phases without and with the storm take turns, so that both meet the same noise. */
async function refreshesInStorm(
  { countersign, storm, probe }: Readonly<Record<'countersign' | 'storm' | 'probe', Contender>>,
  { phases, length }: { readonly phases: number; readonly length: number },
): Promise<readonly Row[]> {
  const port = await countersign.call<number>('listen')
  const usernames = await countersign.call<string[]>('usernames')
  const logins = usernames.map((username) => post('/auth/login', { username, password: PASSWORD, transport: 'body' }))
  const quiet: number[] = []
  const stormy: number[] = []
  const rates: number[] = []

  for (let phase = 0; phase < phases; phase++) {
    quiet.push(...(await probeRefreshes()))
    const began = performance.now()
    const storming = storm.call<Delivery[]>('send', orderOf(logins, CLIENTS, { until: length }))
    stormy.push(...(await probeRefreshes()))
    const done = await storming
    const seconds = (performance.now() - began) / 1000
    refuseFailures(done, [200, 503])
    rates.push(done.filter(({ status }) => status === 200).length / seconds)
  }

  const rowOf = (name: string, part: number): Row => ({
    case: `refresh ${name}, ${CLIENTS} clients logging in`,
    unit: 'ms',
    median: rounded(quantile(stormy, part)),
    ratios: { quiet: rounded(quantile(quiet, part) / quantile(stormy, part)) },
    better: 'lower',
  })
  return [
    rowOf('p50', 0.5),
    rowOf('p99', 0.99),
    rowOf('slowest', 1),
    { case: 'log-ins in the storm', unit: '/s', median: rounded(quantile(rates, 0.5)), ratios: {}, better: 'higher' },
  ]

  /** Fifty refreshes a second, each of another session, each a rotation. */
  async function probeRefreshes(): Promise<number[]> {
    await countersign.call('age')
    const tokens = await countersign.call<string[]>('tokens')
    const requests = tokens.map((token) => post('/auth/refresh', { refresh_token: token }))
    const order = orderOf(requests, 8, { interval: 20, until: length, count: tokens.length })
    const deliveries = await probe.call<Delivery[]>('send', { ...order, port })
    refuseFailures(deliveries, [200])
    await countersign.call(
      'keep',
      deliveries.map(({ body }) => body),
    )
    return deliveries.map(({ milliseconds }) => milliseconds)
  }

  function orderOf(
    requests: readonly OrderedRequest[],
    inFlight: number,
    { interval = 0, until, count = 100_000 }: { interval?: number; until: number; count?: number },
  ): Order {
    return { port, requests, count, inFlight, interval, until }
  }
}

function refuseFailures(deliveries: readonly Delivery[], allowed: readonly number[]): void {
  const wrong = deliveries.find(({ status }) => !allowed.includes(status))
  if (wrong !== undefined) throw new Error(`a request was answered with ${wrong.status}`)
}

const PASSWORD = 'seven purple lanterns drift'

function post(path: string, body: object): OrderedRequest {
  const headers = { host: HOST, 'content-type': 'application/json', 'user-agent': 'bench' }
  return { method: 'POST', path, headers, body: JSON.stringify(body) }
}
