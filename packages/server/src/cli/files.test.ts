import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeFiles } from './files.ts'

const world = { folder: '' }
beforeAll(async () => {
  world.folder = await mkdtemp(join(tmpdir(), 'csn-files-'))
})
afterAll(() => rm(world.folder, { recursive: true }))

const at = (name: string): string => join(world.folder, name)
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

test('a file is made with exactly its mode, whatever the mask', async () => {
  expect(await nodeFiles.create(at('secret'), 'a', 0o600)).toBe(true)
  expect(await nodeFiles.create(at('public'), 'b', 0o666)).toBe(true)
  expect(await modeOf(at('secret'))).toBe(0o600)
  expect(await modeOf(at('public'))).toBe(0o666)
  expect(await nodeFiles.mode(at('secret'))).toBe(0o600)
  expect(await nodeFiles.read(at('secret'))).toBe('a')
})

test('nothing is overwritten, not even through a link', async () => {
  await writeFile(at('mine'), 'mine')
  await symlink(at('nowhere'), at('link'))
  expect(await nodeFiles.create(at('mine'), 'theirs', 0o600)).toBe(false)
  expect(await nodeFiles.create(at('link'), 'theirs', 0o600)).toBe(false)
  expect(await readFile(at('mine'), 'utf8')).toBe('mine')
  expect(await nodeFiles.read(at('nowhere'))).toBeUndefined()
})

test('a folder is made once and its mode left alone after that', async () => {
  await nodeFiles.makeFolder(at('a/b'), 0o700)
  expect(await modeOf(at('a/b'))).toBe(0o700)
  await nodeFiles.makeFolder(at('a/b'), 0o755)
  expect(await modeOf(at('a/b'))).toBe(0o700)
})

test('what is not there is absent', async () => {
  expect(await nodeFiles.read(at('gone'))).toBeUndefined()
  expect(await nodeFiles.mode(at('gone/deeper'))).toBeUndefined()
})

test('a walk sees every file but what it skips, and follows no link', async () => {
  await nodeFiles.makeFolder(at('w/node_modules/x'), 0o755)
  await nodeFiles.makeFolder(at('w/src'), 0o755)
  await writeFile(at('w/node_modules/x/index.js'), '1')
  await writeFile(at('w/src/index.ts'), '12345')
  await symlink(at('w'), at('w/src/loop'))
  const found = []
  for await (const { path, size } of nodeFiles.walk(at('w'), (name) => name === 'node_modules')) {
    found.push([relative(at('w'), path), size])
  }
  expect(found).toEqual([[join('src', 'index.ts'), 5]])
})
