import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import { listen } from '../../packages/server/src/http/listen.ts'

/** The process as its supervisor sees it: signals, exit codes, and what happens to requests under way. */
const MAIN = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url))
const LOGIN = JSON.stringify({ username: 'nobody', password: 'no such password' })

interface Running {
  readonly port: number
  readonly process: ChildProcess
  readonly exit: Promise<{ code: number | null; stderr: string }>
}

async function start(): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-process-'))
  const port = await freePort()
  const child = spawnService(folder, port)
  const exit = exitOf(child)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exit
    rmSync(folder, { recursive: true, force: true })
  })
  let greeting = ''
  await new Promise<void>((resolve, reject) => {
    void exit.then(({ code, stderr }) => reject(new Error(`ended with ${code}: ${stderr}`)))
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      greeting += text
      if (greeting.includes('Ctrl-C stops')) resolve()
    })
  })
  return { port, process: child, exit }
}

function spawnService(folder: string, port: number): ChildProcess {
  return spawn(process.execPath, ['--conditions=@countersign/source', MAIN, 'serve'], {
    cwd: folder,
    env: { PATH: process.env.PATH, COUNTERSIGN_PORT: String(port), COUNTERSIGN_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function exitOf(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })))
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

interface Half {
  readonly socket: Socket
  /** Everything that was heard until the connection was closed. */
  readonly closed: Promise<string>
}

/** A log-in of which the last byte has not been sent. */
async function halfLogin(port: number): Promise<Half> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.setEncoding('latin1').on('data', (text) => {
    heard += text
  })
  socket.on('error', () => undefined)
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(heard)))
  const head = `POST /auth/login HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\n`
  // `Expect` makes the other side say when it has begun.
  socket.write(`${head}Expect: 100-continue\r\nContent-Length: ${LOGIN.length}\r\n\r\n${LOGIN.slice(0, -1)}`)
  while (!heard.startsWith('HTTP/1.1 100 ')) await sleep(10)
  return { socket, closed }
}

async function untilRefused(port: number): Promise<void> {
  for (;;) {
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(false)
      })
      socket.on('error', () => resolve(true))
    })
    if (refused) return
    await sleep(10)
  }
}

test('SIGTERM: accepts no more, finishes what is under way, exits with 0 without waiting for idle connections', async () => {
  const service = await start()
  const idle = connect(service.port, '127.0.0.1')
  idle.on('error', () => undefined)
  const { socket, closed } = await halfLogin(service.port)
  service.process.kill('SIGTERM')
  await untilRefused(service.port)
  const stoppedAt = performance.now()
  socket.write(LOGIN.slice(-1))
  expect(await closed).toMatch(/HTTP\/1\.1 401 [\s\S]*credentials_invalid/)
  expect(await service.exit).toEqual({ code: 0, stderr: '' })
  expect(performance.now() - stoppedAt).toBeLessThan(3_000)
  idle.destroy()
})

test('a second signal exits at once with 130', async () => {
  const service = await start()
  const { closed } = await halfLogin(service.port)
  service.process.kill('SIGTERM')
  await untilRefused(service.port)
  const signalledAt = performance.now()
  service.process.kill('SIGINT')
  expect((await service.exit).code).toBe(130)
  expect(performance.now() - signalledAt).toBeLessThan(2_000)
  expect(await closed).not.toContain('HTTP/1.1 401')
})

test('a port that is taken: exit 1, and the setting to change', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const folder = mkdtempSync(join(tmpdir(), 'countersign-process-'))
  const { code, stderr } = await exitOf(spawnService(folder, port))
  expect(code).toBe(1)
  expect(stderr).toContain('COUNTERSIGN_PORT')
  expect(stderr).toContain(String(port))
  expect(stderr).not.toMatch(/\bat .*\(.*:[0-9]+:[0-9]+\)/)
  other.close()
  rmSync(folder, { recursive: true })
})

test('whoever never finishes is cut off when the grace is over', async () => {
  const listening = await listen(() => undefined, { host: '127.0.0.1', port: 0, timers: systemTimers })
  const socket = connect(listening.port, '127.0.0.1')
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write('GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await sleep(50)
  const startedAt = performance.now()
  await listening.close(300)
  await closed
  const took = performance.now() - startedAt
  expect(took).toBeGreaterThan(250)
  expect(took).toBeLessThan(2_000)
})
