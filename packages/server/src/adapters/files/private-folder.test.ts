import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makePrivateFolder } from './private-folder.ts'

test('a new folder is for its owner alone and git leaves it out; one that was there stays as it is', () => {
  const root = mkdtempSync(join(tmpdir(), 'countersign-folder-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const folder = join(root, 'a', 'data')
  makePrivateFolder(folder)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n')

  rmSync(join(folder, '.gitignore'))
  makePrivateFolder(folder)
  makePrivateFolder(root)
  expect(readdirSync(folder)).toEqual([])
  expect(readdirSync(root)).toEqual(['a'])
})
