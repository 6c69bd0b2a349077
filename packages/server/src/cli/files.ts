import { chmod, mkdir, open, opendir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The part of a file system that commands use. Paths are absolute. */
export interface CliFiles {
  /** The text of a file, or `undefined` when there is none. */
  read(path: string): Promise<string | undefined>
  /** Writes a new file with exactly `mode`. Never overwrites: `false` when there is something already. */
  create(path: string, text: string, mode: number): Promise<boolean>
  /** Makes a folder and its parents, if it is not there. `mode` is that of the folder itself. */
  makeFolder(path: string, mode: number): Promise<void>
  /** The permission bits of a file or folder, or `undefined` when there is none. */
  mode(path: string): Promise<number | undefined>
  /** Every file below a folder but what `skip` names, with its size in bytes. Links are not followed. */
  walk(folder: string, skip: (name: string) => boolean): AsyncIterable<{ readonly path: string; readonly size: number }>
}

/** The files of this machine. */
export const nodeFiles: CliFiles = {
  async read(path) {
    return orAbsent(readFile(path, 'utf8'))
  },

  async create(path, text, mode) {
    // `wx` refuses what exists, also a link that leads elsewhere. The mode is set from the start: at no moment can
    // another user read a key.
    const file = await open(path, 'wx', mode).catch((error: unknown) => {
      if (hasCode(error, 'EEXIST')) return undefined
      throw error
    })
    if (file === undefined) return false
    try {
      await file.chmod(mode)
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    return true
  },

  async makeFolder(path, mode) {
    const made = await mkdir(path, { recursive: true, mode })
    if (made !== undefined) await chmod(path, mode)
  },

  async mode(path) {
    const found = await orAbsent(stat(path))
    return found === undefined ? undefined : found.mode & 0o777
  },

  async *walk(folder, skip) {
    for await (const entry of await opendir(folder)) {
      if (skip(entry.name)) continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) yield* nodeFiles.walk(path, skip)
      else if (entry.isFile()) yield { path, size: (await stat(path)).size }
    }
  },
}

async function orAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
