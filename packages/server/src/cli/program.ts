import { Command as Commander, CommanderError, Option } from 'commander'
import { flagHelp, flagWithValue } from '../config/document.ts'
import { flagOf, SETTING_NAMES, type SettingName } from '../config/settings.ts'
import { type Command, type CommandInput, type CommandOption, UsageError } from './command.ts'
import { COMMANDS, GROUPS } from './commands.ts'
import { loadConfig } from './configuration.ts'
import type { CliEdge } from './edge.ts'
import { tell } from './failures.ts'
import { createOutput } from './output.ts'

/**
 * Runs one command of `countersign`. Results go to stdout, errors to stderr.
 *
 * @returns the exit status: 0 when it was done, 1 when it was refused or something is wrong, 2 when the command was not
 * understood. It never rejects.
 */
export async function runCli(edge: CliEdge): Promise<number> {
  const result = { status: 0 }
  try {
    await createProgram(edge, result).parseAsync([...edge.argv], { from: 'user' })
    return result.status
  } catch (error) {
    // Commander has written its own message by now. Asking for help is no mistake, everything else of its is one.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    return tell(error, edge.err)
  }
}

/** Builds the parser out of the table of commands. */
export function createProgram(edge: CliEdge, result: { status: number }): Commander {
  const program = new Commander('countersign')
    .description('Signs people in and issues tokens that services verify by themselves.')
    .version(edge.version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError('(add --help for what it takes)')
    .configureOutput({ writeOut: edge.out, writeErr: edge.err, outputError: (text, write) => write(text) })
    .exitOverride()

  const groups = new Map(Object.entries(GROUPS).map(([name, doc]) => [name, program.command(name).description(doc)]))
  for (const row of COMMANDS) {
    const [first = '', second] = row.name.split(' ')
    const parent = second === undefined ? program : groups.get(first)
    if (parent === undefined) throw new TypeError(`the command group ${first} is not described`)
    addCommand(parent.command(second ?? first), row, edge, result)
  }
  return program
}

function addCommand(command: Commander, row: Command, edge: CliEdge, result: { status: number }): void {
  command.description(row.doc)
  for (const { name, doc } of row.args ?? []) command.argument(`<${name}>`, doc)
  for (const option of row.options ?? []) command.addOption(ownOption(option))
  command.option('--json', 'print JSON for programs')
  const flags = row.settings === undefined ? [] : addSettingFlags(command, row)

  // Where settings are all that a command takes, a misspelt flag is told together with every other fault of theirs.
  const gathersUnknown = row.settings !== undefined && row.args === undefined && row.options === undefined
  if (gathersUnknown) command.allowUnknownOption().allowExcessArguments()
  else command.allowExcessArguments(false)

  command.action(async () => {
    result.status = await row.run(createInput(command, row, flags, gathersUnknown, edge))
  })
}

function ownOption({ name, value, doc, required, many, default: fallback }: CommandOption): Option {
  const option = new Option(value === undefined ? `--${name}` : `--${name} <${value}>`, doc)
  if (fallback !== undefined) option.default(fallback)
  if (required === true) option.makeOptionMandatory()
  if (many === true)
    option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text])
  return option
}

/** Every setting is a flag, but where the command has an option of that name for itself. */
function addSettingFlags(command: Commander, row: Command): readonly SettingName[] {
  command.option('--config <path>', 'the configuration file; default countersign.config.ts, if there is one')
  const own = new Set((row.options ?? []).map(({ name }) => `--${name}`))
  const names = SETTING_NAMES.filter((name) => !own.has(flagOf(name)))
  for (const name of names) {
    const option = new Option(flagWithValue(name), flagHelp(name)).helpGroup('Settings:')
    command.addOption(row.settings === 'listed' ? option : option.hideHelp())
  }
  if (row.settings === 'taken') {
    command.addHelpText('after', '\nEvery setting is a flag here too: see countersign serve --help.')
  }
  return names
}

function createInput(
  command: Commander,
  row: Command,
  settings: readonly SettingName[],
  gathersUnknown: boolean,
  edge: CliEdge,
): CommandInput {
  const given: Readonly<Record<string, unknown>> = command.opts()
  const value = (flag: string): unknown => given[attribute(flag)]
  const text = (name: string): string | undefined => {
    const found = value(`--${name}`)
    return typeof found === 'string' ? found : undefined
  }
  const unknown = gathersUnknown ? unknownFlags(command.args) : {}

  return {
    edge,
    output: createOutput(value('--json') === true, edge.out, edge.err),
    arg(name) {
      const index = (row.args ?? []).findIndex((argument) => argument.name === name)
      return command.args[index] ?? ''
    },
    option: text,
    options(name) {
      const found = value(`--${name}`)
      return Array.isArray(found) ? found.map(String) : []
    },
    has: (name) => value(`--${name}`) === true,
    config() {
      const flags: Record<string, string> = { ...unknown }
      for (const name of settings) {
        const found = value(flagOf(name))
        if (typeof found === 'string') flags[flagOf(name)] = found
      }
      return loadConfig(edge, flags, text('config'))
    },
  }
}

/** `--access-token-lifetime` as Commander names its value. */
function attribute(flag: string): string {
  return new Option(flag).attributeName()
}

/** What Commander left over: flags nobody knows, each perhaps with a value. Anything else is one word too many. */
function unknownFlags(rest: readonly string[]): Readonly<Record<string, string>> {
  const flags: Record<string, string> = {}
  let valueMayFollow = false
  for (const word of rest) {
    if (word.startsWith('-')) flags[word.split('=')[0] ?? word] = ''
    else if (!valueMayFollow) throw new UsageError(`there is one word too many: ${word}`)
    valueMayFollow = word.startsWith('-') && !word.includes('=')
  }
  return flags
}
