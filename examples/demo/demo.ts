/**
 * `npm run demo`: the life of a session against real processes. It starts the service, an example API behind the verifier
 * and an example client, on ports 4000 to 4002 or the next free ones, with a temporary data folder, access tokens of 3 s
 * and a refresh window of 1 s; prints each request and answer; and exits 0 if all went as expected, else 1.
 *
 *     npm run demo
 *     npm run demo -- --keep      leaves the three running until Ctrl-C
 *     npm run demo -- --port=5000 takes the first free ports from there
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createProcesses, freePorts } from './processes.ts'
import { type Addresses, tellStory, Unexpected } from './story.ts'

const { values } = parseArgs({ options: { keep: { type: 'boolean' }, port: { type: 'string', default: '4000' } } })
const folder = mkdtempSync(join(tmpdir(), 'countersign-demo-'))
const processes = createProcesses(folder)
const interrupted = Promise.withResolvers<'interrupted'>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.resolve('interrupted'))

const outcome = await Promise.race([run().catch(told), interrupted.promise])
if (outcome === 0 && values.keep) {
  printKept()
  await interrupted.promise
}
await processes.stop()
rmSync(folder, { recursive: true, force: true })
process.exit(outcome === 'interrupted' ? 130 : outcome)

/** Resolves to the exit status. */
async function run(): Promise<number> {
  const began = performance.now()
  await tellStory(await start())
  console.log(`\nAll went as expected, in ${((performance.now() - began) / 1000).toFixed(1)} s.`)
  return 0
}

async function start(): Promise<Addresses> {
  const [service, api, client] = (await freePorts(Number(values.port), 3)).map((port) => `http://localhost:${port}`)
  if (!service || !api || !client) throw new Unexpected('three free ports: there are none')
  const portOf = (address: string): string => new URL(address).port
  await processes.start(
    'service',
    [sourceOf('../../packages/server/src/main.ts'), 'serve'],
    {
      COUNTERSIGN_ISSUER: service,
      COUNTERSIGN_PORT: portOf(service),
      COUNTERSIGN_AUDIENCE: api,
      COUNTERSIGN_DATA_DIR: join(folder, 'data'),
      COUNTERSIGN_ACCESS_TOKEN_LIFETIME: '3s',
      COUNTERSIGN_REFRESH_GRACE: '1s',
    },
    `http://127.0.0.1:${portOf(service)}/health/ready`,
  )
  await Promise.all([
    processes.start(
      'api',
      [sourceOf('../api/api.ts')],
      { ISSUER: service, AUDIENCE: api, PORT: portOf(api) },
      `${api}/health`,
    ),
    processes.start(
      'client',
      [sourceOf('../client/client.ts')],
      { ISSUER: service, API: api, PORT: portOf(client) },
      `${client}/state`,
    ),
  ])
  console.log('Three processes are running:')
  console.log(`  the service         ${service}   access tokens of 3 s, a refresh window of 1 s`)
  console.log(`  an example API      ${api}   behind @countersign/verifier`)
  console.log(`  an example client   ${client}   a program with @countersign/client`)
  return { service, api, client }
}

function sourceOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

function printKept(): void {
  console.log('\nStill running; Ctrl-C stops. See the addresses above and examples/README.md for what to try.')
}

function told(error: unknown): number {
  console.error(`\n${error instanceof Unexpected ? `Not as expected: ${error.message}` : String(error)}`)
  return 1
}
