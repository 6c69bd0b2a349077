import { readFileSync } from 'node:fs'
import { ConfigError, type ConfigFault } from './config-error.ts'
import { CROSS_CHECKS } from './cross-checks.ts'
import { suggestion } from './nearest.ts'
import type { Known, Parsed } from './setting.ts'
import {
  type AnySetting,
  flagOf,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  type Settings,
  type SettingsInput,
  variableOf,
} from './settings.ts'

/** Reads a whole file as text. Throws when it cannot. */
export type ReadText = (path: string) => string

/** The places where settings come from, the strongest first: flags, variables, the configuration file. */
export interface SettingSources {
  /** Flags as given, with their dashes: `{ '--port': '4100' }`. Unknown ones too: they are told as faults. */
  readonly flags?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The `settings` of `countersign.config.ts`. */
  readonly config?: unknown
}

/** Where a setting came from: `--port`, `COUNTERSIGN_PORT`, `countersign.config.ts` or `default`. */
export type Origins = Readonly<Record<SettingName, string>>

/** Settings that passed every check, and where each came from. */
export interface LoadedSettings {
  readonly settings: Settings
  readonly origins: Origins
}

/** A value that somebody gave, with the name that they gave it under. */
interface Given {
  readonly value: unknown
  readonly blame: string
  readonly origin: string
}

/** What has been found so far. */
interface Findings {
  readonly given: Partial<Record<SettingName, Given>>
  /** Settings that somebody gave, but not one that fits: what depends on them is not judged. */
  readonly faulty: Set<SettingName>
  readonly faults: ConfigFault[]
}

const CONFIG_FILE = 'countersign.config.ts'

/**
 * Gathers the settings: a flag goes before a variable, a variable before the configuration file, and that before the
 * default. A secret may stand in a file that `COUNTERSIGN_…_FILE` names.
 *
 * @throws {ConfigError} that lists every fault at once: values that do not fit (`setting_invalid`), names that no
 * setting has (`setting_unknown`), what is not safe outside development (`setting_unsafe`) and what contradicts itself
 * (`settings_conflict`)
 */
export function loadSettings(sources: SettingSources, readText: ReadText = readTextFile): LoadedSettings {
  const findings = nothingFound()
  readObject(sources.config ?? {}, CONFIG_FILE, findings)
  readVariables(sources.env ?? {}, readText, findings)
  readFlags(sources.flags ?? {}, readText, findings)

  const settings = complete(findings, variableOf)
  const origins = Object.fromEntries(
    SETTING_NAMES.map((name) => [name, findings.given[name]?.origin ?? 'default']),
  ) as Origins
  return { settings, origins }
}

/**
 * Completes the settings that an application gives, and checks them like those of the command line.
 *
 * @throws {ConfigError} as `loadSettings`, and `setting_missing` without an issuer
 */
export function resolveSettings(input: SettingsInput): Settings {
  const findings = nothingFound()
  readObject(input, 'the application', findings)
  if (findings.faults.length === 0 && findings.given.issuer === undefined) {
    findings.faults.push({ code: 'setting_missing', setting: 'issuer', message: 'is required' })
  }
  return complete(findings, (name) => name)
}

/**
 * The settings that the `COUNTERSIGN_…` variables give, for an application to change and hand on. Without
 * `COUNTERSIGN_ISSUER` the issuer is `http://localhost:` and the port. What needs several settings to judge is left to
 * `createCountersign`.
 *
 * @throws {ConfigError} `setting_invalid`, `setting_unknown`, or `settings_conflict` where a variable and its `_FILE`
 * are both set
 */
export function settingsFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  readText: ReadText = readTextFile,
): SettingsInput {
  const findings = nothingFound()
  readVariables(env, readText, findings)
  refuseFaults(findings.faults)
  const { issuer } = foundation(findings)
  const values = Object.entries(findings.given).map(([name, { value }]) => [name, value])
  return { issuer, ...Object.fromEntries(values) }
}

/** The type of `countersign.config.ts`: it changes nothing, it lets the editor help. */
export function defineConfig<const C extends { readonly settings: Partial<SettingsInput>; readonly plugins?: object }>(
  config: C,
): C {
  return config
}

function nothingFound(): Findings {
  return { given: {}, faulty: new Set(), faults: [] }
}

function readFlags(flags: Readonly<Record<string, string>>, readText: ReadText, findings: Findings): void {
  const known = new Map(SETTING_NAMES.map((name) => [flagOf(name), name]))
  for (const [flag, raw] of Object.entries(flags)) {
    const name = known.get(flag)
    if (name === undefined) findings.faults.push(unknown(flag, [...known.keys()]))
    else take(name, readNamed(name, raw, SETTINGS[name].secret, readText), { blame: flag, origin: flag }, findings)
  }
}

