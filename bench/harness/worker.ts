/** The process of one contender: nobody shares its inline caches, its heap or its garbage. It speaks to its parent by IPC. */
import type { Answer, Request, Sample, Stand } from './stand.ts'

const state: { stand?: Stand } = {}

process.on('message', async (request: Request) => {
  const answer: Answer = await serve(request).then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
  process.send?.(answer)
  if (request.kind === 'close') process.disconnect()
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit())

async function serve(request: Request): Promise<unknown> {
  switch (request.kind) {
    case 'open': {
      const { open } = await import(request.module)
      state.stand = (await open(request.setup)) as Stand
      return undefined
    }
    case 'batch':
      return timed(request.name, request.count)
    case 'call': {
      const call = state.stand?.calls?.[request.name]
      if (call === undefined) throw new TypeError(`there is no call ${request.name}`)
      return await call(request.argument as never)
    }
    case 'cpu':
      return cpuTime()
    case 'close':
      return await state.stand?.close?.()
  }
}

async function timed(name: string, count: number): Promise<Sample> {
  const one = state.stand?.cases[name]
  if (one === undefined) throw new TypeError(`there is no case ${name}`)
  await one.prepare?.(count)
  const cpu = cpuTime()
  const wall = performance.now()
  const running = one.run(count)
  if (running !== undefined) await running
  const sample = { wall: (performance.now() - wall) * 1000, cpu: cpuTime() - cpu }
  await one.finish?.()
  return sample
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
