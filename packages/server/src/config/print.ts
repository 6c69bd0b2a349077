import type { LoadedSettings } from './load.ts'
import { SETTING_NAMES, SETTINGS, type SettingName, variableOf } from './settings.ts'

/** A setting as `countersign config print` shows it. */
export interface SettingRow {
  readonly name: SettingName
  readonly variable: string
  /** As a variable would hold it; `[secret]` for a secret that is set; `undefined` where nothing is set. */
  readonly value: string | undefined
  /** A flag, a variable, the configuration file, or `default`. */
  readonly origin: string
}

/** Every setting, its value and where that came from. Nothing secret. */
export function settingRows({ settings, origins }: LoadedSettings): readonly SettingRow[] {
  return SETTING_NAMES.map((name) => ({
    name,
    variable: variableOf(name),
    value: shown(name, settings[name]),
    origin: origins[name],
  }))
}

function shown(name: SettingName, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (SETTINGS[name].secret) return '[secret]'
  // The value came through the row of this very name, so it has the type that the row shows.
  const show: (value: never) => string = SETTINGS[name].show
  return show(value as never)
}
