import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { generateSigningKey } from '@countersign/jwt'
import { afterAll, expect, test } from 'vitest'
import { ROOT } from '../../tools/source.ts'
import { AUDIENCE, startIssuer } from './issuer.ts'
import { type Answer, bearer, send } from './send.ts'

/** The programs of the README, by the guard that they use. */
const PROGRAMS = [
  ...readFileSync(join(ROOT, 'packages/verifier/README.md'), 'utf8').matchAll(/```js\n(import .+?)```/gs),
]
  .map(([, program = '']) => program)
  .map((program) => [/verifier\/(\w+)'/.exec(program)?.[1] ?? '', program] as const)

const key = await generateSigningKey('ES256')
const issuer = await startIssuer(key)
// Below the workspace, where the packages are found.
const cache = join(ROOT, 'node_modules/.cache')
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, 'readme-'))
const running: ChildProcess[] = []
afterAll(async () => {
  for (const child of running) child.kill()
  await issuer.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('there is a program for every guard', () => {
  expect(PROGRAMS.map(([name]) => name)).toEqual(['express', 'fastify', 'hono', 'node', 'web'])
})

test.each(PROGRAMS)('the program for %s runs as it stands', async (name, program) => {
  const port = await freePort()
  const [theIssuer, theAudience] = ["issuer: 'http://localhost:4000'", "audience: 'http://localhost:4000'"]
  for (const place of [theIssuer, theAudience, '3000']) expect(program).toContain(place)
  const file = join(folder, `${name}.mjs`)
  writeFileSync(
    file,
    program
      .replace(theIssuer, `issuer: '${issuer.url}'`)
      .replace(theAudience, `audience: '${AUDIENCE}'`)
      .replace('3000', String(port)),
  )
  const child = spawn(process.execPath, ['--conditions=@countersign/source', file], { stdio: 'inherit' })
  running.push(child)

  const url = `http://localhost:${port}`
  let answer: Answer | undefined
  await expect
    .poll(
      async () => {
        answer = await send(`${url}/me`).catch(() => undefined)
        return answer?.status
      },
      { timeout: 15_000, interval: 100 },
    )
    .toBe(401)
  expect(answer?.headers['www-authenticate']).toBe('Bearer realm="api"')
  const me = await bearer(`${url}/me`, issuer.sign(key))
  expect([me.status, JSON.parse(me.text)]).toEqual([200, { subject: 'alice' }])
  expect((await bearer(`${url}/orders`, issuer.sign(key))).status).toBe(403)
  const orders = await bearer(`${url}/orders`, issuer.sign(key, { scope: 'orders:read' }))
  expect([orders.status, JSON.parse(orders.text)]).toEqual([200, { orders: [] }])
})
