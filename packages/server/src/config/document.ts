import { fileVariableOf, flagOf, SETTING_NAMES, SETTINGS, type SettingName, variableOf } from './settings.ts'

/** The reference page of the settings, as Markdown. */
export function settingsPage(): string {
  return [
    '# Settings',
    '',
    'Made from the table of settings in the code; do not edit.',
    '',
    'A flag goes before a variable, a variable before `countersign.config.ts`, and that before the default.',
    'In the configuration file the names are those of the headings, and durations are numbers of seconds',
    "(`seconds('10m')`). A secret has no flag that takes its value, because arguments stand in the list of processes:",
    'give a file. Every fault is told at once, and a misspelt name is a fault.',
    '',
    '**Development** means exactly this: the issuer is `http` on `localhost`, `127.0.0.1` or `[::1]`.',
    '',
    ...SETTING_NAMES.flatMap(section),
  ].join('\n')
}

function section(name: SettingName): readonly string[] {
  const { doc, accepts, fallback, example } = SETTINGS[name]
  const files = fileVariableOf(name)
  const variable = `\`${variableOf(name)}\`${files === undefined ? '' : ` or \`${files}\``}`
  return [
    `## ${name}`,
    '',
    doc,
    '',
    `- Variable: ${variable}`,
    `- Flag: \`${flagWithValue(name)}\``,
    `- Takes: ${accepts}`,
    `- Default: ${fallback.text}`,
    ...(example === undefined ? [] : [`- Example: \`${example}\``]),
    '',
  ]
}

/** The text of `.env.example`: every variable, commented out, with its default. */
export function envExample(): string {
  return [
    '# Settings of Countersign. Made from the table of settings in the code; do not edit.',
    '# Remove the # of a line to change a setting. An empty value is a fault.',
    '',
    ...SETTING_NAMES.filter((name) => SETTINGS[name].accepts !== 'nothing yet').flatMap((name) => {
      const { doc, example, accepts, fallback, secret } = SETTINGS[name]
      const variable = secret ? fileVariableOf(name) : variableOf(name)
      const value = secret ? `/run/secrets/${flagOf(name).slice(2, -'-file'.length)}` : (example ?? fallback.text)
      return [`# ${doc}`, `# Takes ${accepts}. Default: ${fallback.text}.`, `#${variable}=${value}`, '']
    }),
  ].join('\n')
}

/** A flag with its placeholder: `--port <number>`. */
export function flagWithValue(name: SettingName): string {
  return `${flagOf(name)} <${SETTINGS[name].secret ? 'path' : SETTINGS[name].placeholder}>`
}

/** What the help of a command says of a flag. */
export function flagHelp(name: SettingName): string {
  const { doc, fallback, secret } = SETTINGS[name]
  return `${secret ? 'A file that holds this. ' : ''}${doc} Default: ${fallback.text}.`
}
