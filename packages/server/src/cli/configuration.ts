import { isAbsolute, resolve } from 'node:path'
import { ConfigError, type ConfigErrorCode, type ConfigFault } from '../config/config-error.ts'
import { type LoadedSettings, loadSettings } from '../config/load.ts'
import type { CliEdge } from './edge.ts'
import type { ServiceConfig } from './service.ts'

/** Settings as a command runs with them, and where each came from. */
export interface LoadedConfig {
  readonly loaded: LoadedSettings
  readonly service: ServiceConfig
}

export const CONFIG_FILE = 'countersign.config.ts'
/** The name of the master key file in the data folder. */
export const MASTER_KEY_FILE = 'master.key'

/**
 * Reads flags, variables and the configuration file.
 *
 * @param named the path given with `--config`, which must exist; otherwise `countersign.config.ts` in the folder where
 * the command was given, if there is one
 * @throws {ConfigError}
 */
export async function loadConfig(
  edge: CliEdge,
  flags: Readonly<Record<string, string>>,
  named: string | undefined,
): Promise<LoadedConfig> {
  const { settings, plugins, strangers } = await readConfigFile(edge, named)
  const loaded = beside(strangers, () => loadSettings({ flags, env: edge.env, config: settings }))
  return { loaded, service: { settings: loaded.settings, plugins, cwd: edge.cwd } }
}

/** The absolute path of the data folder. */
export function dataFolder({ settings, cwd }: ServiceConfig): string {
  return isAbsolute(settings.dataDir) ? settings.dataDir : resolve(cwd, settings.dataDir)
}

/** What stands in the configuration file, and the names in it that mean nothing. */
interface ConfigParts {
  readonly settings: unknown
  readonly plugins: unknown
  readonly strangers: readonly ConfigFault[]
}

async function readConfigFile(edge: CliEdge, named: string | undefined): Promise<ConfigParts> {
  const path = resolve(edge.cwd, named ?? CONFIG_FILE)
  if ((await edge.files.mode(path)) === undefined) {
    if (named !== undefined) throw fault('setting_invalid', '--config', 'names a file that is not there')
    return { settings: {}, plugins: undefined, strangers: [] }
  }
  const config = defaultExport(await load(edge, path))
  if (config === undefined)
    throw fault('setting_invalid', CONFIG_FILE, 'has no default export of defineConfig({ settings, plugins })')
  const strangers = Object.keys(config)
    .filter((name) => name !== 'settings' && name !== 'plugins')
    .map((setting) => ({
      code: 'setting_unknown' as const,
      setting,
      message: `is not a part of ${CONFIG_FILE}; settings and plugins are`,
    }))
  return { settings: config.settings ?? {}, plugins: config.plugins, strangers }
}

/** Tells the faults that were found already together with those that `work` finds. */
function beside<T>(found: readonly ConfigFault[], work: () => T): T {
  const [first, ...rest] = found
  if (first === undefined) return work()
  try {
    work()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError([first, ...rest, ...error.faults])
  }
  throw new ConfigError([first, ...rest])
}

async function load(edge: CliEdge, path: string): Promise<unknown> {
  try {
    return await edge.importModule(path)
  } catch (error) {
    // Node's own words name no file where the syntax is wrong.
    const why = error instanceof Error ? error.message : 'it failed'
    throw fault('setting_invalid', path, `cannot be loaded: ${why}`)
  }
}

function defaultExport(module: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(module) || !isObject(module.default)) return undefined
  return module.default
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fault(code: ConfigErrorCode, setting: string, message: string): ConfigError {
  return new ConfigError([{ code, setting, message }])
}
