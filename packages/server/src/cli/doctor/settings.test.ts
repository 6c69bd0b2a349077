import { describe, expect, test } from 'vitest'
import { isDevelopment } from '../../config/development.ts'
import { resolveSettings } from '../../config/load.ts'
import type { SettingsInput } from '../../config/settings.ts'
import type { DataReport } from '../service.ts'
import { runChecks } from './check.ts'
import { SET_UP_CHECKS } from './settings.ts'

const NOW = 1_800_000_000
const DAY = 86_400
const ISSUER = 'https://auth.example.com'
const STRONG = `1:${Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64')}\n`
const WEAK = `1:${Buffer.alloc(32, 7).toString('base64')}\n`
const SHORT = `1:${Buffer.from('0123456789abcdef').toString('base64')}\n`

const key = (state: 'active' | 'published', publishedAt: number, activatesAt: number) => ({
  kid: state,
  alg: 'ES256',
  state,
  published_at: publishedAt,
  activates_at: activatesAt,
})
const KEYS = [key('active', NOW - 9 * DAY, NOW - 7 * DAY), key('published', NOW - 7 * DAY, NOW + 23 * DAY)]
const DATA: DataReport = { exists: true, issuer: ISSUER, keys: KEYS, pendingAdministrators: [] }

interface Changes {
  readonly settings?: Partial<SettingsInput>
  readonly data?: DataReport
  readonly key?: { readonly text: string; readonly mode: number } | undefined
  readonly folderMode?: number
}

async function check(name: string, changes: Changes = {}): Promise<string> {
  const settings = resolveSettings({ issuer: ISSUER, ...changes.settings })
  const keyFile = 'key' in changes ? changes.key : { text: STRONG, mode: 0o600 }
  const rows = await runChecks(SET_UP_CHECKS, {
    config: { settings, plugins: undefined, cwd: '/srv' },
    development: isDevelopment(settings.issuer),
    dataDir: '/srv/data',
    data: changes.data ?? DATA,
    files: {
      read: async (path) => (path === '/srv/data/master.key' ? keyFile?.text : undefined),
      mode: async (path) => (path === '/srv/data' ? (changes.folderMode ?? 0o700) : keyFile?.mode),
      create: async () => false,
      makeFolder: async () => undefined,
      async *walk() {},
    },
    now: NOW,
  })
  const found = rows.filter((row) => row.check === name).map((row) => row.level)
  expect(found, `${name} has one finding`).toHaveLength(1)
  return found[0] ?? ''
}

const development = { issuer: 'http://localhost:4000' }

describe('each check says nothing bad of a good set-up, and finds its fault', () => {
  test.each<readonly [name: string, good: Changes, goodLevel: string, bad: Changes, badLevel: string]>([
    ['issuer', {}, 'ok', { settings: development }, 'note'],
    ['listening', {}, 'ok', { settings: { host: '0.0.0.0' } }, 'note'],
    ['listening', { settings: development }, 'ok', { settings: { ...development, host: '0.0.0.0' } }, 'warning'],
    ['cookies', {}, 'ok', { settings: development }, 'note'],
    [
      'allowed origins',
      { settings: { allowedOrigins: ['https://app.example.com'] } },
      'note',
      { settings: { allowedOrigins: ['https://localhost:3000'] } },
      'warning',
    ],
    ['trusted proxies', { settings: { trustedProxies: ['10.0.0.0/8', 'fd00::/48'] } }, 'ok', {}, 'note'],
    [
      'trusted proxies',
      { settings: { trustedProxies: ['10.1.2.3'] } },
      'ok',
      { settings: { trustedProxies: ['10.0.0.0/7'] } },
      'warning',
    ],
    ['rate limits', {}, 'ok', { settings: { ...development, rateLimit: 'off' } }, 'warning'],
    [
      'lifetimes',
      { settings: { accessTokenLifetime: 900 } },
      'ok',
      { settings: { accessTokenLifetime: 901 } },
      'warning',
    ],
    ['lifetimes', {}, 'ok', { settings: { refreshAbsoluteLifetime: 200 * DAY } }, 'warning'],
    ['password length', {}, 'ok', { settings: { passwordMinLength: 14 } }, 'warning'],
    ['registration', {}, 'ok', { settings: { registration: 'open' } }, 'note'],
    ['metrics', {}, 'ok', { settings: { metricsAccess: 'open' } }, 'warning'],
    ['signing algorithm', {}, 'ok', { settings: { signingAlgorithm: 'HS256' } }, 'note'],
    ['master keys', {}, 'ok', { key: undefined }, 'unsafe'],
    [
      'master keys',
      { key: undefined, data: { exists: false } },
      'note',
      { key: { text: STRONG, mode: 0o640 } },
      'unsafe',
    ],
    [
      'master keys',
      { settings: { masterKeys: [STRONG.trim()] } },
      'ok',
      { key: { text: WEAK, mode: 0o600 } },
      'unsafe',
    ],
    ['master keys', {}, 'ok', { key: { text: SHORT, mode: 0o600 } }, 'unsafe'],
    ['data folder', {}, 'ok', { folderMode: 0o755 }, 'unsafe'],
    ['database', {}, 'ok', { data: { ...DATA, issuer: 'https://other.example.com' } }, 'unsafe'],
    ['database', { data: { exists: false } }, 'note', { data: { exists: true, problem: 'cannot be read' } }, 'unsafe'],
    ['signing keys', {}, 'ok', { data: { ...DATA, keys: KEYS.slice(1) } }, 'unsafe'],
    ['signing keys', {}, 'ok', { data: { ...DATA, keys: KEYS.slice(0, 1) } }, 'warning'],
    [
      'signing keys',
      { data: { exists: false } },
      'note',
      { data: { ...DATA, keys: [key('active', NOW - 70 * DAY, NOW - 61 * DAY), KEYS[1]!] } },
      'warning',
    ],
    ['signing keys', {}, 'ok', { data: { ...DATA, keys: [KEYS[0]!, key('published', NOW, NOW + DAY)] } }, 'warning'],
    ['administrator', {}, 'ok', { data: { ...DATA, pendingAdministrators: ['admin'] } }, 'warning'],
    ['administrator', {}, 'ok', { settings: { adminPassword: 'correct horse battery' } }, 'warning'],
  ])('%s', async (name, good, goodLevel, bad, badLevel) => {
    expect(await check(name, good)).toBe(goodLevel)
    expect(await check(name, bad)).toBe(badLevel)
  })
})
