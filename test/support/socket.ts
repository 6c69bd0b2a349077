import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What came back over a raw connection. */
export interface RawAnswer {
  /** Everything that was received. */
  readonly text: string
  /** The statuses of the answers, in order; 0 for what is no HTTP. */
  readonly statuses: readonly number[]
  /** True when the other side closed. */
  readonly closed: boolean
}

/**
 * Sends these bytes as they are and waits until the other side closes, or until nothing more has come for `patience`
 * milliseconds after the first answer.
 */
export async function sendRaw(port: number, bytes: string | Uint8Array, patience = 50): Promise<RawAnswer> {
  const socket = connect({ port, host: '127.0.0.1' })
  const received: Buffer[] = []
  let lastAt = 0
  let closed = false
  socket.on('data', (part) => {
    received.push(part)
    lastAt = performance.now()
  })
  socket.on('close', () => {
    closed = true
  })
  // A reset is a way of closing.
  socket.on('error', () => undefined)
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  const until = performance.now() + 8_000
  while (!closed && performance.now() < until && !(lastAt > 0 && performance.now() - lastAt > patience)) await sleep(5)
  const text = Buffer.concat(received).toString('latin1')
  const result = { text, statuses: statusesOf(text), closed }
  socket.destroy()
  return result
}

/** The code of the problem in a raw answer. */
export function codeIn({ text }: RawAnswer): string | undefined {
  return /"code":"([a-z_]+)"/.exec(text)?.[1]
}

function statusesOf(text: string): readonly number[] {
  return [...text.matchAll(/(?:^|\r\n\r\n|\})HTTP\/1\.1 ([0-9]{3}) /g)].map(([, status]) => Number(status))
}
