import { resolve } from 'node:path'
import {
  exportJwk,
  exportJwkSet,
  exportPem,
  exportPrivateJwk,
  exportPrivatePem,
  generateSigningKey,
} from '@countersign/jwt'
import { type AccountBody, ERRORS, type ErrorCode, type KeyBody } from '@countersign/protocol'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../config/config-error.ts'
import { COMMANDS } from './commands.ts'
import { commandsPage } from './document.ts'
import type { CliEdge } from './edge.ts'
import type { CliFiles } from './files.ts'
import { runCli } from './program.ts'
import type { AuditVerdict, CliService, CliServices, DataReport, ServiceConfig } from './service.ts'

const NOW = 1_800_000_000
const ID = 'AAECAwQFBgcICQoLDA0ODw'
const PASSWORD = 'seven-purple-lanterns'

class Refusal extends Error {
  readonly code: ErrorCode
  readonly faults: readonly { pointer: string; code: string; detail: string }[] = []
  constructor(code: ErrorCode) {
    super(ERRORS[code].sentence)
    this.code = code
  }
}

function memoryFiles(contents: Map<string, { text: string; mode: number }>): CliFiles {
  return {
    read: async (path) => contents.get(path)?.text,
    async create(path, text, mode) {
      if (contents.has(path)) return false
      contents.set(path, { text, mode })
      return true
    },
    async makeFolder(path, mode) {
      if (!contents.has(path)) contents.set(path, { text: '', mode })
    },
    mode: async (path) => contents.get(path)?.mode,
    async *walk(folder) {
      for (const [path, { text }] of contents) {
        if (path.startsWith(`${folder}/`)) yield { path, size: text.length }
      }
    },
  }
}

/** One account, two keys, an audit log: the smallest service that a command can be run against. */
function smallService(verdict: AuditVerdict): { service: CliService; calls: string[] } {
  const calls: string[] = []
  const account: AccountBody = {
    id: ID,
    username: 'alice',
    email: null,
    email_verified: false,
    roles: ['clerk'],
    disabled: false,
    created_at: NOW,
  }
  const key: KeyBody = { kid: 'k1', alg: 'ES256', state: 'active', published_at: NOW - 100, activates_at: NOW }
  const service: CliService = {
    accounts: {
      async create({ username, email, roles }) {
        calls.push(`create ${username} ${email} ${roles.join('+')}`)
        if (username === 'taken') throw new Refusal('username_taken')
        return { account: { ...account, username, roles }, oneTimePassword: PASSWORD }
      },
      find: async (name) => (name === ID || name === 'alice' ? account : undefined),
      async list({ limit, cursor }) {
        calls.push(`list ${limit} ${cursor}`)
        return { accounts: [account], nextCursor: cursor === undefined ? 'next' : undefined }
      },
      setDisabled: async (id, disabled) => ({ ...account, id, disabled }),
      setRoles: async (id, roles) => ({ ...account, id, roles }),
      resetPassword: async () => ({ oneTimePassword: PASSWORD }),
      endSessions: async () => 3,
    },
    keys: {
      list: async () => [key],
      async rotate({ now }) {
        if (!now) throw new Refusal('key_too_young')
        return key
      },
      async exportSecrets(audience) {
        if (audience === 'https://api.example') return [{ kty: 'oct', k: 'c2VjcmV0', kid: 's1', alg: 'HS256' }]
        throw new Refusal('audience_not_allowed')
      },
    },
    audit: {
      async list({ limit, before }) {
        calls.push(`audit ${limit} ${before}`)
        const entry = { actor: ID, subject: ID, requestId: 'r1', detail: { reason: 'x' } }
        return [{ sequence: 7, at: NOW, event: 'account.disabled', result: 'ok', ...entry }]
      },
      async verify(progress) {
        progress(7)
        return verdict
      },
    },
    async close() {
      calls.push('close')
    },
  }
  return { service, calls }
}

interface World {
  readonly env?: Record<string, string>
  readonly files?: Record<string, string>
  readonly stdin?: string
  readonly data?: DataReport
  readonly verdict?: AuditVerdict
  readonly services?: Partial<CliServices>
  readonly module?: unknown
  readonly fetch?: (request: Request) => Promise<Response>
}

