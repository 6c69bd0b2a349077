import { describe, expect, test } from 'vitest'
import { ConfigError, type ConfigErrorCode } from './config-error.ts'
import { seconds } from './duration.ts'
import { loadSettings, resolveSettings, type SettingSources, settingsFromEnv } from './load.ts'
import { SETTING_NAMES } from './settings.ts'

const KEY_1 = Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64')
const KEY_2 = Buffer.from(Array.from({ length: 32 }, (_, i) => 255 - i)).toString('base64')
const PRODUCTION = { COUNTERSIGN_ISSUER: 'https://auth.example.com' }

const noFiles = (): string => {
  throw new Error('there is no such file')
}

function faultsOf(sources: SettingSources): readonly { code: ConfigErrorCode; setting: string; message: string }[] {
  try {
    loadSettings(sources, noFiles)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

const fromEnv = (env: Record<string, string>) => faultsOf({ env })
const codesOf = (sources: SettingSources) => faultsOf(sources).map(({ code, setting }) => `${code} ${setting}`)

describe('what nobody set', () => {
  const { settings, origins } = loadSettings({})

  test('is the default', () => {
    expect(settings).toMatchObject({
      issuer: 'http://localhost:4000',
      host: '127.0.0.1',
      port: 4000,
      databaseUrl: 'sqlite:./data/countersign.db',
      audience: ['http://localhost:4000'],
      registration: 'open',
      signingAlgorithm: 'ES256',
      accessTokenLifetime: 600,
      refreshIdleLifetime: 14 * 86_400,
      refreshAbsoluteLifetime: 90 * 86_400,
      refreshGrace: 35,
      keyPeriod: 30 * 86_400,
      keyLead: 48 * 3600,
      passwordMinLength: 15,
      reauthenticationAge: 3600,
      rateLimit: 'on',
      metricsAccess: 'loopback',
      masterKeys: undefined,
      adminPassword: undefined,
    })
    expect(Object.keys(settings)).toEqual(SETTING_NAMES)
    expect(origins.port).toBe('default')
  })

  test('follows what was set', () => {
    expect(loadSettings({ env: { COUNTERSIGN_PORT: '4100' } }).settings.issuer).toBe('http://localhost:4100')
    expect(loadSettings({ env: PRODUCTION }).settings).toMatchObject({
      audience: ['https://auth.example.com'],
      registration: 'closed',
    })
    expect(loadSettings({ flags: { '--data-dir': '/srv/csn' } }).settings.databaseUrl).toBe(
      'sqlite:/srv/csn/countersign.db',
    )
  })
})

test('a flag goes before a variable, a variable before the file, the file before the default', () => {
  const config = { port: 4001, logLevel: 'warn', accessTokenLifetime: seconds('5m') }
  const env = { COUNTERSIGN_PORT: '4002', COUNTERSIGN_LOG_LEVEL: 'error', PATH: '/bin' }
  const { settings, origins } = loadSettings({ config, env, flags: { '--port': '4003' } })
  expect(settings).toMatchObject({ port: 4003, logLevel: 'error', accessTokenLifetime: 300 })
  expect(origins).toMatchObject({
    port: '--port',
    logLevel: 'COUNTERSIGN_LOG_LEVEL',
    accessTokenLifetime: 'countersign.config.ts',
    host: 'default',
  })
})

test('every fault is told at once', () => {
  const sources = {
    flags: { '--prot': '1', '--key-lead': '2 days' },
    env: { COUNTERSIGN_PORT: '70000', COUNTERSIGN_ACCESS_TOKEN_LIFETIME: '2h', COUNTERSIGN_ISSUR: 'x' },
    config: { logLevel: 'loud', audiance: [] },
  }
  expect(codesOf(sources)).toEqual([
    'setting_invalid logLevel',
    'setting_unknown audiance',
    'setting_invalid COUNTERSIGN_PORT',
    'setting_invalid COUNTERSIGN_ACCESS_TOKEN_LIFETIME',
    'setting_unknown COUNTERSIGN_ISSUR',
    'setting_unknown --prot',
    'setting_invalid --key-lead',
  ])
  expect(() => loadSettings(sources)).toThrowErrorMatchingInlineSnapshot(`
    [ConfigError: the configuration has 7 problems:
      logLevel is not one of debug, info, warn, error, silent
      audiance is not a setting (did you mean audience?)
      COUNTERSIGN_PORT is not a whole number from 0 to 65535
      COUNTERSIGN_ACCESS_TOKEN_LIFETIME is more than 60m
      COUNTERSIGN_ISSUR is not a setting (did you mean COUNTERSIGN_ISSUER?)
      --prot is not a setting (did you mean --port?)
      --key-lead is not a duration such as 30s, 10m, 48h or 14d]
  `)
})

test('a fault never shows the value', () => {
  const env = {
    COUNTERSIGN_ADMIN_PASSWORD: 'hunter2',
    COUNTERSIGN_MASTER_KEYS: 'hunter2',
    COUNTERSIGN_HOST: 'hunter2!',
  }
  const faults = fromEnv(env)
  expect(faults).toHaveLength(3)
  expect(JSON.stringify(faults)).not.toContain('hunter2')
})

describe('values of one setting', () => {
  const cases: readonly (readonly [variable: string, good: readonly string[], bad: readonly string[]])[] = [
    ['PORT', ['1', '65535'], ['', '-1', '65536', '80a', '1e3', '0x10', ' 80']],
    ['HOST', ['0.0.0.0', '::1', 'auth.internal'], ['', 'http://x', 'a b', 'x:80', '-x']],
    [
      'ISSUER',
      ['https://auth.example.com', 'https://example.com/auth', 'http://localhost:4000', 'http://[::1]:4000'],
      [
        '',
        'auth.example.com',
        'ftp://example.com',
        'https://auth.example.com/',
        'https://example.com/auth/',
        'https://example.com?x',
        'https://example.com?',
        'https://example.com#x',
        'https://example.com#',
        'https://user@example.com',
        'https://user:pass@example.com',
        'https://EXAMPLE.com',
        'https://example.com:443',
        'https://example.com/a/../b',
        ' https://example.com',
      ],
    ],
    [
      'DATABASE_URL',
      ['sqlite:./x.db', 'sqlite:/srv/x.db'],
      ['', 'sqlite:', 'sqlite::memory:', './x.db', 'postgres://localhost/x', 'mysql://x'],
    ],
    [
      'SIGNING_ALGORITHM',
      ['ES256', 'EdDSA', 'Ed25519', 'HS256', 'PS512'],
      ['', 'none', 'es256', 'ML-DSA-44', 'toString'],
    ],
    ['ACCESS_TOKEN_LIFETIME', ['1m', '600s', '60m', '1h'], ['', '600', '0s', '61m', '10 m', '-1m', '1.5m', '10M']],
    ['AUDIENCE', ['a', 'https://a.example,https://b.example', 'a, b'], ['', 'a,', 'a,a', 'a b']],
    [
      'ALLOWED_ORIGINS',
      ['https://app.example.com', 'https://app.example.com:8443,https://b.example'],
      [
        '',
        '*',
        'null',
        'https://app.example.com/',
        'https://*.example.com/x',
        'app.example.com',
        'https://a.example:443',
      ],
    ],
    [
      'TRUSTED_PROXIES',
      ['10.0.0.1', '10.0.0.0/8,::1', 'fd00::/8'],
      ['', '10.0.0.0/33', '10.0.0', '10.0.0.0/8/8', 'localhost', '::/129', '10.0.0.0/', '10.0.0.0/08'],
    ],
    ['ADMIN_USERNAME', ['admin', 'Zoë'], ['', 'a@b', 'a b', 'x'.repeat(65), 'a\u0000']],
    ['ADMIN_PASSWORD', ['correct horse battery', 'ü'.repeat(15)], ['x'.repeat(14), 'x'.repeat(257)]],
    ['PASSWORD_MIN_LENGTH', ['8', '64'], ['7', '65', '']],
    [
      'MASTER_KEYS',
      [`1:${KEY_1}`, `2:${KEY_2},1:${KEY_1}`],
      ['', KEY_1, `0:${KEY_1}`, `256:${KEY_1}`, `1:${KEY_1.slice(4)}`, `1:${KEY_1},1:${KEY_2}`, `1:${'A'.repeat(43)}=`],
    ],
    [
      'ROLE_SCOPES',
      ['{"clerk":["orders:read"]}', '{}'],
      [
        '',
        'x',
        '[]',
        'null',
        '{"clerk":"orders"}',
        '{"clerk":["a b"]}',
        '{"clerk":["admin"]}',
        '{"":["a"]}',
        '{"c":["a","a"]}',
      ],
    ],
    ['DEFAULT_SCOPES', ['a', 'a,b'], ['', 'admin', 'a b', 'a"']],
    ['RATE_LIMIT', ['on'], ['', 'yes', 'true']],
    ['REGISTRATION', ['open', 'closed'], ['invite', '']],
    ['LOGINS_PER_MINUTE', ['1'], ['0']],
  ]
  test.each(cases)('%s', (variable, good, bad) => {
    const name = `COUNTERSIGN_${variable}`
    for (const value of good) expect(fromEnv({ ...PRODUCTION, [name]: value }), value).toEqual([])
    for (const value of bad) {
      expect(fromEnv({ ...PRODUCTION, [name]: value }), value).toMatchObject([
        { code: 'setting_invalid', setting: name },
      ])
    }
  })

  test('features that do not exist yet cannot be set', () => {
    for (const [variable, value] of [
      ['COUNTERSIGN_REDIS_URL', 'redis://localhost'],
      ['COUNTERSIGN_SMTP_URL', 'smtp://localhost'],
      ['COUNTERSIGN_FEED_ACCESS', 'open'],
      ['COUNTERSIGN_DATABASE_URL', 'postgres://localhost/countersign'],
    ] as const) {
      const [fault, ...more] = fromEnv({ [variable]: value })
      expect(more).toEqual([])
      expect(fault).toMatchObject({ code: 'setting_invalid', setting: variable })
      expect(fault?.message).toContain('not supported yet by this version')
    }
  })

  test('values given in code are checked like texts', () => {
    expect(codesOf({ config: { port: '4000' } })).toEqual(['setting_invalid port'])
    expect(codesOf({ config: { accessTokenLifetime: '5m' } })).toEqual(['setting_invalid accessTokenLifetime'])
    expect(codesOf({ config: { accessTokenLifetime: 5.5 } })).toEqual(['setting_invalid accessTokenLifetime'])
    expect(codesOf({ config: { audience: 'x' } })).toEqual(['setting_invalid audience'])
    expect(codesOf({ config: { audience: [] } })).toEqual(['setting_invalid audience'])
    expect(codesOf({ config: { masterKeys: [] } })).toEqual(['setting_invalid masterKeys'])
    expect(codesOf({ config: { allowedOrigins: [], defaultScopes: [] } })).toEqual([])
    expect(codesOf({ config: { host: undefined } })).toEqual(['setting_invalid host'])
    expect(codesOf({ config: [] })).toEqual(['setting_invalid settings'])
    expect(codesOf({ config: { port: 4000, audience: ['x'], accessTokenLifetime: 300, host: '::1' } })).toEqual([])
  })
})

describe('secrets', () => {
  const files: Readonly<Record<string, string>> = { '/run/secrets/keys': `1:${KEY_1}\n`, '/run/secrets/empty': '\n' }
  const readText = (path: string): string => files[path] ?? noFiles()

  test('may stand in a file, whose last line end does not count', () => {
    const env = { COUNTERSIGN_MASTER_KEYS_FILE: '/run/secrets/keys' }
    const { settings, origins } = loadSettings({ env }, readText)
    expect(settings.masterKeys).toEqual([`1:${KEY_1}`])
    expect(origins.masterKeys).toBe('COUNTERSIGN_MASTER_KEYS_FILE')
    expect(
      loadSettings({ flags: { '--master-keys-file': '/run/secrets/keys' } }, readText).settings.masterKeys,
    ).toEqual([`1:${KEY_1}`])
  })

  test('in a file that is missing or empty, or given twice, are faults', () => {
    const codes = (env: Record<string, string>) => {
      try {
        return loadSettings({ env }, readText) && []
      } catch (error) {
        return error instanceof ConfigError ? error.faults.map(({ code, setting }) => `${code} ${setting}`) : [error]
      }
    }
    expect(codes({ COUNTERSIGN_MASTER_KEYS_FILE: '/nowhere' })).toEqual([
      'setting_invalid COUNTERSIGN_MASTER_KEYS_FILE',
    ])
    expect(codes({ COUNTERSIGN_MASTER_KEYS_FILE: '/run/secrets/empty' })).toEqual([
      'setting_invalid COUNTERSIGN_MASTER_KEYS_FILE',
    ])
    expect(codes({ COUNTERSIGN_MASTER_KEYS_FILE: '/run/secrets/keys', COUNTERSIGN_MASTER_KEYS: `1:${KEY_1}` })).toEqual(
      ['settings_conflict COUNTERSIGN_MASTER_KEYS_FILE'],
    )
  })

  test('have no flag that takes them', () => {
    expect(codesOf({ flags: { '--admin-password': 'correct horse battery' } })).toEqual([
      'setting_unknown --admin-password',
    ])
  })

  test('only settings that may be secret have a file', () => {
    expect(codesOf({ env: { COUNTERSIGN_PORT_FILE: '/run/secrets/keys' } })).toEqual([
      'setting_unknown COUNTERSIGN_PORT_FILE',
    ])
  })

  test('S-P10 an empty administrator password is none, from wherever it comes', () => {
    const passwordOf = (env: Record<string, string>) => loadSettings({ env }, readText).settings.adminPassword
    expect(passwordOf({ COUNTERSIGN_ADMIN_PASSWORD: '' })).toBeUndefined()
    expect(passwordOf({ COUNTERSIGN_ADMIN_PASSWORD_FILE: '/run/secrets/empty' })).toBeUndefined()
    expect(resolveSettings({ issuer: 'http://localhost:4000', adminPassword: '' }).adminPassword).toBeUndefined()
    expect(loadSettings({}).settings.adminPassword).toBeUndefined()
    expect(passwordOf({ COUNTERSIGN_ADMIN_PASSWORD: 'correct horse battery' })).toBe('correct horse battery')
  })

  test('S-K05 a master key that is too short refuses', () => {
    const short = Buffer.alloc(31, 7).toString('base64')
    expect(fromEnv({ COUNTERSIGN_MASTER_KEYS: `1:${short}` })).toMatchObject([{ code: 'setting_invalid' }])
    expect(fromEnv({ COUNTERSIGN_MASTER_KEYS: `1:${KEY_1}` })).toEqual([])
  })
})

describe('what is for development alone', () => {
  const cases: readonly (readonly [variable: string, value: string])[] = [
    ['COUNTERSIGN_RATE_LIMIT', 'off'],
    ['COUNTERSIGN_ACCESS_TOKEN_LIFETIME', '59s'],
    ['COUNTERSIGN_REFRESH_GRACE', '14s'],
    ['COUNTERSIGN_KEY_LEAD', '59m'],
    ['COUNTERSIGN_ALLOWED_ORIGINS', 'http://192.168.1.9:3000'],
    ['COUNTERSIGN_TRUSTED_PROXIES', '0.0.0.0/0'],
  ]

  test.each(cases)('S-T13 %s=%s refuses elsewhere', (variable, value) => {
    for (const issuer of ['http://localhost:4000', 'http://127.0.0.1:4000', 'http://[::1]:4000']) {
      expect(fromEnv({ COUNTERSIGN_ISSUER: issuer, [variable]: value })).toEqual([])
    }
    for (const issuer of ['https://auth.example.com', 'https://localhost']) {
      expect(codesOf({ env: { COUNTERSIGN_ISSUER: issuer, [variable]: value } })).toEqual([
        `setting_unsafe ${variable}`,
      ])
    }
  })

  test('they are told together', () => {
    const env = { ...PRODUCTION, ...Object.fromEntries(cases) }
    expect(codesOf({ env }).toSorted()).toEqual(cases.map(([variable]) => `setting_unsafe ${variable}`).toSorted())
  })

  test('any other http issuer refuses', () => {
    for (const issuer of [
      'http://auth.example.com',
      'http://localhost.example.com',
      'http://127.0.0.2',
      'http://192.168.1.9',
    ]) {
      expect(codesOf({ env: { COUNTERSIGN_ISSUER: issuer } })).toEqual(['setting_unsafe COUNTERSIGN_ISSUER'])
    }
  })
})

describe('settings that contradict each other', () => {
  const cases: readonly (readonly [env: Record<string, string>, blamed: string, mended: Record<string, string>])[] = [
    [
      { COUNTERSIGN_REFRESH_IDLE_LIFETIME: '635s' },
      'COUNTERSIGN_REFRESH_IDLE_LIFETIME',
      { COUNTERSIGN_REFRESH_IDLE_LIFETIME: '636s' },
    ],
    [
      { COUNTERSIGN_REFRESH_ABSOLUTE_LIFETIME: '13d' },
      'COUNTERSIGN_REFRESH_IDLE_LIFETIME',
      { COUNTERSIGN_REFRESH_ABSOLUTE_LIFETIME: '14d' },
    ],
    [{ COUNTERSIGN_KEY_PERIOD: '47h' }, 'COUNTERSIGN_KEY_LEAD', { COUNTERSIGN_KEY_PERIOD: '48h' }],
    [{ COUNTERSIGN_LOGIN_DELAY_MAX: '1s', COUNTERSIGN_LOGIN_DELAY_FIRST: '2s' }, 'COUNTERSIGN_LOGIN_DELAY_FIRST', {}],
    [
      { COUNTERSIGN_PORT: '0' },
      'COUNTERSIGN_PORT',
      { COUNTERSIGN_PORT: '0', COUNTERSIGN_ISSUER: 'http://localhost:4999' },
    ],
  ]
  test.each(cases)('%j', (env, blamed, mended) => {
    expect(codesOf({ env })).toEqual([`settings_conflict ${blamed}`])
    expect(codesOf({ env: mended })).toEqual([])
  })

  test('are not judged where one of them has a fault of its own', () => {
    expect(codesOf({ env: { ...PRODUCTION, COUNTERSIGN_RATE_LIMIT: 'off', COUNTERSIGN_PORT: 'x' } })).toEqual([
      'setting_invalid COUNTERSIGN_PORT',
      'setting_unsafe COUNTERSIGN_RATE_LIMIT',
    ])
    expect(codesOf({ env: { COUNTERSIGN_ISSUER: 'nonsense', COUNTERSIGN_RATE_LIMIT: 'off' } })).toEqual([
      'setting_invalid COUNTERSIGN_ISSUER',
    ])
  })
})

describe('for applications that embed the service', () => {
  test('variables give what is set, and an issuer', () => {
    expect(settingsFromEnv({ COUNTERSIGN_ACCESS_TOKEN_LIFETIME: '5m', HOME: '/root' })).toEqual({
      issuer: 'http://localhost:4000',
      accessTokenLifetime: 300,
    })
    expect(settingsFromEnv({ COUNTERSIGN_PORT: '4100' })).toEqual({ issuer: 'http://localhost:4100', port: 4100 })
    expect(settingsFromEnv(PRODUCTION)).toEqual({ issuer: 'https://auth.example.com' })
    expect(() => settingsFromEnv({ COUNTERSIGN_PROT: '1' })).toThrow(ConfigError)
  })

  test('are completed and checked', () => {
    expect(resolveSettings({ issuer: 'https://auth.example.com' })).toEqual(loadSettings({ env: PRODUCTION }).settings)
    expect(() => resolveSettings({ issuer: 'https://auth.example.com', rateLimit: 'off' })).toThrow('rateLimit is off')
    // @ts-expect-error the issuer is required
    expect(() => resolveSettings({ port: 4000 })).toThrow('issuer is required')
  })
})
