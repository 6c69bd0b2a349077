/** The process that sends requests, so that what it costs is not charged to the one that answers them. */
import { Agent, request as startRequest } from 'node:http'
import type { Stand } from './stand.ts'

export interface Order {
  readonly port: number
  readonly requests: readonly OrderedRequest[]
  /** How many to send: the requests in turn, from the first one again after the last. */
  readonly count: number
  readonly inFlight: number
  /** Milliseconds between two starts; 0 sends the next as soon as one is answered. */
  readonly interval?: number
  /** Milliseconds after which no more are sent. */
  readonly until?: number
}

export interface OrderedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Delivery {
  readonly status: number
  readonly body: string
  /** From the start of the request to the end of its answer, in milliseconds. */
  readonly milliseconds: number
}

export function open(): Stand {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  return {
    cases: {},
    calls: {
      send: (order: Order) => send(order, agent),
    },
    close: () => agent.destroy(),
  }
}

/** @returns the deliveries in the order in which the requests were started */
async function send(
  { port, requests, count, inFlight, interval = 0, until }: Order,
  agent: Agent,
): Promise<Delivery[]> {
  const deliveries: Delivery[] = []
  const started = performance.now()
  let next = 0

  async function work(): Promise<void> {
    while (next < count && (until === undefined || performance.now() - started < until)) {
      const place = next++
      const due = started + place * interval
      if (interval > 0) await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
      const one = requests[place % requests.length]
      if (one !== undefined) deliveries[place] = await deliver(one, port, agent)
    }
  }

  await Promise.all(Array.from({ length: inFlight }, work))
  return deliveries
}

function deliver({ method, path, headers, body }: OrderedRequest, port: number, agent: Agent): Promise<Delivery> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const outgoing = startRequest(
      { host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, agent },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.once('error', reject)
        response.once('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(parts).toString('utf8'),
            milliseconds: performance.now() - started,
          })
        })
      },
    )
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}
