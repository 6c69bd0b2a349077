import { settingRows } from '../../config/print.ts'
import type { Command } from '../command.ts'

export const configPrint: Command = {
  name: 'config print',
  doc: 'Shows every setting, its value and where it comes from. Secrets are shown as [secret].',
  settings: 'taken',
  async run({ output, config }) {
    const { loaded } = await config()
    const rows = settingRows(loaded)
    output.table(
      ['setting', 'value', 'from'],
      rows.map(({ name, value, origin }) => [name, value, origin]),
      rows.map(({ name, variable, value, origin }) => ({ name, variable, value: value ?? null, origin })),
    )
    return 0
  },
}