async function run(argv: readonly string[], world: World = {}) {
  const contents = new Map(
    Object.entries(world.files ?? {}).map(([path, text]) => [resolve('/srv/op', path), { text, mode: 0o600 }]),
  )
  const { service, calls } = smallService(world.verdict ?? { checked: 7, head: { sequence: 7, at: NOW, mac: 'bWFj' } })
  const written = { out: '', err: '' }
  const configs: ServiceConfig[] = []
  const edge: CliEdge = {
    argv,
    env: world.env ?? {},
    cwd: '/srv/op',
    version: '1.2.3',
    out: (text) => {
      written.out += text
    },
    err: (text) => {
      written.err += text
    },
    interactive: false,
    stdin: async () => world.stdin ?? '',
    files: memoryFiles(contents),
    importModule: async () => {
      if (world.module instanceof Error) throw world.module
      return world.module
    },
    random: (length) => Uint8Array.from({ length }, (_, i) => i),
    now: () => NOW * 1000,
    fetch: world.fetch ?? (async () => new Response(null, { status: 404 })),
    services: {
      async open(config) {
        configs.push(config)
        return service
      },
      migrate: async () => ({ from: 0, to: 2, applied: ['0001-accounts', '0002-keys'] }),
      inspect: async () => world.data ?? { exists: false },
      async serve(config, announce) {
        configs.push(config)
        const { issuer } = config.settings
        const administrator = { username: 'admin', oneTimePassword: PASSWORD }
        announce({ issuer, address: '127.0.0.1:4000', dataDir: '/srv/op/data', administrator })
        return 0
      },
      ...world.services,
    },
  }
  const status = await runCli(edge)
  return { status, ...written, contents, calls, configs }
}

describe('the command itself', () => {
  test('help and version go to stdout', async () => {
    expect(await run(['--version'])).toMatchObject({ status: 0, out: '1.2.3\n', err: '' })
    const help = await run(['--help'])
    expect(help).toMatchObject({ status: 0, err: '' })
    expect(help.out).toContain('serve')
  })

  test('every command has help', async () => {
    for (const { name, doc } of COMMANDS) {
      const help = await run([...name.split(' '), '--help'])
      expect(help, name).toMatchObject({ status: 0, err: '' })
      expect(help.out.replace(/\s+/g, ' '), name).toContain(doc)
    }
  })

  test('a command that is not understood is status 2, on stderr, with what may be meant', async () => {
    for (const [argv, told] of [
      [[], 'Usage:'],
      [['account'], 'Usage:'],
      [['srve'], 'Did you mean serve?'],
      [['account', 'creat', 'bob'], 'Did you mean create?'],
      [['account', 'create', '--rol', 'x', 'bob'], 'Did you mean --role?'],
      [['account', 'create'], 'username'],
      [['account', 'show', 'a', 'b'], 'too many arguments'],
      [['account', 'list', '--limit', '201'], '--limit is not a whole number'],
      [['serve', 'now'], 'one word too many'],
      [['serve', '--prot', '1'], '--prot is not a setting (did you mean --port?)'],
      [['serve', '--port=x'], '--port is not a whole number'],
    ] as const) {
      const result = await run(argv)
      expect(result, argv.join(' ')).toMatchObject({ status: 2, out: '' })
      expect(result.err).toContain(told)
    }
  })

  test('faults of the settings are status 1 and told at once', async () => {
    const env = { COUNTERSIGN_PORT: 'x', COUNTERSIGN_PROT: '1', COUNTERSIGN_ISSUER: 'http://auth.example.com' }
    const result = await run(['serve', '--hots', '::1'], { env })
    expect(result).toMatchObject({ status: 1, out: '', configs: [] })
    for (const name of ['COUNTERSIGN_PORT', 'COUNTERSIGN_PROT', 'COUNTERSIGN_ISSUER', '--hots']) {
      expect(result.err).toContain(`\n  ${name} `)
    }
  })

  test('S-T13 an unsafe setting refuses the start outside development', async () => {
    const argv = ['serve', '--rate-limit', 'off']
    expect(await run([...argv, '--issuer', 'https://auth.example.com'])).toMatchObject({ status: 2, configs: [] })
    expect(await run(argv)).toMatchObject({ status: 0 })
  })

  test('what nobody foresaw is status 1', async () => {
    const services = { open: () => Promise.reject(new Error('the disk is gone: csn_rt_0123456789abcdefghij')) }
    expect(await run(['key', 'list'], { services })).toMatchObject({
      status: 1,
      err: 'countersign: the disk is gone: [secret]\n',
    })
  })

  test('the reference page has every command', () => {
    for (const { name } of COMMANDS) expect(commandsPage()).toContain(`\n## countersign ${name}\n`)
  })
})

