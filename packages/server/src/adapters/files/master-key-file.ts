import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** The file that holds the master keys of a service that got none from its surroundings. */
export interface MasterKeyFile {
  /** `undefined` when there is none. */
  read(): string | undefined
  /**
   * Writes it unless it is there, and returns what stands. Two services that start together on an empty folder get the
   * same one: the file appears whole, by a link that only one of them can make.
   */
  create(text: string, unique: string): string
}

/** For its owner alone (0600), in a folder for its owner alone (0700). */
export function masterKeyFile(path: string): MasterKeyFile {
  const read = (): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined)
  return {
    read,
    create(text, unique) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      const draft = `${path}.${unique}`
      const file = openSync(draft, 'wx', 0o600)
      try {
        writeSync(file, `${text}\n`)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      try {
        linkSync(draft, path)
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      } finally {
        unlinkSync(draft)
      }
      syncFolder(dirname(path))
      return read() ?? text
    },
  }
}

/**
 * A new name in a folder is on the disk only once the folder is: a power cut that took the key and left the database
 * would leave data that nobody can open.
 */
function syncFolder(path: string): void {
  const folder = openFolder(path)
  if (folder === undefined) return
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Windows opens no folder, and keeps names by its journal. */
function openFolder(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch {
    return undefined
  }
}

/** True where there is something at a path. */
export function exists(path: string): boolean {
  return existsSync(path)
}
