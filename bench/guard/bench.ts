import { randomBytes } from 'node:crypto'
import { createSigner, exportJwk, generateSigningKey } from '@countersign/jwt'
import { type Contender, openContender, withContenders } from '../harness/contender.ts'
import type { Delivery, Order } from '../harness/load.ts'
import type { Bench, Row } from '../harness/report.ts'
import { compareCpu, type Pace, type Subject } from '../harness/rounds.ts'
import { AUDIENCE, type GuardSetup, ISSUER, SCOPE } from './setup.ts'

const FULL: Pace = { rounds: 15, turn: 60, warmUp: 600, most: 2_048 }
const QUICK: Pace = { rounds: 2, turn: 2, warmUp: 1, most: 32 }

/** A guarded endpoint over a socket: one server a process, the load made by another, ES256, a scope demanded. */
export const guard: Bench = {
  doc: 'an endpoint behind the guards for Hono and Express, beside the bare one and guards made with other libraries',
  async run({ quick }) {
    const { publicJwk, tokens } = await createTokens(quick ? 16 : 512)
    const open = (file: string, kind: string) => () =>
      openContender(new URL(file, import.meta.url), { kind, publicJwk } satisfies GuardSetup)
    const contenders = {
      load: open('../harness/load.ts', ''),
      'hono countersign': open('./hono.ts', 'countersign'),
      'hono bare': open('./hono.ts', 'bare'),
      'hono hono/jwt': open('./hono.ts', 'hono/jwt'),
      'express countersign': open('./express.ts', 'countersign'),
      'express bare': open('./express.ts', 'bare'),
      'express jsonwebtoken': open('./express.ts', 'jsonwebtoken'),
      'express jose': open('./express.ts', 'jose'),
    }
    return withContenders(contenders, async ({ load, ...servers }) => {
      const ports = new Map<string, number>()
      for (const [name, server] of Object.entries(servers)) ports.set(name, await server.call<number>('listen'))
      const rows: Row[] = []
      for (const framework of ['hono', 'express']) {
        const [ours, ...theirs] = Object.entries(servers).filter(([name]) => name.startsWith(`${framework} `))
        if (ours === undefined) continue
        for (const [mode, sent] of [
          ['the same token', tokens.slice(0, 1)],
          [`${tokens.length} tokens`, tokens],
        ] as const) {
          const subject = ([name, server]: [string, Contender]): Subject => ({
            name: name.slice(framework.length + 1),
            measure: (count) => serve(server, load, { ...orderOf(sent, count), port: ports.get(name) ?? 0 }),
          })
          rows.push(
            await compareCpu(`${framework}, ${mode}`, [subject(ours), ...theirs.map(subject)], quick ? QUICK : FULL),
          )
        }
      }
      return rows
    })
  },
}

async function serve(server: Contender, load: Contender, order: Order) {
  const cpu = await server.cpu()
  const wall = performance.now()
  const deliveries = await load.call<Delivery[]>('send', order)
  const sample = { wall: (performance.now() - wall) * 1000, cpu: (await server.cpu()) - cpu }
  const refused = deliveries.find(({ status }) => status !== 200)
  if (refused !== undefined) throw new Error(`a request was answered with ${refused.status}`)
  return sample
}

function orderOf(tokens: readonly string[], count: number): Omit<Order, 'port'> {
  const requests = tokens.map((token) => ({
    method: 'GET',
    path: '/orders',
    headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'bench' },
  }))
  return { requests, count, inFlight: 32 }
}

async function createTokens(count: number) {
  const key = await generateSigningKey('ES256')
  const { sign } = createSigner({ key, issuer: ISSUER, audience: AUDIENCE, lifetime: 3_600 })
  const id = () => randomBytes(16).toString('base64url')
  const tokens = Array.from({ length: count }, () =>
    sign({ sub: id(), client_id: 'first-party', scope: `${SCOPE} profile:read`, roles: ['clerk'], sid: id(), ver: 1 }),
  )
  const { kid = '', ...jwk } = exportJwk(key)
  return { tokens, publicJwk: { ...jwk, kid, alg: 'ES256' } as GuardSetup['publicJwk'] }
}
