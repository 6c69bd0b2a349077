import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Makes a folder for its owner alone (0700), with those above it, and keeps what will lie in it out of a repository: it
 * is often made inside one, and holds the master key. A folder that was there stays as it is.
 */
export function makePrivateFolder(path: string): void {
  if (mkdirSync(path, { recursive: true, mode: 0o700 }) === undefined) return
  try {
    writeFileSync(join(path, '.gitignore'), '*\n', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    // Another process that starts at this moment was here first.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