describe('settings of a command', () => {
  test('come from flags, variables and the configuration file', async () => {
    const world = {
      env: { COUNTERSIGN_HOST: '::1' },
      files: { 'countersign.config.ts': '' },
      module: { default: { settings: { port: 4100, logLevel: 'warn' }, plugins: { claims: 1 } } },
    }
    const { configs } = await run(['serve', '--port', '4200'], world)
    expect(configs[0]?.settings).toMatchObject({ port: 4200, host: '::1', logLevel: 'warn' })
    expect(configs[0]).toMatchObject({ plugins: { claims: 1 }, cwd: '/srv/op' })
  })

  test('a configuration file is refused when it is missing or of another shape', async () => {
    expect(await run(['serve', '--config', 'other.ts'])).toMatchObject({ status: 2 })
    const files = { 'countersign.config.ts': '' }
    for (const module of [{}, { default: [] }, { default: { setings: {} } }, { default: { settings: { prot: 1 } } }]) {
      expect(await run(['serve'], { files, module }), JSON.stringify(module)).toMatchObject({ status: 1, configs: [] })
    }
    expect(await run(['serve'], { files, module: { default: { settings: {} } } })).toMatchObject({ status: 0 })
  })

  test('every fault of a configuration file is told at once, whatever part it is in', async () => {
    const module = { default: { plugin: {}, setting: {}, settings: { prot: 1, logLevel: 'loud' } } }
    const { status, err } = await run(['serve'], { files: { 'countersign.config.ts': '' }, module })
    expect(status).toBe(1)
    expect(err).toContain('the configuration has 4 problems')
    for (const name of ['plugin', 'setting', 'prot', 'logLevel']) expect(err).toContain(`\n  ${name} is not `)
  })

  test('a configuration file that cannot be loaded is named', async () => {
    const module = new SyntaxError("Expected ',', got '<eof>'")
    const { status, err } = await run(['serve'], { files: { 'countersign.config.ts': '' }, module })
    expect(status).toBe(1)
    expect(err).toContain("/srv/op/countersign.config.ts cannot be loaded: Expected ',', got '<eof>'")
  })

  test('an option of the command goes before a setting of the same name', async () => {
    const argv = ['key', 'export', '--audience', 'https://api.example', '--out', 'k.json']
    const { status, configs } = await run(argv, { env: { COUNTERSIGN_SIGNING_ALGORITHM: 'HS256' } })
    expect(status).toBe(0)
    expect(configs[0]?.settings.audience).toEqual(['http://localhost:4000'])
  })
})

describe('serve', () => {
  test('S-P10 prints what a newcomer needs, with the one-time password once', async () => {
    const { out, err } = await run(['serve'])
    for (const part of [
      'http://localhost:4000',
      '/srv/op/data',
      'admin',
      'http://localhost:4000/.well-known/jwks.json',
      'http://localhost:4000/.well-known/oauth-authorization-server',
      'curl -s http://localhost:4000/auth/register',
      'curl -s http://localhost:4000/auth/login',
      'Ctrl-C stops',
    ]) {
      expect(out).toContain(part)
    }
    expect(out.split(PASSWORD)).toHaveLength(2)
    expect(err).toBe('')
  })

  test('does not offer registration where it is closed', async () => {
    const { out } = await run(['serve', '--registration', 'closed'])
    expect(out).not.toContain('/auth/register')
    expect(out).toContain('/auth/login')
  })

  test('tells programs in JSON', async () => {
    const { out } = await run(['serve', '--json'])
    expect(JSON.parse(out)).toMatchObject({ issuer: 'http://localhost:4000', one_time_password: PASSWORD })
  })

  test('tells faults of the data like those of the settings', async () => {
    const fault = { code: 'master_key_wrong', setting: 'master.key', message: 'is missing' } as const
    const services = { serve: () => Promise.reject(new ConfigError([fault])) }
    const result = await run(['serve'], { services })
    expect(result.status).toBe(1)
    expect(result.err).toContain('master.key is missing')
  })
})