function readVariables(
  env: Readonly<Record<string, string | undefined>>,
  readText: ReadText,
  findings: Findings,
): void {
  const plain = new Map(SETTING_NAMES.map((name) => [variableOf(name), name]))
  const files = new Map(SETTING_NAMES.filter((n) => SETTINGS[n].file).map((name) => [`${variableOf(name)}_FILE`, name]))
  for (const [variable, raw] of Object.entries(env)) {
    if (raw === undefined || !variable.startsWith('COUNTERSIGN_')) continue
    const name = plain.get(variable) ?? files.get(variable)
    if (name === undefined) {
      findings.faults.push(unknown(variable, [...plain.keys(), ...files.keys()]))
    } else if (files.has(variable) && env[variableOf(name)] !== undefined) {
      const message = `is set beside ${variableOf(name)}; keep one of them`
      findings.faults.push({ code: 'settings_conflict', setting: variable, message })
    } else {
      const parsed = readNamed(name, raw, files.has(variable), readText)
      take(name, parsed, { blame: variable, origin: variable }, findings)
    }
  }
}

function readObject(object: unknown, origin: string, findings: Findings): void {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    findings.faults.push({ code: 'setting_invalid', setting: 'settings', message: 'is not an object' })
    return
  }
  for (const [key, value] of Object.entries(object)) {
    const name = SETTING_NAMES.find((candidate) => candidate === key)
    if (name === undefined) findings.faults.push(unknown(key, SETTING_NAMES))
    else take(name, checkValue(SETTINGS[name], value), { blame: key, origin }, findings)
  }
}

function unknown(name: string, candidates: readonly string[]): ConfigFault {
  return { code: 'setting_unknown', setting: name, message: `is not a setting${suggestion(name, candidates)}` }
}

/** Reads the text of a flag or a variable, or that of the file which it names. */
function readNamed(name: SettingName, raw: string, inFile: boolean, readText: ReadText): Parsed<unknown> {
  if (!inFile) return parseText(SETTINGS[name], raw)
  try {
    // One line end at the end of a file belongs to the editor, not to the secret.
    return parseText(SETTINGS[name], readText(raw).replace(/\r?\n$/, ''))
  } catch {
    return { ok: false, why: 'names a file that cannot be read' }
  }
}

function parseText(setting: AnySetting, text: string): Parsed<unknown> {
  if (text === '' && !setting.secret) return { ok: false, why: 'is empty; remove it for the default' }
  return setting.parse(text)
}

function checkValue(setting: AnySetting, value: unknown): Parsed<unknown> {
  if (value === undefined) return { ok: false, why: 'is undefined; leave it out for the default' }
  if (value === '' && !setting.secret) return { ok: false, why: 'is empty; leave it out for the default' }
  return setting.check(value)
}

function take(
  name: SettingName,
  parsed: Parsed<unknown>,
  from: { readonly blame: string; readonly origin: string },
  findings: Findings,
): void {
  if (parsed.ok) {
    // Only a password's rule lets it pass, and there it means: none.
    if (parsed.value === '') return
    findings.given[name] = { value: parsed.value, ...from }
  } else {
    findings.faulty.add(name)
    findings.faults.push({ code: 'setting_invalid', setting: from.blame, message: parsed.why })
  }
}

/** Fills in the defaults, asks what needs more than one setting to judge, and refuses if anything was wrong. */
function complete(findings: Findings, nameOf: (name: SettingName) => string): Settings {
  const known = foundation(findings)
  const settings = Object.fromEntries(SETTING_NAMES.map((name) => [name, chosen(name, findings, known)])) as Settings
  for (const { code, of, wrong } of CROSS_CHECKS) {
    if (of.some((name) => findings.faulty.has(name))) continue
    const message = wrong(settings)
    if (message === undefined) continue
    findings.faults.push({ code, setting: findings.given[of[0]]?.blame ?? nameOf(of[0]), message })
  }
  refuseFaults(findings.faults)
  return settings
}

/** The settings that the defaults of others are derived from. */
function foundation(findings: Findings): Known {
  const nothing = { port: 0, dataDir: '', issuer: '' }
  const port = chosen('port', findings, nothing)
  const dataDir = chosen('dataDir', findings, nothing)
  return { port, dataDir, issuer: chosen('issuer', findings, { ...nothing, port }) }
}

function chosen<N extends SettingName>(name: N, { given }: Findings, known: Known): Settings[N] {
  const value = given[name]
  return (value === undefined ? SETTINGS[name].fallback.value(known) : value.value) as Settings[N]
}

function refuseFaults(faults: readonly ConfigFault[]): void {
  const [first, ...others] = faults
  if (first !== undefined) throw new ConfigError([first, ...others])
}

function readTextFile(path: string): string {
  return readFileSync(path, 'utf8')
}
