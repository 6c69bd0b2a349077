import { resolve } from 'node:path'
import { ConfigError } from '../../config/config-error.ts'
import { isDevelopment } from '../../config/development.ts'
import { issuerRule } from '../../config/rules.ts'
import { type Command, type CommandInput, UsageError } from '../command.ts'
import { dataFolder, type LoadedConfig } from '../configuration.ts'
import { type DoctorRow, runChecks } from '../doctor/check.ts'
import { runningService, SERVICE_CHECKS } from '../doctor/service.ts'
import { SET_UP_CHECKS } from '../doctor/settings.ts'
import { scanSource } from '../doctor/source.ts'

export const doctor: Command = {
  name: 'doctor',
  doc: 'Checks the set-up, or with --url a running service, or with --source the source of an application. Exit status 1 when something is unsafe.',
  options: [
    { name: 'url', value: 'issuer', doc: 'check the service that runs there' },
    { name: 'source', value: 'folder', doc: 'look for tokens and secrets in the source of an application' },
  ],
  settings: 'taken',
  async run(input) {
    const rows = await diagnose(input)
    const unsafe = rows.filter(({ level }) => level === 'unsafe').length
    input.output.table(
      ['check', 'result', 'what'],
      rows.map(({ check, level, message }) => [check, level, message]),
      { safe: unsafe === 0, findings: rows },
    )
    if (unsafe > 0) input.output.warn(unsafe === 1 ? '1 thing is unsafe.' : `${unsafe} things are unsafe.`)
    return unsafe > 0 ? 1 : 0
  },
}

async function diagnose(input: CommandInput): Promise<readonly DoctorRow[]> {
  const url = input.option('url')
  const source = input.option('source')
  const rows: DoctorRow[] = []
  if (url !== undefined) rows.push(...(await diagnoseService(input, url)))
  if (source !== undefined) rows.push(...(await diagnoseSource(input, source)))
  if (url === undefined && source === undefined) rows.push(...(await diagnoseSetUp(input)))
  return rows
}

async function diagnoseSetUp(input: CommandInput): Promise<readonly DoctorRow[]> {
  try {
    return await checkSetUp(input, await input.config())
  } catch (error) {
    // Settings that the service would not start with are findings: the person asked what is wrong.
    if (!(error instanceof ConfigError)) throw error
    return error.faults.map(({ setting, message }) => ({
      check: 'settings',
      level: 'unsafe',
      message: `${setting} ${message}`,
    }))
  }
}

async function checkSetUp({ edge }: CommandInput, { service }: LoadedConfig): Promise<readonly DoctorRow[]> {
  return runChecks(SET_UP_CHECKS, {
    config: service,
    development: isDevelopment(service.settings.issuer),
    dataDir: dataFolder(service),
    data: await edge.services.inspect(service),
    files: edge.files,
    now: Math.floor(edge.now() / 1000),
  })
}

async function diagnoseService({ edge }: CommandInput, given: string): Promise<readonly DoctorRow[]> {
  const url = given.replace(/\/$/, '')
  const fault = issuerRule(url)
  if (fault !== undefined) throw new UsageError(`--url ${fault}`)
  return runChecks(SERVICE_CHECKS, runningService(edge, url))
}

async function diagnoseSource({ edge }: CommandInput, given: string): Promise<readonly DoctorRow[]> {
  const folder = resolve(edge.cwd, given)
  if ((await edge.files.mode(folder)) === undefined) throw new UsageError('--source names a folder that is not there')
  return scanSource(edge.files, folder)
}
