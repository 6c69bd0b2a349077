import type { CliFiles } from './files.ts'
import type { CliServices } from './service.ts'

/** The process, as the command line sees it. `main.ts` makes it; everything below takes it as a value. */
export interface CliEdge {
  /** The arguments after the name of the program. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** The folder where the command was given. Relative paths start there. */
  readonly cwd: string
  /** The version of the package. */
  readonly version: string
  /** Writes to stdout, as it is. */
  readonly out: (text: string) => void
  /** Writes to stderr, as it is. */
  readonly err: (text: string) => void
  /** True where a person watches stderr: progress is shown there. */
  readonly interactive: boolean
  /** All of stdin, as text. */
  readonly stdin: () => Promise<string>
  readonly files: CliFiles
  /** Imports a module by its absolute path: `countersign.config.ts`. */
  readonly importModule: (path: string) => Promise<unknown>
  /** `length` bytes that nobody can predict. */
  readonly random: (length: number) => Uint8Array
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly fetch: (request: Request) => Promise<Response>
  readonly services: CliServices
}
