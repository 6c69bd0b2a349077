import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url))

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

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
