import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { arrowFaults } from '../tools/arrows.ts'
import { SEAMS, seamFaults } from '../tools/seams.ts'
import { parseSource, ROOT, readSources } from '../tools/source.ts'

const sources = readSources()

describe('arrows', () => {
  test('every import goes along an arrow', () => {
    expect(sources.length).toBeGreaterThan(20)
    expect(arrowFaults(sources)).toEqual([])
  })

  test.each([
    ['server/src/domain/x.ts', "import { createServer } from 'node:http'"],
    ['server/src/domain/x.ts', "import type { Clock } from '../ports/clock.ts'"],
    ['server/src/domain/x.ts', "import { sign } from '@countersign/jwt'"],
    ['server/src/ports/x.ts', "import type { Login } from '../usecases/login.ts'"],
    ['server/src/usecases/x.ts', "import { createApp } from '../http/app.ts'"],
    ['server/src/usecases/x.ts', "type Stores = import('../adapters/sqlite/stores.ts').Stores"],
    ['server/src/usecases/x.ts', "import { Hono } from 'hono'"],
    ['server/src/http/x.ts', "export * from '../adapters/sqlite/open.ts'"],
    ['server/src/http/x.ts', "import type { SessionStore } from '../ports/session-store.ts'"],
    ['server/src/cli/x.ts', "import type { Clock } from '../ports/clock.ts'"],
    ['server/src/http/x.ts', "import { readFileSync } from 'fs'"],
    ['server/src/cli/x.ts', "export { open } from '../adapters/sqlite/open.ts'"],
    ['server/src/adapters/memory/x.ts', "import { sql } from '../sqlite/open.ts'"],
    ['server/src/adapters/memory/x.ts', "import { DatabaseSync } from 'node:sqlite'"],
    ['server/src/server.ts', "await import('./main.ts')"],
    ['server/src/server.ts', 'await import(name)'],
    ['jwt/src/x.ts', "import { ERRORS } from '@countersign/protocol'"],
    ['protocol/src/x.ts', "import type { JwtClaims } from '@countersign/jwt'"],
    ['verifier/src/x.ts', "import { createCountersign } from '@countersign/server'"],
    ['verifier/src/web.ts', "import type { Context } from 'hono'"],
    ['client/src/x.ts', "import { decode } from '@countersign/jwt'"],
    ['client/src/x.ts', "import { writeFile } from 'node:fs/promises'"],
    ['jwt/src/x.ts', "import leftPad from 'left-pad'"],
  ])('a planted import in %s is refused: %s', (path, text) => {
    expect(arrowFaults([parseSource(`packages/${path}`, text)])).toHaveLength(1)
  })

  test.each([
    ['server/src/usecases/x.ts', "import type { Clock } from '../ports/clock.ts'"],
    ['server/src/http/x.ts', "import { Hono } from 'hono'"],
    ['server/src/http/x.ts', "import type { Clock } from '../ports/clock.ts'"],
    ['server/src/adapters/sqlite/x.ts', "import { DatabaseSync } from 'node:sqlite'"],
    ['server/src/adapters/sqlite/x.ts', "import { ROTATE } from '../sql/statements.ts'"],
    ['verifier/src/hono.ts', "import type { Context } from 'hono'"],
    ['verifier/src/x.ts', "import { decode } from '@countersign/jwt'"],
  ])('control: an import along an arrow passes in %s: %s', (path, text) => {
    expect(arrowFaults([parseSource(`packages/${path}`, text)])).toEqual([])
  })
})

describe('seams', () => {
  test('time, chance, timers and transport come in as values', () => {
    expect(seamFaults(sources)).toEqual([])
  })

  test.each([
    'Date.now()',
    'globalThis.Date.now()',
    'const at = new Date()',
    'Date()',
    'performance.now()',
    'Math.random()',
    'crypto.randomUUID()',
    'globalThis.crypto.getRandomValues(new Uint8Array(1))',
    'crypto.subtle.digest("SHA-256", bytes)',
    "import { randomBytes } from 'node:crypto'",
    "import { scrypt as derive } from 'node:crypto'",
    "import * as crypto from 'node:crypto'",
    "import { gzip } from 'node:zlib'",
    'AbortSignal.timeout(1)',
    'const send = globalThis.fetch',
    'let count = 0',
    'export let count = 0',
    'const seen = new Map<string, number>()',
    'const waiting: string[] = []',
    'const cache: Record<string, string> = {}',
    "const text = 'UPDATE session SET ended_at = now() WHERE id = ?'",
    "const text = 'INSERT INTO audit (at) VALUES (CURRENT_TIMESTAMP)'",
    "const text = 'SELECT id FROM session WHERE subject = ? LIMIT ?'",
  ])('a planted breach is refused: %s', (text) => {
    expect(seamFaults([parseSource('packages/server/src/usecases/x.ts', text)])).not.toEqual([])
  })

  test.each([
    'const at = new Date(now)',
    'Math.max(1, 2)',
    "import { createHash, timingSafeEqual } from 'node:crypto'",
    "import type { KeyObject } from 'node:crypto'",
    "const names: ReadonlySet<string> = new Set(['exp', 'iat'])",
    'function seen() { return new Map<string, number>() }',
    "const text = 'SELECT id FROM session WHERE subject = ? ORDER BY id LIMIT ?'",
    "const words = 'now and then'",
  ])('control: what is no breach passes: %s', (text) => {
    expect(seamFaults([parseSource('packages/server/src/usecases/x.ts', text)])).toEqual([])
  })

  test('control: the same text passes in a file that is the seam', () => {
    expect(seamFaults([parseSource('packages/server/src/main.ts', 'Date.now()')])).toEqual([])
  })

  test('the files that are seams are the same here and in biome.json', () => {
    const overrides: { includes: string[] }[] = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')).overrides
    expect(overrides.at(-1)?.includes).toEqual(SEAMS)
  })
})

describe('what Biome holds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-lint-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const { vcs: _, ...config } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'))
  writeFileSync(join(folder, 'biome.json'), JSON.stringify(config))

  /** What Biome says to one file, under the rules of this repository. */
  function lint(path: string, text: string): string {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
    const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
    const answer = spawnSync(process.execPath, [biome, 'lint', path], { cwd: folder, encoding: 'utf8' })
    return answer.stdout + answer.stderr
  }

  test.each(['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'process', 'WebSocket', 'WeakRef'])(
    '%s is refused in the product and allowed in the seam',
    (name) => {
      const text = `export const taken: unknown = ${name}\n`
      expect(lint('packages/server/src/usecases/x.ts', text)).toContain(`global variable ${name}`)
      expect(lint('packages/server/src/main.ts', text)).not.toContain('global variable')
    },
  )

  test('a promise that nobody awaits is refused; one that is awaited, or left on purpose, passes', () => {
    const text = (call: string): string =>
      `async function send(): Promise<void> {}\nexport async function run(): Promise<void> {\n  ${call}\n  await send()\n}\n`
    expect(lint('packages/server/src/usecases/y.ts', text('send()'))).toContain('floating')
    for (const call of ['await send()', 'void send()']) {
      expect(lint('packages/server/src/usecases/y.ts', text(call))).not.toContain('floating')
    }
  })

  test('control: a parameter of the same name is no global', () => {
    const text = 'export const send = (fetch: (url: string) => string): string => fetch("x")\n'
    expect(lint('packages/server/src/usecases/x.ts', text)).not.toContain('global variable')
  })
})
