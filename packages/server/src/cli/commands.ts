import type { Command } from './command.ts'
import { accountCommands } from './commands/account.ts'
import { auditCommands } from './commands/audit.ts'
import { configPrint } from './commands/config.ts'
import { doctor } from './commands/doctor.ts'
import { init } from './commands/init.ts'
import { keyCommands } from './commands/key.ts'
import { migrate } from './commands/migrate.ts'
import { serve } from './commands/serve.ts'
import { tokenCommands } from './commands/token.ts'

/** Every command, once. From this table come the parser, the help and the reference page. */
export const COMMANDS: readonly Command[] = [
  serve,
  init,
  migrate,
  doctor,
  configPrint,
  ...accountCommands,
  ...keyCommands,
  ...tokenCommands,
  ...auditCommands,
]

/** The words that commands of two words begin with. */
export const GROUPS: Readonly<Record<string, string>> = {
  config: 'Look at the settings.',
  account: 'Make, look at and change accounts.',
  key: 'Look at and change signing keys.',
  token: 'Read, check and make tokens.',
  audit: 'Read and check the audit log.',
}
