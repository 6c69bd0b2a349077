import type { Command } from '../command.ts'

export const migrate: Command = {
  name: 'migrate',
  doc: 'Brings the schema of the database up to date. The service does so too when it starts.',
  settings: 'taken',
  async run({ edge, output, config }) {
    const { service } = await config()
    const report = await edge.services.migrate(service)
    const sentence =
      report.applied.length === 0
        ? `the schema is up to date (version ${report.to})`
        : `the schema went from version ${report.from} to ${report.to}: ${report.applied.join(', ')}`
    output.say(sentence, report)
    return 0
  },
}