describe('init', () => {
  test('writes a configuration and a master key that only its owner reads', async () => {
    const { status, contents, out } = await run(['init'])
    expect(status).toBe(0)
    expect(contents.get('/srv/op/data')?.mode).toBe(0o700)
    const key = contents.get('/srv/op/data/master.key')
    expect(key?.mode).toBe(0o600)
    expect(key?.text).toBe(`1:${Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64')}\n`)
    expect(out).not.toContain(key?.text.trim())
    expect(contents.get('/srv/op/countersign.config.ts')?.text).toContain('// accessTokenLifetime: 600,')
  })

  test('settings given as flags stand in it, secrets and variables do not', async () => {
    const env = { COUNTERSIGN_LOG_LEVEL: 'warn' }
    const flags = ['--issuer', 'https://auth.example.com', '--access-token-lifetime', '5m']
    const { status, contents } = await run(['init', ...flags], { env })
    expect(status).toBe(0)
    const text = contents.get('/srv/op/countersign.config.ts')?.text
    expect(text).toContain('\n  issuer: "https://auth.example.com",\n')
    expect(text).toContain('\n  accessTokenLifetime: 300,\n')
    expect(text).toContain('\n  // logLevel: "info",\n')
    expect(text).not.toMatch(/adminPassword|masterKeys/)
  })

  test('overwrites nothing', async () => {
    const files = { 'data/master.key': 'mine', 'countersign.config.ts': 'mine too' }
    const { status, contents, out } = await run(['init'], { files, module: { default: {} } })
    expect(status).toBe(0)
    expect(contents.get('/srv/op/data/master.key')?.text).toBe('mine')
    expect(contents.get('/srv/op/countersign.config.ts')?.text).toBe('mine too')
    expect(out).toContain('left as it is')
  })
})

test('migrate tells what it did', async () => {
  expect((await run(['migrate'])).out).toBe('the schema went from version 0 to 2: 0001-accounts, 0002-keys\n')
  const services = { migrate: async () => ({ from: 2, to: 2, applied: [] }) }
  expect((await run(['migrate'], { services })).out).toBe('the schema is up to date (version 2)\n')
})

test('config print shows values and where they come from, but no secret', async () => {
  const env = { COUNTERSIGN_ADMIN_PASSWORD: PASSWORD, COUNTERSIGN_PORT: '4100' }
  const { out } = await run(['config', 'print'], { env })
  expect(out).toMatch(/^port +4100 +COUNTERSIGN_PORT$/m)
  expect(out).toMatch(/^adminPassword +\[secret\] +COUNTERSIGN_ADMIN_PASSWORD$/m)
  const json = await run(['config', 'print', '--json'], { env })
  expect(JSON.parse(json.out)).toContainEqual({
    name: 'port',
    variable: 'COUNTERSIGN_PORT',
    value: '4100',
    origin: 'COUNTERSIGN_PORT',
  })
  expect(out + json.out).not.toContain(PASSWORD)
})

describe('account', () => {
  test('create prints the one-time password once', async () => {
    const argv = ['account', 'create', 'bob', '--role', 'clerk', '--role', 'admin', '--email', 'bob@example.com']
    const { status, out, err, calls } = await run(argv)
    expect(status).toBe(0)
    expect(calls).toEqual(['create bob bob@example.com clerk+admin', 'close'])
    expect((out + err).split(PASSWORD)).toHaveLength(2)
    expect(JSON.parse((await run([...argv, '--json'])).out)).toMatchObject({ one_time_password: PASSWORD })
  })

  test('a refusal of the service is status 1, with its code, and the service is closed', async () => {
    const { status, out, err, calls } = await run(['account', 'create', 'taken'])
    expect({ status, out, err }).toEqual({
      status: 1,
      out: '',
      err: 'countersign: The username is taken. (username_taken)\n',
    })
    expect(calls.at(-1)).toBe('close')
  })

  test('list pages', async () => {
    const first = await run(['account', 'list', '--limit', '1'])
    expect(first.out).toContain(ID)
    expect(first.err).toContain('--cursor next')
    const second = await run(['account', 'list', '--cursor', 'next', '--json'])
    expect(JSON.parse(second.out)).toMatchObject({ accounts: [{ username: 'alice' }], next_cursor: null })
    expect(second.calls).toContain('list 50 next')
  })

  test('commands take an id or a username', async () => {
    for (const name of [ID, 'alice']) {
      expect((await run(['account', 'show', name])).out).toContain(ID)
    }
    for (const verb of ['show', 'disable', 'enable', 'reset-password', 'set-roles', 'end-sessions']) {
      const result = await run(['account', verb, 'nobody'])
      expect(result, verb).toMatchObject({
        status: 1,
        out: '',
        err: 'countersign: there is no account of that id or name\n',
      })
    }
  })

  test('disable, enable, set-roles, reset-password and end-sessions tell the outcome', async () => {
    const json = async (...argv: string[]) => JSON.parse((await run(['account', ...argv, '--json'])).out)
    expect(await json('disable', 'alice')).toMatchObject({ id: ID, disabled: true })
    expect(await json('enable', 'alice')).toMatchObject({ id: ID, disabled: false })
    expect(await json('set-roles', 'alice', '--role', 'a', '--role', 'b')).toMatchObject({ roles: ['a', 'b'] })
    expect(await json('set-roles', 'alice')).toMatchObject({ roles: [] })
    expect(await json('reset-password', 'alice')).toEqual({ id: ID, one_time_password: PASSWORD })
    expect(await json('end-sessions', 'alice')).toEqual({ id: ID, ended: 3 })
  })
})

