import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** Sends header lines just as they are given, so that one can come twice. */
export async function send(url: string, lines: readonly (readonly [string, string])[] = []): Promise<Answer> {
  const { host } = new URL(url)
  const outgoing = request(url, { headers: ['host', host, ...lines.flat()] })
  outgoing.end()
  const [incoming]: [IncomingMessage] = await once(outgoing, 'response').then(([message]) => [message])
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, text: await text(incoming) }
}

export const bearer = (url: string, token: string): Promise<Answer> => send(url, [['authorization', `Bearer ${token}`]])

/** The status line for a header that is too long for the server, which hangs up while we are still writing. */
export async function statusOfFlood(url: string, token: string): Promise<number> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.on('error', () => undefined)
  socket.write(`GET /me HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\nauthorization: Bearer ${token}\r\n\r\n`)
  // Not `once`, which rejects on the reset that may follow the answer.
  await new Promise((resolve) => socket.on('close', resolve))
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
}
