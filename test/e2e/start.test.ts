import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createCountersign } from '@countersign/server'
import { expect, onTestFinished, test } from 'vitest'
import { MAIN } from '../support/process.ts'

const ISSUER = 'http://localhost:4000'

/** Runs `countersign serve` where it cannot listen. */
async function serve(variables: Record<string, string>): Promise<{ status: number; out: string; err: string }> {
  const cwd = mkdtempSync(join(tmpdir(), 'countersign-start-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  const child = spawn(process.execPath, ['--conditions=@countersign/source', MAIN, 'serve'], { cwd, env: variables })
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { status, out, err }
}

test('a port that is taken: exit 1 and the setting to change', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : undefined
  expect(await serve({ COUNTERSIGN_PORT: String(port) })).toEqual({
    status: 1,
    out: '',
    err: expect.stringContaining(`COUNTERSIGN_PORT (or --port) is ${port}, where another program listens`),
  })
})

test('an address that is not of this machine: exit 1 and the setting to change', async () => {
  const { status, out, err } = await serve({
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_ISSUER: ISSUER,
    COUNTERSIGN_HOST: '203.0.113.1',
  })
  expect([status, out]).toEqual([1, ''])
  expect(err).toContain('COUNTERSIGN_HOST (or --host) is 203.0.113.1, which is no address of this machine')
})

test('data of another issuer: exit 1, and both are named', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-start-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  const first = createCountersign({ issuer: ISSUER, dataDir, logLevel: 'silent' })
  await first.ready()
  await first.close()
  const { status, err } = await serve({
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_ISSUER: 'http://localhost:4001',
    COUNTERSIGN_DATA_DIR: dataDir,
  })
  expect(status).toBe(1)
  expect(err).toContain('COUNTERSIGN_ISSUER is http://localhost:4001, but the data is of http://localhost:4000')
})

test('a data folder that cannot be made: exit 1, and it is named', async () => {
  const dataDir = join(MAIN, 'data')
  const { status, err } = await serve({
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_ISSUER: ISSUER,
    COUNTERSIGN_DATA_DIR: dataDir,
  })
  expect(status).toBe(1)
  expect(err).toContain(`${dataDir} is a folder that cannot be made`)
})