describe('key', () => {
  test('list and rotate', async () => {
    expect((await run(['key', 'list'])).out).toContain('k1')
    const young = await run(['key', 'rotate'])
    expect(young).toMatchObject({ status: 1, out: '' })
    expect(young.err).toContain('key_too_young')
    const now = await run(['key', 'rotate', '--now'])
    expect(now.status).toBe(0)
    expect(now.err).toContain('refuses its tokens until it does')
  })

  const env = { COUNTERSIGN_SIGNING_ALGORITHM: 'HS256' }
  const exporting = (audience: string): string[] => ['key', 'export', '--audience', audience, '--out', 'secrets.json']

  test('export writes a new file of mode 0600 and prints nothing of it', async () => {
    const { status, contents, out } = await run(exporting('https://api.example'), { env })
    expect(status).toBe(0)
    const file = contents.get('/srv/op/secrets.json')
    expect(file?.mode).toBe(0o600)
    expect(JSON.parse(file?.text ?? '')).toMatchObject({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] })
    expect(out).not.toContain('c2VjcmV0')
  })

  test('export refuses, and says why, without opening the service or writing anything', async () => {
    const cases: readonly (readonly [argv: string[], env: Record<string, string>, told: string])[] = [
      [exporting('https://api.example'), {}, 'http://localhost:4000/.well-known/jwks.json'],
      [exporting('http://localhost:4000'), env, "the issuer's own secret is never exported"],
    ]
    for (const [argv, variables, told] of cases) {
      const { status, err, contents, configs } = await run(argv, { env: variables })
      expect(status).toBe(1)
      expect(err).toContain(told)
      expect(contents.size + configs.length).toBe(0)
    }
    const unknown = await run(exporting('https://other.example'), { env })
    expect(unknown).toMatchObject({ status: 1, out: '' })
    expect(unknown.contents.size).toBe(0)
    expect(await run(['key', 'export', '--audience', 'a'], { env })).toMatchObject({ status: 2 })
  })

  test('export overwrites nothing', async () => {
    const again = await run(exporting('https://api.example'), { env, files: { 'secrets.json': 'mine' } })
    expect(again).toMatchObject({ status: 1, err: 'countersign: the file exists already\n' })
    expect(again.contents.get('/srv/op/secrets.json')?.text).toBe('mine')
  })
})

describe('audit', () => {
  test('list', async () => {
    const { out, calls } = await run(['audit', 'list', '--limit', '10', '--before', '8'])
    expect(out).toMatch(/^7 +2027-01-15 08:00:00Z +account.disabled +ok .* reason=x$/m)
    expect(calls).toContain('audit 10 8')
  })

  test('verify is status 1 when an entry is not as it was written', async () => {
    expect((await run(['audit', 'verify'])).out).toContain('all 7 entries are as they were written')
    const verdict = { checked: 3, fault: { sequence: 4, problem: 'the MAC does not fit' } }
    const broken = await run(['audit', 'verify', '--json'], { verdict })
    expect(broken.status).toBe(1)
    expect(JSON.parse(broken.out)).toMatchObject({ intact: false, fault: { sequence: 4 } })
  })
})

