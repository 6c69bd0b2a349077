import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { entryPoints } from '../tools/docs/api.ts'
import { ROOT } from '../tools/source.ts'

const PACKAGES = ['jwt', 'protocol', 'verifier', 'client', 'server'] as const

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const committed = (): string[] =>
  spawnSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
    .stdout.split('\0')
    .filter((path) => path !== '')

describe('Node', () => {
  test('the tests run on Node 24 or newer', () => {
    expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(24)
  })

  test('every npm script runs on that Node, whatever is first on the path', () => {
    const env = { ...process.env, PATH: `/usr/local/bin:/usr/bin:/bin:${process.env.PATH ?? ''}` }
    const answer = spawnSync('npm', ['exec', '--offline', '--', 'node', '-v'], { cwd: ROOT, env, encoding: 'utf8' })
    expect(answer.stderr + answer.stdout.trim()).toBe(process.version)
  })

  test.each([
    ['20.20.2', 1],
    ['23.11.0', 1],
    ['24.0.0', 0],
    ['26.1.0', 0],
  ])('the check of the version answers %s with exit status %i', (version, status) => {
    const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`
    const preload = `data:text/javascript,${encodeURIComponent(pretend)}`
    const answer = spawnSync(process.execPath, ['--import', preload, 'tools/check-node.mjs'], { cwd: ROOT })
    expect(answer.status).toBe(status)
  })
})

describe('packages', () => {
  // A forgotten condition would silently test an old build.
  test.each(PACKAGES)('@countersign/%s resolves to its sources', (name) => {
    const script = `console.log(import.meta.resolve('@countersign/${name}'))`
    const args = ['--conditions=@countersign/source', '--input-type=module', '--eval', script]
    const answer = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
    expect(fileURLToPath(answer.stdout.trim())).toBe(join(ROOT, 'packages', name, 'src/index.ts'))
    expect(process.execArgv).toContain('--conditions=@countersign/source')
  })

  test.each(PACKAGES)('@countersign/%s: every subpath has a source, and states what is published', (name) => {
    const manifest = JSON.parse(read(`packages/${name}/package.json`))
    for (const [, file] of entryPoints(name)) expect(existsSync(join(ROOT, file)), file).toBe(true)
    expect(entryPoints(name).length).toBe(Object.keys(manifest.exports).length)
    expect(manifest.engines.node).toMatch(/^>=2[24]$/)
    expect(manifest.files).toEqual(expect.arrayContaining(['dist', 'README.md', 'LICENSE']))
    expect(read(`packages/${name}/LICENSE`)).toBe(read('LICENSE'))
    expect(read(`packages/${name}/README.md`)).toContain(`# @countersign/${name}`)
  })

  test('no package runs a script at installation', () => {
    for (const name of PACKAGES) {
      const { scripts = {} } = JSON.parse(read(`packages/${name}/package.json`))
      for (const hook of ['preinstall', 'install', 'postinstall', 'prepare']) expect(scripts).not.toHaveProperty(hook)
    }
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> }
    const scripted = Object.entries(packages).filter(([, locked]) => locked.hasInstallScript && !locked.optional)
    expect(scripted.map(([path]) => path)).toEqual([])
  })
})

interface LockedPackage {
  readonly hasInstallScript?: boolean
  readonly optional?: boolean
  readonly resolved?: string
}

describe('what is committed', () => {
  const ABSOLUTE = new RegExp(`(^|[^\\w/.~-])/(${['work', 'home', 'root', 'Users'].join('|')})/[\\w.-]`, 'm')

  test('the lock file holds no registry address', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "https?:/)
  })

  test('no file names a path of one machine', () => {
    const files = committed().filter((path) => existsSync(join(ROOT, path)))
    expect(files.length).toBeGreaterThan(50)
    expect(files.filter((path) => ABSOLUTE.test(read(path)))).toEqual([])
  })

  test('control: such a path is seen', () => {
    const path = ['', 'home', 'alice', 'countersign'].join('/')
    expect(ABSOLUTE.test(`import x from '${path}'`)).toBe(true)
    expect(ABSOLUTE.test("import x from './work/home/a.ts'")).toBe(false)
  })

  test('nothing that is built or secret is committed', () => {
    expect(
      committed().filter((path) => /(^|\/)(dist|node_modules|data)\/|\.(tsbuildinfo|tgz|key|db)$/.test(path)),
    ).toEqual([])
  })
})

describe('the count of the tests', () => {
  /** Runs the little suite of fixtures/counting.spec.ts and gives its last line and exit status. */
  function run(env: Record<string, string>): { last: string | undefined; printed: string; status: number | null } {
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
    const args = [vitest, 'run', '--config=test/fixtures/counting.config.ts']
    const clean = { ...process.env, CI: '', VITEST: '', NO_COLOR: '1', ...env }
    const answer = spawnSync(process.execPath, args, { cwd: ROOT, env: clean, encoding: 'utf8' })
    return { last: answer.stdout.trimEnd().split('\n').at(-1), printed: answer.stdout, status: answer.status }
  }

  test('is the last line, after what was skipped and how to get it', () => {
    const { last, printed, status } = run({})
    expect(last).toBe('2 passed, 0 failed, 1 skipped')
    expect(printed).toContain('skipped: needs a thing: install the thing')
    expect(status).toBe(0)
  })

  test('a skipped test fails the run where CI is set', () => {
    const { last, status } = run({ CI: 'true' })
    expect(last).toBe('2 passed, 0 failed, 1 skipped')
    expect(status).toBe(1)
  })

  test('a failed test fails the run', () => {
    const { last, status } = run({ COUNTING_FAILS: 'yes' })
    expect(last).toBe('1 passed, 1 failed, 1 skipped')
    expect(status).toBe(1)
  })
})
