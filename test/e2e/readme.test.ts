import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'

/** The README's first minute, run as it stands there; only the port is another one. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SEPARATOR = '-----next-----'

let folder: string
let service: ChildProcess
let port: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-readme-'))
  port = await freePort()
  service = spawn(
    process.execPath,
    ['--conditions=@countersign/source', join(ROOT, 'packages/server/src/main.ts'), 'serve', '--port', String(port)],
    { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] },
  )
  await new Promise<void>((resolve, reject) => {
    service.once('exit', (code) => reject(new Error(`the service ended with ${code}`)))
    service.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('Ctrl-C stops')) resolve()
    })
  })
})

afterAll(() => {
  service.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

test('every command of the first minute gives the answer that is printed under it', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const [, part = ''] = /<!-- first-token -->([\s\S]*?)<!-- \/first-token -->/.exec(readme) ?? []
  const pairs = [...part.matchAll(/```sh\n([\s\S]*?)```\n\n```json\n([\s\S]*?)```/g)]
  expect(pairs.length).toBe(5)

  const script = pairs.map(([, command = '']) => `${command}\necho; echo ${SEPARATOR}`).join('\n')
  const output = execFileSync('bash', ['-c', script.replaceAll('localhost:4000', `localhost:${port}`)], {
    cwd: folder,
    encoding: 'utf8',
  })
  const answers = output.split(SEPARATOR).slice(0, -1)
  for (const [i, [, , printed = '']] of pairs.entries()) {
    expect(shapeOf(JSON.parse(answers[i] ?? ''))).toEqual(shapeOf(JSON.parse(printed)))
  }
})

/** Names and kinds, in their order, without what differs from run to run. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value
  return Object.entries(value).map(([name, member]) => [name, shapeOf(member)])
}
