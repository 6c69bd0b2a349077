import { expect, test } from 'vitest'
import { envExample, flagHelp, flagWithValue, settingsPage } from './document.ts'
import { loadSettings } from './load.ts'
import { settingRows } from './print.ts'
import { flagOf, SETTING_NAMES, SETTINGS, variableOf } from './settings.ts'

test('every setting has its section, its variable and its flag on the page', () => {
  const page = settingsPage()
  for (const name of SETTING_NAMES) {
    expect(page).toContain(`\n## ${name}\n`)
    expect(page).toContain(`\`${variableOf(name)}\``)
    expect(page).toContain(flagOf(name))
  }
})

test('names of variables and flags', () => {
  expect(variableOf('accessTokenLifetime')).toBe('COUNTERSIGN_ACCESS_TOKEN_LIFETIME')
  expect(flagWithValue('accessTokenLifetime')).toBe('--access-token-lifetime <duration>')
  expect(flagWithValue('masterKeys')).toBe('--master-keys-file <path>')
  expect(flagHelp('port')).toContain('Default: 4000.')
})

test('the examples are good values, and .env.example loads line by line', () => {
  for (const name of SETTING_NAMES) {
    const { example, parse } = SETTINGS[name]
    if (example !== undefined) expect(parse(example), name).toMatchObject({ ok: true })
  }
  const lines = envExample().split('\n')
  const variables = lines.filter((line) => line.startsWith('#COUNTERSIGN_'))
  expect(variables).toHaveLength(SETTING_NAMES.filter((name) => SETTINGS[name].accepts !== 'nothing yet').length)
  expect(variables).toContain('#COUNTERSIGN_MASTER_KEYS_FILE=/run/secrets/master-keys')
  for (const line of variables) {
    const [variable = '', value = ''] = line.slice(1).split(/=(.*)/s)
    const name = SETTING_NAMES.find((candidate) => variableOf(candidate) === variable)
    if (name !== undefined) expect(SETTINGS[name].parse(value), line).toMatchObject({ ok: true })
  }
})

test('config print shows no secret, and what it shows reads back', () => {
  const env = {
    COUNTERSIGN_ADMIN_PASSWORD: 'correct horse battery',
    COUNTERSIGN_ACCESS_TOKEN_LIFETIME: '300s',
    COUNTERSIGN_ROLE_SCOPES: '{"clerk":["orders:read"]}',
  }
  const loaded = loadSettings({ env })
  const rows = settingRows(loaded)
  const row = (name: string) => rows.find((candidate) => candidate.name === name)
  expect(row('adminPassword')).toMatchObject({ value: '[secret]', origin: 'COUNTERSIGN_ADMIN_PASSWORD' })
  expect(row('masterKeys')).toMatchObject({ value: undefined, origin: 'default' })
  expect(row('accessTokenLifetime')).toMatchObject({ value: '5m' })
  expect(row('roleScopes')).toMatchObject({ value: '{"clerk":["orders:read"]}' })
  expect(JSON.stringify(rows)).not.toContain('correct horse')

  const texts = rows.filter(({ value }) => value !== undefined && value !== '' && value !== '[secret]')
  const again = loadSettings({ env: Object.fromEntries(texts.map(({ variable, value }) => [variable, value])) })
  expect(again.settings).toEqual({ ...loaded.settings, adminPassword: undefined })
})