describe('token', async () => {
  const parties = ['--issuer', 'https://auth.example', '--audience', 'https://api.example']
  const key = await generateSigningKey('ES256')
  const other = await generateSigningKey('ES256')
  const secret = Buffer.alloc(32, 'abcdefghijklmnop').toString('base64url')
  const files = {
    'key.pem': exportPrivatePem(key),
    'key.jwk': JSON.stringify({ ...exportPrivateJwk(key), alg: 'ES256' }),
    'public.pem': exportPem(key),
    'public.jwk': JSON.stringify({ ...exportJwk(key), alg: 'ES256' }),
    'jwks.json': JSON.stringify(exportJwkSet([key])),
    'other.json': JSON.stringify(exportJwkSet([other])),
    'secret.txt': `${secret}\n`,
    'secrets.json': JSON.stringify({ keys: [{ kty: 'oct', k: secret, alg: 'HS256', kid: 's1' }] }),
    'short.txt': 'c2VjcmV0',
  }
  const claims = ['--claims', '{"sub":"u_42","scope":"orders:read"}']
  const sign = async (...argv: string[]) => run(['token', 'sign', ...argv, ...parties, ...claims], { files })
  const verify = async (token: string, ...argv: string[]) =>
    run(['token', 'verify', token, ...argv, ...parties], { files })

  test.each([
    [
      ['--key', 'key.pem', '--alg', 'ES256'],
      ['--key', 'public.pem', '--alg', 'ES256'],
    ],
    [
      ['--key', 'key.jwk'],
      ['--key', 'public.jwk'],
    ],
    [
      ['--key', 'key.jwk'],
      ['--jwks', 'jwks.json'],
    ],
    [
      ['--secret-file', 'secret.txt'],
      ['--secret-file', 'secret.txt', '--alg', 'HS256'],
    ],
    [
      ['--secret-file', 'secrets.json'],
      ['--secret-file', 'secrets.json'],
    ],
  ])('sign with %j, verify with %j', async (signing, verifying) => {
    const signed = await sign(...signing)
    expect(signed).toMatchObject({ status: 0, err: '' })
    const token = signed.out.trim()
    const verified = await verify(token, ...verifying)
    expect(verified).toMatchObject({ status: 0, err: '' })
    expect(verified.out).toMatch(/^claims +sub +u_42$/m)
    expect(verified.out).toMatch(/^claims +exp +1800000600 \(2027-01-15 08:10:00Z\)$/m)

    const json = await run(['token', 'verify', '-', ...verifying, ...parties, '--json'], { files, stdin: `${token}\n` })
    expect(JSON.parse(json.out)).toMatchObject({ verified: true, claims: { sub: 'u_42', scope: 'orders:read' } })
  })

  test('verify refuses with the code and status 1', async () => {
    const token = (await sign('--key', 'key.jwk')).out.trim()
    const cases: readonly (readonly [argv: string[], code: string])[] = [
      [['--jwks', 'other.json'], 'jwt_key_not_found'],
      [['--secret-file', 'secret.txt'], 'jwt_algorithm_mismatch'],
      [['--jwks', 'jwks.json', '--typ', 'JWT'], 'jwt_type_mismatch'],
    ]
    for (const [argv, code] of cases) {
      const result = await verify(token, ...argv)
      expect(result, code).toMatchObject({ status: 1, out: '' })
      expect(result.err).toContain(code)
      expect(result.err).not.toContain(token)
    }
    const elsewhere = ['--issuer', 'https://auth.example', '--audience', 'https://other.example']
    const result = await run(['token', 'verify', token, '--jwks', 'jwks.json', ...elsewhere], { files })
    expect(result.err).toContain('(jwt_claim_mismatch, aud)')
  })

  test('verify fetches a JWK Set', async () => {
    const token = (await sign('--key', 'key.jwk')).out.trim()
    const argv = ['token', 'verify', token, '--jwks-uri', 'https://auth.example/.well-known/jwks.json', ...parties]
    const serving = async (request: Request) =>
      request.url === 'https://auth.example/.well-known/jwks.json'
        ? new Response(files['jwks.json'], { headers: { 'content-type': 'application/jwk-set+json' } })
        : new Response(null, { status: 404 })
    expect(await run(argv, { fetch: serving })).toMatchObject({ status: 0 })
    const down = async () => Promise.reject(new TypeError('fetch failed'))
    expect((await run(argv, { fetch: down })).err).toContain('jwk_set_unavailable')
  })

  test('decode says loudly that nothing was verified', async () => {
    const token = (await sign('--key', 'key.jwk')).out.trim()
    const decoded = await run(['token', 'decode', token])
    expect(decoded.err).toContain('NOT VERIFIED')
    expect(decoded.out).toMatch(/^claims +sub +u_42$/m)
    const json = await run(['token', 'decode', '-', '--json'], { stdin: token })
    expect(JSON.parse(json.out)).toMatchObject({ verified: false, header: { alg: 'ES256' } })
    expect(await run(['token', 'decode', 'x.y'])).toMatchObject({ status: 1, out: '' })
  })

  test('mistakes in the command are status 2, unusable keys status 1', async () => {
    const usage = [
      ['token', 'sign', ...parties, ...claims],
      ['token', 'sign', '--key', 'key.jwk', '--secret-file', 'secret.txt', ...parties, ...claims],
      ['token', 'sign', '--key', 'key.pem', ...parties, ...claims],
      ['token', 'sign', '--key', 'key.jwk', ...parties, '--claims', '[]'],
      ['token', 'sign', '--key', 'key.jwk', ...parties, '--claims', '{"iss":"x"}'],
      ['token', 'sign', '--key', 'key.jwk', ...parties, ...claims, '--lifetime', '600'],
      ['token', 'verify', 't', ...parties],
      ['token', 'verify', '-', '--jwks', 'jwks.json', ...parties],
    ]
    for (const argv of usage) expect(await run(argv, { files }), argv.join(' ')).toMatchObject({ status: 2, out: '' })
    const unusable = [
      ['--key', 'missing.pem', '--alg', 'ES256'],
      ['--key', 'public.jwk'],
      ['--secret-file', 'short.txt'],
    ]
    for (const argv of unusable) expect(await sign(...argv), argv.join(' ')).toMatchObject({ status: 1, out: '' })
  })

  test('sign refuses what no token should carry', async () => {
    const argv = ['token', 'sign', '--key', 'key.jwk', ...parties]
    const bad = await run([...argv, '--claims', '{"sub":"u","password":"hunter2"}'], { files })
    expect(bad).toMatchObject({ status: 1, out: '' })
    expect(bad.err).toContain('jwt_payload_refused')
    expect(bad.err).toContain('/password')
    expect(bad.err).not.toContain('hunter2')
    const noSubject = await run([...argv, '--claims', '{}'], { files })
    expect(noSubject.err).toContain('jwt_claim_missing')
  })
})

