import type { Command, CommandOption } from './command.ts'
import { COMMANDS } from './commands.ts'

/** The reference page of the command line, as Markdown. */
export function commandsPage(): string {
  return [
    '# Command line',
    '',
    'Made from the table of commands in the code; do not edit.',
    '',
    'Every command takes `--help`, and `--json` for programs. Results go to stdout, errors to stderr. The exit status is',
    '0 when it was done, 1 when it was refused or something is wrong, 2 when the command was not understood.',
    'Commands that use the service take every [setting](configuration.md) as a flag, and `--config PATH`.',
    '',
    ...COMMANDS.flatMap(section),
  ].join('\n')
}

function section(command: Command): readonly string[] {
  const { name, doc, args = [], options = [], settings } = command
  return [
    `## countersign ${name}`,
    '',
    doc,
    '',
    '```',
    usage(command),
    '```',
    '',
    ...args.map((argument) => `- \`<${argument.name}>\` ${argument.doc}`),
    ...options.map((option) => `- \`${spelling(option)}\` ${option.doc}${defaultOf(option)}`),
    ...(settings === undefined ? [] : ['- every setting as a flag']),
    ...(args.length + options.length > 0 || settings !== undefined ? [''] : []),
  ]
}

function usage({ name, args = [], options = [], settings }: Command): string {
  const required = options.filter((option) => option.required === true).map(spelling)
  const hasMore = options.length > required.length || settings !== undefined
  return ['countersign', name, ...args.map((a) => `<${a.name}>`), ...required, ...(hasMore ? ['[options]'] : [])].join(
    ' ',
  )
}

function spelling({ name, value }: CommandOption): string {
  return value === undefined ? `--${name}` : `--${name} <${value}>`
}

function defaultOf(option: CommandOption): string {
  return option.default === undefined ? '' : ` (default ${option.default})`
}
