import { join } from 'node:path'
import { parseDuration } from '../../config/duration.ts'
import type { LoadedSettings } from '../../config/load.ts'
import { SETTING_NAMES, SETTINGS, type SettingName } from '../../config/settings.ts'
import type { Command } from '../command.ts'
import { CONFIG_FILE, dataFolder, MASTER_KEY_FILE } from '../configuration.ts'
import type { CliEdge } from '../edge.ts'

interface Made {
  readonly path: string
  readonly made: boolean
}

export const init: Command = {
  name: 'init',
  doc: `Writes a commented ${CONFIG_FILE} and a master key file. Settings given as flags stand in it. Overwrites nothing.`,
  settings: 'taken',
  async run({ edge, output, config }) {
    const { service, loaded } = await config()
    const files = [await writeConfig(edge, flagsIn(loaded)), ...(await writeMasterKey(edge, dataFolder(service)))]
    output.table(
      ['file', 'outcome'],
      files.map(({ path, made }) => [path, made ? 'written' : 'was there; left as it is']),
      files.map(({ path, made }) => ({ path, written: made })),
    )
    output.warn('Keep a copy of the master key in a safe place, apart from the database: without it the data is lost.')
    return 0
  },
}

/** What was given as a flag, and nothing from the environment: that is of this shell, not of this project. */
function flagsIn({ settings, origins }: LoadedSettings): ReadonlyMap<SettingName, unknown> {
  const given = SETTING_NAMES.filter((name) => origins[name].startsWith('--'))
  return new Map(given.map((name) => [name, settings[name]]))
}

async function writeConfig(edge: CliEdge, given: ReadonlyMap<SettingName, unknown>): Promise<Made> {
  const path = join(edge.cwd, CONFIG_FILE)
  return { path, made: await edge.files.create(path, configTemplate(given), 0o644) }
}

async function writeMasterKey(edge: CliEdge, folder: string): Promise<readonly Made[]> {
  await edge.files.makeFolder(folder, 0o700)
  const key = join(folder, MASTER_KEY_FILE)
  const ignore = join(folder, '.gitignore')
  return [
    { path: key, made: await edge.files.create(key, masterKeyText(edge.random(32)), 0o600) },
    { path: ignore, made: await edge.files.create(ignore, '*\n', 0o644) },
  ]
}

/** The text of a master key file with one key: the form of `COUNTERSIGN_MASTER_KEYS`. */
export function masterKeyText(key: Uint8Array): string {
  return `1:${Buffer.from(key).toString('base64')}\n`
}

/**
 * Every setting with what it means, commented out but for those given. Secrets are left out: they do not belong in a repository. The
 * import is of a type alone, so that the file loads also where the package is not installed beside it.
 */
export function configTemplate(given: ReadonlyMap<SettingName, unknown>): string {
  const names = SETTING_NAMES.filter((name) => !SETTINGS[name].secret && SETTINGS[name].accepts !== 'nothing yet')
  const rows = names.flatMap((name) => {
    const { doc, fallback, accepts } = SETTINGS[name]
    return [
      '',
      `  // ${doc}`,
      `  // Takes ${accepts}. Default: ${fallback.text}.`,
      given.has(name) ? `  ${name}: ${JSON.stringify(given.get(name))},` : `  // ${name}: ${exampleValue(name)},`,
    ]
  })
  return [
    "import type { Settings } from '@countersign/server'",
    '',
    '// Flags and variables (COUNTERSIGN_…) go before what stands here. Secrets do not belong here: use a variable, or a',
    '// file that COUNTERSIGN_…_FILE names. Lengths of time are numbers of seconds.',
    'const settings: Partial<Settings> = {',
    ...rows.slice(1),
    '}',
    '',
    'export default { settings }',
    '',
  ].join('\n')
}

function exampleValue(name: SettingName): string {
  const { placeholder, fallback, example } = SETTINGS[name]
  const text = example ?? fallback.text
  if (placeholder === 'duration') return String(parseDuration(text))
  if (placeholder === 'number' || placeholder === 'json') return text
  if (placeholder === 'list') return JSON.stringify(text.split(','))
  return JSON.stringify(text)
}
