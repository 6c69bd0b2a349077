import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const demo = fileURLToPath(new URL('../examples/demo/demo.ts', import.meta.url))
const args = ['--conditions=@countersign/source', demo]

test('npm run demo tells the life of a session in under 20 s and exits 0', async () => {
  const began = performance.now()
  const { stdout } = await promisify(execFile)(process.execPath, [...args, '--port=4300'])
  expect(performance.now() - began).toBeLessThan(20_000)
  for (const line of [
    /POST http:\/\/localhost:\d+\/auth\/login/,
    /GET http:\/\/localhost:\d+\/orders/,
    /www-authenticate: Bearer .*error="invalid_token"/,
    /POST http:\/\/localhost:\d+\/auth\/refresh\n/,
    /"code":"refresh_token_reused"/,
    /"code":"refresh_token_invalid"/,
    /POST http:\/\/localhost:\d+\/auth\/logout/,
    /All went as expected/,
  ])
    expect(stdout).toMatch(line)
  // What is printed shall teach, and open nothing.
  expect(stdout).not.toMatch(/csn_rt_\w{20}/)
  expect(stdout).not.toMatch(/eyJ[\w-]+\.eyJ/)
}, 30_000)

test('--keep leaves it running until it is interrupted, and nothing stays behind', async () => {
  const child = spawn(process.execPath, [...args, '--port=4330', '--keep'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  for await (const chunk of child.stdout) {
    output += String(chunk)
    if (output.includes('Still running')) break
  }
  const [client] = output.match(/http:\/\/localhost:\d+(?= {3}a program)/) ?? []
  expect((await fetch(`${client}/state`)).status).toBe(200)
  child.kill('SIGINT')
  const [status] = await once(child, 'exit')
  expect(status).toBe(0)
  await expect(fetch(`${client}/state`)).rejects.toThrow()
}, 40_000)
