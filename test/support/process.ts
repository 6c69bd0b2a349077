import { type ChildProcess, spawn } from 'node:child_process'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export const MAIN: string = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url))

/** A service in a process of its own, as `countersign serve` starts it. */
export interface ServiceProcess {
  readonly child: ChildProcess
  /** Where it listens; its issuer may be another. */
  readonly origin: string
  /** As `kill -9` does: nothing is finished, nothing is closed. Resolves when it is gone. */
  kill(): Promise<void>
  /** Asks it to end in order. @returns the exit status */
  stop(): Promise<number | null>
}

/**
 * Starts one and waits until it says that it is ready.
 *
 * @param settings `COUNTERSIGN_…` without the beginning: `{ PORT: '4000' }`
 */
export async function startService(
  folder: string,
  settings: Readonly<Record<string, string>> & { readonly PORT: string },
): Promise<ServiceProcess> {
  const variables = Object.entries({ DATA_DIR: folder, LOG_LEVEL: 'silent', ...settings })
  const child = spawn(process.execPath, ['--conditions=@countersign/source', MAIN, 'serve'], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      ...Object.fromEntries(variables.map(([name, value]) => [`COUNTERSIGN_${name}`, value])),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('Ctrl-C stops')) resolve()
    })
    void gone.then((status) => reject(new Error(`the service ended with ${status}`)))
  })
  return {
    child,
    origin: `http://127.0.0.1:${settings.PORT}`,
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
    async stop() {
      child.kill('SIGTERM')
      return await gone
    },
  }
}

/** Of the members whichever the answer has. */
export interface Answer {
  readonly status: number
  readonly body: {
    readonly refresh_token: string
    readonly access_token: string
    readonly session_id: string
    readonly code: string
  }
}

/**
 * A request to one of several processes of one issuer, as a balancer sends it: to the process's address, under the
 * issuer's host. With a body it is a POST, without one a GET.
 */
export function ask(origin: string, issuer: string, path: string, body?: object, token?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      host: new URL(issuer).host,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const sent = request(origin + path, { method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
      const { statusCode = 0 } = response
      const read = statusCode === 204 ? Promise.resolve({}) : json(response)
      read.then((value) => resolve({ status: statusCode, body: value as Answer['body'] }), reject)
    })
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
