import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ESTree, parseSync } from 'vite'

/** The root of the repository, as an absolute path. */
export const ROOT: string = join(import.meta.dirname, '..')

/** One file of a package, read and parsed. `path` is relative to the root and has forward slashes. */
export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly program: ESTree.Program
}

/** The product's own files: everything under `packages/<name>/src` that is not a test. Sorted by path. */
export function readSources(root: string = ROOT): SourceFile[] {
  return listFiles(join(root, 'packages'))
    .filter((path) => /^[^/]+\/src\/.*\.tsx?$/.test(path) && !/\.(test|test-d)\.tsx?$/.test(path))
    .map((path) => parseSource(`packages/${path}`, readFileSync(join(root, 'packages', path), 'utf8')))
}

/** Parses one file. A syntax error is a fault of the file, never an empty list of imports. */
export function parseSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text, { sourceType: 'module' })
  const first = errors[0]
  if (first !== undefined) throw new SyntaxError(`${path}: ${first.message}`)
  return { path, text, program }
}

/** Paths of all files below a folder, relative to it, sorted; what is built or installed is left out. */
export function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .filter((path) => !/(^|\/)(node_modules|dist|\.cache|coverage)\//.test(path))
    .sort()
}

/** The number of the line in which an offset lies, from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