describe('doctor', () => {
  const MASTER = `1:${Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64')}`

  test('a first start is safe', async () => {
    const { status, out } = await run(['doctor'])
    expect(status).toBe(0)
    expect(out).toContain('is for development')
  })

  test('settings that refuse the start are findings', async () => {
    const env = { COUNTERSIGN_ISSUER: 'https://auth.example.com', COUNTERSIGN_RATE_LIMIT: 'off', COUNTERSIGN_PROT: '1' }
    const { status, out } = await run(['doctor', '--json'], { env })
    expect(status).toBe(1)
    const { safe, findings } = JSON.parse(out)
    expect(safe).toBe(false)
    expect(findings.map(({ message }: { message: string }) => message.split(' ')[0])).toEqual([
      'COUNTERSIGN_PROT',
      'COUNTERSIGN_RATE_LIMIT',
    ])
  })

  test('data of another issuer is unsafe', async () => {
    const files = { 'data/master.key': MASTER }
    const mine = { exists: true, issuer: 'http://localhost:4000' }
    expect(await run(['doctor'], { files, data: mine })).toMatchObject({ status: 0 })
    const theirs = await run(['doctor'], { files, data: { ...mine, issuer: 'http://localhost:5000' } })
    expect(theirs.status).toBe(1)
    expect(theirs.err).toBe('1 thing is unsafe.\n')
  })

  test('the source of an application is scanned', async () => {
    const files = { 'app/a.ts': "ok()\nlocalStorage.setItem('access_token', token)\n", 'app/logo.png': 'localStorage' }
    const { status, out } = await run(['doctor', '--source', 'app'], { files: { ...files, app: '' } })
    expect(status).toBe(1)
    expect(out).toContain('a.ts:2')
    expect(await run(['doctor', '--source', 'none'])).toMatchObject({ status: 2 })
  })

  test('an address that is no issuer is a mistake', async () => {
    expect(await run(['doctor', '--url', 'localhost:4000'])).toMatchObject({ status: 2 })
    expect(await run(['doctor', '--url', 'http://localhost:4000/'])).toMatchObject({ status: 1 })
  })
})
