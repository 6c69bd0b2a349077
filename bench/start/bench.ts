import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Bench, Row } from '../harness/report.ts'
import { median, quantile, rounded } from '../harness/statistics.ts'

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const DIST = fromRoot('packages/server/dist/main.js')
const SOURCE = fromRoot('packages/server/src/main.ts')
const BARE = `require('node:http').createServer((_, answer) => answer.end('{}')).listen(process.env.COUNTERSIGN_PORT)`

/** How each is started. The first is what `npm start` runs once the packages are built. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  dist: ['--max-semi-space-size=2', DIST, 'serve'],
  source: ['--conditions=@countersign/source', SOURCE, 'serve'],
  'bare node:http': ['--max-semi-space-size=2', '--eval', BARE],
}

const READY_WITHIN = 20_000

/** Milliseconds, and megabytes of 10⁶ bytes. */
interface Start {
  readonly first: number
  readonly again: number
  readonly memory: number
}

/** From nothing to the first answer, on an empty folder and on one with data, and the memory of the process at rest. */
export const start: Bench = {
  doc: 'time to the first answer and idle memory, from dist as npm start runs it, from source, and of bare node:http',
  async run({ quick }) {
    if (!existsSync(DIST)) throw new Error('there is no build; make one by: npm run build')
    const found = new Map<string, Start[]>(Object.keys(WAYS).map((way) => [way, []]))
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      for (const [way, args] of Object.entries(WAYS)) found.get(way)?.push(await startTwice(args, quick ? 100 : 2_000))
    }
    const rows = [
      rowOf('ready on an empty folder', 'ms', ({ first }) => first),
      rowOf('ready on its data', 'ms', ({ again }) => again),
      rowOf('resident memory at rest', 'MB', ({ memory }) => memory),
    ]
    // What could not be measured is no row.
    return rows.filter(({ median }) => !Number.isNaN(median))

    function rowOf(name: string, unit: string, pick: (start: Start) => number): Row {
      const [ours = [], ...theirs] = [...found.values()].map((starts) => starts.map(pick))
      const peers = Object.keys(WAYS).slice(1)
      const ratios = peers.map((peer, i) => [
        peer,
        rounded(median((theirs[i] ?? []).map((value, round) => value / (ours[round] ?? value)))),
      ])
      return {
        case: name,
        unit,
        median: rounded(median(ours)),
        quartiles: [rounded(quantile(ours, 0.25)), rounded(quantile(ours, 0.75))],
        ratios: Object.fromEntries(ratios),
        better: 'lower',
      }
    }
  },
}

async function startTwice(args: readonly string[], rest: number): Promise<Start> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-start-'))
  try {
    // The data belongs to one issuer, and so to one port.
    const port = await freePort()
    const first = await startOnce(args, folder, port)
    await stop(first.child)
    const again = await startOnce(args, folder, port)
    await sleep(rest)
    const memory = residentMemory(again.child)
    await stop(again.child)
    return { first: first.milliseconds, again: again.milliseconds, memory }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function startOnce(args: readonly string[], folder: string, port: number) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(COUNTERSIGN|NODE)_/.test(name))
  const env = { ...Object.fromEntries(inherited), COUNTERSIGN_PORT: String(port) }
  const started = performance.now()
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: 'ignore' })
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`)
    if (performance.now() - started > READY_WITHIN) {
      child.kill('SIGKILL')
      throw new Error('the service was not ready in time')
    }
    await sleep(2)
  }
  return { child, milliseconds: performance.now() - started }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: '/health/ready',
      headers: { host: `localhost:${port}` },
      agent: false,
    }
    request(options, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode === 200))
    })
      .once('error', () => resolve(false))
      .end()
  })
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}

/** As Linux tells it, in MB. Elsewhere unknown. */
function residentMemory({ pid }: ChildProcess): number {
  if (process.platform !== 'linux') return Number.NaN
  const [, kilobytes = 'NaN'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (Number(kilobytes) * 1024) / 1e6
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
