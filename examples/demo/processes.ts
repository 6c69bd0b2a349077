import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Real processes, of this same Node, that end with the demo. */
export interface Processes {
  /** Starts one and resolves when its health address answers 200. */
  start(name: string, args: readonly string[], env: Readonly<Record<string, string>>, health: string): Promise<void>
  /** Ends all of them. */
  stop(): Promise<void>
}

const READY_WITHIN = 10_000
const STOP_WITHIN = 3_000

/** @param folder where each process works and writes its log */
export function createProcesses(folder: string): Processes {
  const children = new Set<ChildProcess>()
  return {
    async start(name, args, env, health) {
      const log = join(folder, `${name}.log`)
      const out = openSync(log, 'w')
      const child = spawn(process.execPath, ['--conditions=@countersign/source', ...args], {
        cwd: folder,
        env: { ...inherited(), ...env },
        stdio: ['ignore', out, out],
      })
      closeSync(out)
      children.add(child)
      child.once('exit', () => children.delete(child))
      await answers(child, health).catch((error: Error) => {
        throw new Error(`${name} ${error.message}. Its log:\n${readFileSync(log, 'utf8').slice(-2000)}`)
      })
    },
    async stop() {
      await Promise.all([...children].map(end))
    },
  }
}

/** The first ports from `first` on that nobody listens at. */
export async function freePorts(first: number, count: number): Promise<number[]> {
  const ports: number[] = []
  for (let port = first; ports.length < count && port < 65_536; port++) if (await isFree(port)) ports.push(port)
  return ports
}

/** On all addresses of this machine: `localhost` may mean either family. */
async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer().listen(port, host)
    const taken = await Promise.race([
      once(server, 'listening').then(() => false),
      once(server, 'error').then(([error]: Error[]) => (error as NodeJS.ErrnoException).code === 'EADDRINUSE'),
    ]).catch(() => true)
    server.close()
    if (taken) return false
  }
  return true
}

/** Settings of the reader's own service must not reach the demo's. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COUNTERSIGN_')))
}

async function answers(child: ChildProcess, health: string): Promise<void> {
  const until = Date.now() + READY_WITHIN
  while (Date.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('did not start')
    const ok = await fetch(health).then(
      (response) => response.ok,
      () => false,
    )
    if (ok) return
    await sleep(50)
  }
  throw new Error('was not ready in time')
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const late = sleep(STOP_WITHIN, undefined, { ref: false }).then(() => child.kill('SIGKILL'))
  await Promise.race([exit, late])
}
