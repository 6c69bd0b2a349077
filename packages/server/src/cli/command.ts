import type { LoadedConfig } from './configuration.ts'
import type { CliEdge } from './edge.ts'
import type { Output } from './output.ts'
import type { CliService } from './service.ts'

/** 0: done. 1: refused, not found, or something is wrong. 2: the command was not understood. */
export type ExitStatus = 0 | 1 | 2

/** An argument that stands without a name. All of them are required. */
export interface Argument {
  readonly name: string
  readonly doc: string
}

/** An option of one command. Without a `value` it is a switch. */
export interface CommandOption {
  readonly name: string
  /** The placeholder of its value. */
  readonly value?: string
  readonly doc: string
  readonly required?: boolean
  /** The value, when nobody gives one. */
  readonly default?: string
  /** It may be given more than once. */
  readonly many?: boolean
}

/** One row of the table of commands. */
export interface Command {
  /** `serve`, `account create`. */
  readonly name: string
  readonly doc: string
  readonly args?: readonly Argument[]
  readonly options?: readonly CommandOption[]
  /** Reads the settings, so that every setting is a flag too. `listed`: its help shows them. */
  readonly settings?: 'listed' | 'taken'
  readonly run: (input: CommandInput) => Promise<number>
}

/** What a command gets. */
export interface CommandInput {
  readonly edge: CliEdge
  readonly output: Output
  /** The argument of that name. */
  arg(name: string): string
  /** The value of an option. */
  option(name: string): string | undefined
  /** The values of an option that may be given more than once. */
  options(name: string): readonly string[]
  /** Whether a switch was given. */
  has(name: string): boolean
  /** Reads the settings, or throws a `ConfigError` that lists every fault. */
  config(): Promise<LoadedConfig>
}

/** The command was given in a way that cannot be understood: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command was understood and did not succeed: exit status 1. Its message tells the person why. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

/** Opens the service for one command and closes it again, whatever happens. */
export async function withService<T>(input: CommandInput, use: (service: CliService) => Promise<T>): Promise<T> {
  const { service: config } = await input.config()
  const service = await input.edge.services.open(config)
  try {
    return await use(service)
  } finally {
    await service.close()
  }
}

/** A number in an option, within bounds. */
export function numberOption(input: CommandInput, name: string, min: number, max: number): number | undefined {
  const text = input.option(name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (!/^\d{1,15}$/.test(text) || value < min || value > max) {
    throw new UsageError(`--${name} is not a whole number from ${min} to ${max}`)
  }
  return value
}
