import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { entryPoints } from '../tools/docs/api.ts'
import { ROOT } from '../tools/source.ts'

/** What a user gets: the packages as `npm pack` makes them, installed together into an empty project. */
const PACKAGES = ['jwt', 'protocol', 'verifier', 'client', 'server'] as const
const NODE_22 = '22.23.3'
const MINUTE = 60_000

const project = mkdtempSync(join(tmpdir(), 'countersign-pack-'))
const tarballs = new Map<string, readonly string[]>()
afterAll(() => rmSync(project, { recursive: true, force: true }))

beforeAll(() => {
  run(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', ...PACKAGES.map((p) => `packages/${p}`)],
    ROOT,
  )
  const where = PACKAGES.flatMap((name) => ['--workspace', `packages/${name}`])
  const packed = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project, ...where], ROOT)
  const list: unknown = JSON.parse(packed)
  for (const { name, filename, files } of Object.values(list as Record<string, Packed>)) {
    tarballs.set(
      name,
      files.map(({ path }) => path),
    )
    dependencies[name] = `file:${filename}`
  }
  const manifest = { name: 'empty', private: true, type: 'module', dependencies }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'], project)
  cpSync(join(ROOT, 'test/fixtures/consumer'), project, { recursive: true })
}, 3 * MINUTE)

const dependencies: Record<string, string> = {}

interface Packed {
  readonly name: string
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

/** Runs a program and gives what it printed; whatever it complained about is in the error. */
function run(command: string, args: readonly string[], cwd: string): string {
  // Nothing of this repository's own way of resolving may leak into what a user would see.
  const { NODE_OPTIONS: _, ...env } = process.env
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stderr}\n${stdout}`)
  return stdout
}

describe('what is packed', () => {
  test.each(PACKAGES)('@countersign/%s: what runs, types, README and licence, and nothing else', (name) => {
    const files = tarballs.get(`@countersign/${name}`) ?? []
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'dist/index.js']))
    const strange = files.filter(
      (path) => !/^(package\.json|README\.md|LICENSE|dist\/.*\.(js|d\.ts|sql|css|txt))$/.test(path),
    )
    expect(strange).toEqual([])
    expect(files.filter((path) => /\.test\.|\.test-d\.|tsbuildinfo/.test(path))).toEqual([])
  })

  test.each(PACKAGES)('@countersign/%s: every subpath leads to a file in the package', (name) => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, `packages/${name}/package.json`), 'utf8'))
    const files = tarballs.get(`@countersign/${name}`) ?? []
    for (const [subpath] of entryPoints(name)) {
      const { types, default: script } = exports[subpath]
      expect(files, subpath).toEqual(expect.arrayContaining([types.slice(2), script.slice(2)]))
    }
  })
})

describe('in an empty project', () => {
  test('the types compile, those of the packages included', { timeout: MINUTE }, () => {
    const compilerOptions = {
      ...{ target: 'es2024', module: 'nodenext', strict: true, noEmit: true, lib: ['es2024', 'dom', 'dom.iterable'] },
      ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')], exactOptionalPropertyTypes: true },
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['small.ts', 'whole.ts'] }))
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    expect(run(process.execPath, [tsc, '-p', project], project)).toBe('')

    // Control: the types are really read.
    writeFileSync(join(project, 'wrong.ts'), "import { createVerifier } from '@countersign/jwt'\ncreateVerifier({})\n")
    const wrong = { compilerOptions, files: ['wrong.ts'] }
    writeFileSync(join(project, 'tsconfig.wrong.json'), JSON.stringify(wrong))
    expect(() => run(process.execPath, [tsc, '-p', 'tsconfig.wrong.json'], project)).toThrow(/TS2\d{3}/)
  })

  test('jwt, verifier and client sign, guard and start', () => {
    expect(JSON.parse(run(process.execPath, ['small.ts'], project))).toEqual(smallAnswer(24))
  })

  test('the same on Node 22', { timeout: 3 * MINUTE }, (context) => {
    const name = `node-${process.platform}-${process.arch}`
    const folder = mkdtempSync(join(tmpdir(), 'countersign-node-'))
    context.onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    try {
      run(
        'npm',
        ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${NODE_22}`],
        folder,
      )
    } catch {
      context.skip(`Node 22: needs the npm package ${name}@${NODE_22} and a way to the registry`)
    }
    const node = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    expect(existsSync(node)).toBe(true)
    expect(JSON.parse(run(node, ['--disable-warning=ExperimentalWarning', 'small.ts'], project))).toEqual(
      smallAnswer(22),
    )
  })

  test('an application mounts the service, registers, logs in, calls and logs out', () => {
    const answer = JSON.parse(run(process.execPath, ['whole.ts', join(project, 'data')], project))
    expect(answer).toEqual({ registered: 201, user: 'alice', called: 200, same: true, begins: 'csn_rt_', kept: null })
  })

  test('the command countersign runs', () => {
    const bin = join(project, 'node_modules/.bin/countersign')
    const { version } = JSON.parse(readFileSync(join(ROOT, 'packages/server/package.json'), 'utf8'))
    expect(run(bin, ['--version'], project).trim()).toBe(version)
    expect(run(bin, ['--help'], project)).toContain('serve')
  })
})

function smallAnswer(node: number): object {
  return {
    node,
    good: [200, { subject: 'u_42' }],
    poor: 403,
    none: 401,
    client: 'signed-out',
    sentence: 'Too many attempts; try later.',
  }
}
