import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Answer, Request, Sample } from './stand.ts'

/** A contender in a process of its own. One request at a time. */
export interface Contender {
  batch(name: string, count: number): Promise<Sample>
  call<Result>(name: string, argument?: unknown): Promise<Result>
  /** CPU time of its process since its start, in microseconds. */
  cpu(): Promise<number>
  close(): Promise<void>
}

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))

/**
 * Starts a contender.
 *
 * @param module where its `open` is
 * @param setup plain JSON
 * @param pinned puts it on the last processor, where `taskset` exists: batches that follow each other then meet the same
 * caches and the same clock rate
 */
export async function openContender(
  module: URL,
  setup: unknown,
  { pinned = false }: { readonly pinned?: boolean } = {},
): Promise<Contender> {
  const command = [
    process.execPath,
    '--conditions=@countersign/source',
    '--disable-warning=ExperimentalWarning',
    WORKER,
  ]
  const [program = '', ...args] =
    pinned && hasTaskset() ? ['taskset', '-c', String(cpus().length - 1), ...command] : command
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'ignore', 'ipc'] })
  const gone = once(child, 'exit')

  async function ask<Result>(request: Request): Promise<Result> {
    const answered = once(child, 'message')
    child.send(request)
    const [answer] = (await Promise.race([answered, gone.then(() => [ENDED])])) as [Answer]
    if (!answer.ok) throw new Error(answer.error)
    return answer.value as Result
  }

  try {
    await ask({ kind: 'open', module: module.href, setup })
  } catch (error) {
    end(child)
    throw error
  }
  return {
    batch: (name, count) => ask({ kind: 'batch', name, count }),
    call: (name, argument) => ask({ kind: 'call', name, argument }),
    cpu: () => ask({ kind: 'cpu' }),
    async close() {
      await ask({ kind: 'close' }).catch(() => end(child))
      await gone
    },
  }
}

const ENDED: Answer = { ok: false, error: 'the process of a contender ended' }

function end(child: ChildProcess): void {
  child.kill('SIGKILL')
}

function hasTaskset(): boolean {
  return process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0
}

/** Opens all of them, hands them on, and closes them however it ends. */
export async function withContenders<Names extends string, Result>(
  openers: Readonly<Record<Names, () => Promise<Contender>>>,
  use: (contenders: Readonly<Record<Names, Contender>>) => Promise<Result>,
): Promise<Result> {
  const opened: Partial<Record<Names, Contender>> = {}
  try {
    for (const name of Object.keys(openers) as Names[]) opened[name] = await openers[name]()
    return await use(opened as Record<Names, Contender>)
  } finally {
    await Promise.all((Object.values(opened) as Contender[]).map((one) => one.close()))
  }
}
