/** Why the service does not start. The union is closed. */
export type ConfigErrorCode =
  | 'setting_missing'
  | 'setting_invalid'
  | 'setting_unknown'
  | 'setting_unsafe'
  | 'settings_conflict'
  | 'store_unreachable'
  | 'store_newer'
  | 'master_key_wrong'

/** One thing that is wrong with the configuration. */
export interface ConfigFault {
  readonly code: ConfigErrorCode
  /** The name as the operator wrote it: `COUNTERSIGN_PORT`, `--port` or, in the configuration file, `port`. */
  readonly setting: string
  /** What is wrong and what would be right. Never holds the value, which may be a secret. */
  readonly message: string
}

/**
 * The configuration cannot be used. Every fault is listed, so that nobody has to start the service once for each.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** The code of the first fault. */
  readonly code: ConfigErrorCode
  readonly faults: readonly ConfigFault[]

  constructor(faults: readonly [ConfigFault, ...ConfigFault[]]) {
    super(sentence(faults))
    this.code = faults[0].code
    this.faults = faults
  }
}

function sentence(faults: readonly ConfigFault[]): string {
  const count = faults.length === 1 ? '1 problem' : `${faults.length} problems`
  return [`the configuration has ${count}:`, ...faults.map((f) => `  ${f.setting} ${f.message}`)].join('\n')
}
