import type { AccountBody } from '@countersign/protocol'
import { type Command, CommandFailure, type CommandInput, numberOption, withService } from '../command.ts'
import { formatTime, type Output } from '../output.ts'
import type { CliService } from '../service.ts'

const ACCOUNT = { name: 'account', doc: 'the id or the username' } as const

const create: Command = {
  name: 'account create',
  doc: 'Makes an account and prints its one-time password, once. Its owner changes it at the first log-in.',
  args: [{ name: 'username', doc: '1 to 64 characters without @ and spaces' }],
  options: [
    { name: 'email', value: 'address', doc: 'an e-mail address' },
    { name: 'role', value: 'role', doc: 'a role; may be given more than once', many: true },
  ],
  settings: 'taken',
  run: (input) =>
    withService(input, async ({ accounts }) => {
      const { account, oneTimePassword } = await accounts.create({
        username: input.arg('username'),
        email: input.option('email'),
        roles: input.options('role'),
      })
      input.output.table(['id', 'username', 'one-time password'], [[account.id, account.username, oneTimePassword]], {
        account,
        one_time_password: oneTimePassword,
      })
      input.output.warn('The one-time password is shown once and is good for 24 hours.')
      return 0
    }),
}

const list: Command = {
  name: 'account list',
  doc: 'Lists accounts.',
  options: [
    { name: 'limit', value: 'number', doc: 'how many, up to 200', default: '50' },
    { name: 'cursor', value: 'cursor', doc: 'where the page before ended' },
  ],
  settings: 'taken',
  run: (input) =>
    withService(input, async ({ accounts }) => {
      const limit = numberOption(input, 'limit', 1, 200) ?? 50
      const page = await accounts.list({ limit, cursor: input.option('cursor') })
      const value = { accounts: page.accounts, next_cursor: page.nextCursor ?? null }
      input.output.table(
        ['id', 'username', 'roles', 'disabled', 'created'],
        page.accounts.map((a) => [a.id, a.username, a.roles, a.disabled, formatTime(a.created_at)]),
        value,
      )
      if (page.nextCursor !== undefined && !input.output.json) {
        input.output.warn(`There are more: --cursor ${page.nextCursor}`)
      }
      return 0
    }),
}

const show: Command = {
  name: 'account show',
  doc: 'Shows an account.',
  args: [ACCOUNT],
  settings: 'taken',
  run: (input) =>
    withService(input, async (service) => {
      printAccount(input.output, await findAccount(service, input))
      return 0
    }),
}

const setRoles: Command = {
  name: 'account set-roles',
  doc: 'Replaces the roles of an account. Without --role it has none afterwards.',
  args: [ACCOUNT],
  options: [{ name: 'role', value: 'role', doc: 'a role; may be given more than once', many: true }],
  settings: 'taken',
  run: (input) =>
    withService(input, async (service) => {
      const { id } = await findAccount(service, input)
      printAccount(input.output, await service.accounts.setRoles(id, input.options('role')))
      return 0
    }),
}

const resetPassword: Command = {
  name: 'account reset-password',
  doc: 'Gives an account a one-time password, printed once, and ends its sessions.',
  args: [ACCOUNT],
  settings: 'taken',
  run: (input) =>
    withService(input, async (service) => {
      const { id, username } = await findAccount(service, input)
      const { oneTimePassword } = await service.accounts.resetPassword(id)
      input.output.table(['id', 'username', 'one-time password'], [[id, username, oneTimePassword]], {
        id,
        one_time_password: oneTimePassword,
      })
      input.output.warn('The one-time password is shown once and is good for 24 hours.')
      return 0
    }),
}

const endSessions: Command = {
  name: 'account end-sessions',
  doc: 'Ends every session of an account.',
  args: [ACCOUNT],
  settings: 'taken',
  run: (input) =>
    withService(input, async (service) => {
      const { id } = await findAccount(service, input)
      const ended = await service.accounts.endSessions(id)
      input.output.say(ended === 1 ? '1 session ended' : `${ended} sessions ended`, { id, ended })
      return 0
    }),
}

export const accountCommands: readonly Command[] = [
  create,
  list,
  show,
  switchCommand('account disable', 'Disables an account and ends its sessions.', true),
  switchCommand('account enable', 'Enables a disabled account.', false),
  resetPassword,
  setRoles,
  endSessions,
]

function switchCommand(name: string, doc: string, disabled: boolean): Command {
  return {
    name,
    doc,
    args: [ACCOUNT],
    settings: 'taken',
    run: (input) =>
      withService(input, async (service) => {
        const { id } = await findAccount(service, input)
        printAccount(input.output, await service.accounts.setDisabled(id, disabled))
        return 0
      }),
  }
}

async function findAccount(service: CliService, input: CommandInput): Promise<AccountBody> {
  const account = await service.accounts.find(input.arg('account'))
  if (account === undefined) throw new CommandFailure('there is no account of that id or name')
  return account
}

function printAccount(output: Output, account: AccountBody): void {
  output.table(
    ['field', 'value'],
    [
      ['id', account.id],
      ['username', account.username],
      ['email', account.email],
      ['email verified', account.email_verified],
      ['roles', account.roles],
      ['disabled', account.disabled],
      ['created', formatTime(account.created_at)],
    ],
    account,
  )
}
