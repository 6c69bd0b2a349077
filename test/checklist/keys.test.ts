import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import {
  exportJwk,
  generateSigningKey,
  importSecret,
  importVerificationKey,
  type Jwk,
  thumbprint,
} from '@countersign/jwt'
import { createVerifier } from '@countersign/verifier'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SettingsInput } from '../../packages/server/src/config/settings.ts'
import { cheapHasher } from '../support/hashers.ts'
import { MAIN } from '../support/process.ts'
import {
  administrator,
  codeOf,
  login,
  openTestService,
  payloadOf,
  signUp,
  type TestService,
  type TestServiceOptions,
} from '../support/service.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const LEAD = 48 * HOUR
const PERIOD = 30 * DAY
const API = 'https://api.example.com'
const plugins = { passwordHasher: cheapHasher() }

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'countersign-test-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** Closed by the test that restarts it, else at its end. */
async function opened(settings: Partial<SettingsInput> = {}, more: TestServiceOptions = {}): Promise<TestService> {
  const service = await openTestService({ plugins, settings: { rateLimit: 'off', ...settings }, ...more })
  onTestFinished(() => service.close().catch(() => undefined))
  return service
}

async function jwksOf(service: TestService): Promise<Jwk[]> {
  const response = await service.request('/.well-known/jwks.json')
  expect(response.status).toBe(200)
  return ((await response.json()) as { keys: Jwk[] }).keys
}

const kidOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8')).kid

const rotate = (service: TestService, token: string, body: object = { now: true }) =>
  service.post('/admin/keys/rotate', body, { token })

/** Runs a statement on the service's own file, as somebody with the database but without the master key would. */
function tamper(service: TestService, sql: string, ...values: (string | number | Uint8Array)[]): void {
  const database = new DatabaseSync(join(service.folder, 'countersign.db'))
  try {
    expect(database.prepare(sql).run(...values).changes).toBeGreaterThan(0)
  } finally {
    database.close()
  }
}

interface KeyRow {
  readonly kid: string
  readonly public_jwk: string | null
  readonly wrapped: Uint8Array
}

function keyRows(service: TestService): KeyRow[] {
  const database = new DatabaseSync(join(service.folder, 'countersign.db'), { readOnly: true })
  try {
    return database
      .prepare('SELECT kid, public_jwk, wrapped FROM signing_key ORDER BY publish_at, kid')
      .all() as unknown[] as KeyRow[]
  } finally {
    database.close()
  }
}

async function refusedStart(options: TestServiceOptions): Promise<unknown> {
  return await openTestService({ plugins, ...options }).then(
    async (service) => {
      await service.close()
      return 'it started'
    },
    (error: unknown) => error,
  )
}

const MEMBERS: Record<string, string[]> = {
  ES256: ['crv', 'kty', 'x', 'y'],
  EdDSA: ['crv', 'kty', 'x'],
  RS256: ['e', 'kty', 'n'],
  PS256: ['e', 'kty', 'n'],
}

describe('S-K01 the JWK Set', () => {
  test.each(Object.keys(MEMBERS))('has public members only, in every state: %s', async (alg) => {
    const service = await opened({ signingAlgorithm: alg as 'ES256' })
    const { access_token: token } = await administrator(service)
    const sets = [await jwksOf(service)]
    expect((await rotate(service, token)).status).toBe(200)
    sets.push(await jwksOf(service))
    expect(sets.map((keys) => keys.length)).toEqual([2, 3])
    for (const key of sets.flat()) {
      expect(Object.keys(key).sort()).toEqual([...(MEMBERS[alg] ?? []), 'alg', 'kid', 'use'].sort())
      expect(key).toMatchObject({ alg, use: 'sig' })
    }
    const listed = await (await service.request('/admin/keys', { token })).text()
    for (const member of ['"d"', '"p"', '"q"', '"dp"', '"dq"', '"qi"', '"k"', 'wrapped']) {
      expect(listed + JSON.stringify(sets)).not.toContain(member)
    }
  })

  test('is empty where secrets are shared', async () => {
    const service = await opened({ signingAlgorithm: 'HS256', audience: [API] })
    expect(await jwksOf(service)).toEqual([])
    expect(keyRows(service).length).toBeGreaterThan(0)
  })
})

describe('S-K02 rotation', () => {
  test('a successor is published for the whole lead and an old key stays until its last token expired', async () => {
    const service = await opened()
    let fetches = 0
    const verifier = createVerifier({
      issuer: service.issuer,
      audience: service.issuer,
      jwksUri: `${service.issuer}/.well-known/jwks.json`,
      clock: () => service.clock.now() / 1000,
      fetch: (request) => {
        fetches += 1
        return service.service.app(request)
      },
    })
    onTestFinished(() => verifier.close())
    const works = async (token: string) => {
      expect((await service.request('/auth/me', { token })).status).toBe(200)
      expect((await verifier.verify(token)).claims.sub).toBe(payloadOf(token).sub)
    }

    const first = await signUp(service, 'alice')
    await works(first.access_token)
    const published = await jwksOf(service)
    const { keys } = await (
      await service.request('/admin/keys', { token: (await administrator(service)).access_token })
    ).json()
    const [active, next] = ['active', 'published'].map((state) => keys.find((key: Jwk) => key.state === state))
    expect(kidOf(first.access_token)).toBe(active.kid)
    expect(next.activates_at - next.published_at).toBeGreaterThanOrEqual(LEAD)
    expect(next.activates_at - active.activates_at).toBeGreaterThanOrEqual(PERIOD)
    expect(published.map(({ kid }) => kid).sort()).toEqual([active.kid, next.kid].sort())

    // The last moment of the old key, and the first one of the new.
    service.clock.advance(next.activates_at - service.clock.now() / 1000 - 30)
    const old = (await login(service, 'alice')).access_token
    await works(old)
    const before = fetches
    service.clock.advance(31)
    const fresh = (await login(service, 'alice')).access_token
    expect([kidOf(old), kidOf(fresh)]).toEqual([active.kid, next.kid])
    await works(fresh)
    await works(old)
    // It had the new key long before: nothing was fetched for it.
    expect(fetches).toBe(before)
    const end = Number(payloadOf(old).exp) - service.clock.now() / 1000
    service.clock.advance(end - 2)
    await works(old)
    expect((await jwksOf(service)).map(({ kid }) => kid)).toContain(active.kid)
  })

  test('once the old key is gone its tokens are refused, by whoever did not watch the clock too', async () => {
    const service = await opened()
    const { access_token: token } = await administrator(service)
    const { access_token: old } = await signUp(service, 'alice')
    const frozen = service.clock.now() / 1000
    /** One that has fetched nothing yet, and one whose clock stands still, for whom nothing ever expires. */
    const verifierAt = (clock: () => number) => {
      const verifier = createVerifier({
        issuer: service.issuer,
        audience: service.issuer,
        jwksUri: `${service.issuer}/.well-known/jwks.json`,
        fetch: (request) => service.service.app(request),
        clock,
      })
      onTestFinished(() => verifier.close())
      return verifier
    }
    expect((await rotate(service, token)).status).toBe(200)
    expect(await verifierAt(() => frozen).tryVerify(old)).toMatchObject({ ok: true })
    expect((await service.request('/auth/me', { token: old })).status).toBe(200)

    service.clock.advance(2 * HOUR)
    const fresh = (await login(service, 'alice')).access_token
    expect(await jwksOf(service)).not.toContainEqual(expect.objectContaining({ kid: kidOf(old) }))
    expect(await verifierAt(() => frozen).tryVerify(old)).toMatchObject({ ok: false, code: 'jwt_key_not_found' })
    expect(await verifierAt(() => service.clock.now() / 1000).tryVerify(fresh)).toMatchObject({ ok: true })
    const refused = await service.request('/auth/me', { token: old })
    expect([refused.status, await codeOf(refused)]).toEqual([401, 'token_invalid'])
    expect((await service.request('/auth/me', { token: fresh })).status).toBe(200)
  })

  test('by hand, a key younger than the lead needs to be asked for by name', async () => {
    const service = await opened()
    const { access_token: token } = await administrator(service)
    const young = await rotate(service, token, {})
    expect([young.status, await codeOf(young)]).toEqual([409, 'key_too_young'])
    expect((await rotate(service, token)).status).toBe(200)
  })

  test('the same with HS256, with the secret of the audience', async () => {
    const service = await opened({ signingAlgorithm: 'HS256', audience: [API] })
    const { access_token: token } = await administrator(service)
    const secrets = () => service.service.keys.exportSecrets(API, { actor: 'cli' })
    const verifier = async (clock: () => number) => {
      const [first, ...others] = (await secrets()).map(({ k, kid }) =>
        importSecret(Buffer.from(String(k), 'base64url'), 'HS256', { kid: String(kid) }),
      )
      if (first === undefined) throw new Error('no secret')
      const made = createVerifier({ issuer: service.issuer, audience: API, keys: [first, ...others], clock })
      onTestFinished(() => made.close())
      return made
    }
    const now = () => service.clock.now() / 1000
    const { access_token: old } = await signUp(service, 'alice')
    const frozen = now()
    expect(await (await verifier(now)).tryVerify(old)).toMatchObject({ ok: true })
    expect((await rotate(service, token)).status).toBe(200)
    const fresh = (await login(service, 'alice')).access_token
    expect(kidOf(fresh)).not.toBe(kidOf(old))
    for (const one of [old, fresh]) {
      expect(await (await verifier(now)).tryVerify(one)).toMatchObject({ ok: true })
      expect((await service.request('/auth/me', { token: one })).status).toBe(200)
    }
    service.clock.advance(2 * HOUR)
    const last = (await login(service, 'alice')).access_token
    expect(kidOf(last)).toBe(kidOf(fresh))
    expect(await (await verifier(() => frozen)).tryVerify(old)).toMatchObject({ ok: false, code: 'jwt_key_not_found' })
    expect(await (await verifier(now)).tryVerify(last)).toMatchObject({ ok: true })
    expect((await service.request('/auth/me', { token: old })).status).toBe(401)
    expect((await service.request('/auth/me', { token: last })).status).toBe(200)
    // The issuer's own secret mints administrators, so nobody gets it.
    await expect(service.service.keys.exportSecrets(service.issuer, { actor: 'cli' })).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})

describe('S-K04 who has the database, but not the master key', () => {
  test('finds private keys sealed, each with a seal of its own', async () => {
    for (const signingAlgorithm of ['ES256', 'RS256', 'HS256'] as const) {
      const service = await opened({ signingAlgorithm, audience: [API] }, { folder: folder() })
      const secrets =
        signingAlgorithm === 'HS256' ? await service.service.keys.exportSecrets(API, { actor: 'cli' }) : []
      await service.close()
      const rows = keyRows(service)
      expect(rows.length).toBeGreaterThanOrEqual(2)
      const dump = readdirSync(service.folder)
        .filter((name) => name.startsWith('countersign.db'))
        .map((name) => readFileSync(join(service.folder, name), 'latin1'))
        .join('')
      for (const { kid, wrapped } of rows) {
        expect(dump).toContain(kid)
        // Version, id of the master key, then what looks like noise.
        expect([wrapped[0], wrapped[1]]).toEqual([1, 1])
        expect(dump).toContain(Buffer.from(wrapped.subarray(0, 64)).toString('latin1'))
      }
      expect(new Set(rows.map(({ wrapped }) => Buffer.from(wrapped.subarray(2, 14)).toString('hex'))).size).toBe(
        rows.length,
      )
      for (const member of ['"d":', '"p":', '"dq":', '"k":', 'PRIVATE KEY']) expect(dump).not.toContain(member)
      for (const { k } of secrets) {
        expect(dump).not.toContain(Buffer.from(String(k), 'base64url').toString('latin1'))
        expect(dump).not.toContain(String(k))
      }
    }
  })

  test('cannot move a sealed key to another row, nor show another public half, nor add a key', async () => {
    const attacks: Record<string, (service: TestService) => Promise<void> | void> = {
      moved(service) {
        const [one, two] = keyRows(service)
        if (one === undefined || two === undefined) throw new Error('no two keys')
        tamper(service, 'UPDATE signing_key SET wrapped = ? WHERE kid = ?', two.wrapped, one.kid)
      },
      altered(service) {
        const [one] = keyRows(service)
        const wrapped = Buffer.from(one?.wrapped ?? [])
        wrapped[20] = (wrapped[20] ?? 0) ^ 1
        tamper(service, 'UPDATE signing_key SET wrapped = ? WHERE kid = ?', wrapped, one?.kid ?? '')
      },
      async 'shown as another'(service) {
        const mine = JSON.stringify(exportJwk(await generateSigningKey('ES256')))
        tamper(service, 'UPDATE signing_key SET public_jwk = ?', mine)
      },
      async added(service) {
        const mine = await generateSigningKey('ES256')
        const sql = `INSERT INTO signing_key SELECT ?, purpose, alg, epoch + 7, rev, ?, wrapped, publish_at, activate_at,
          revoked_at FROM signing_key ORDER BY publish_at LIMIT 1`
        tamper(service, sql, thumbprint(mine), JSON.stringify(exportJwk(mine)))
      },
      renamed(service) {
        tamper(service, "UPDATE signing_key SET kid = 'mine' WHERE kid = ?", keyRows(service)[0]?.kid ?? '')
      },
      'given another algorithm'(service) {
        tamper(service, "UPDATE signing_key SET alg = 'ES384'")
      },
    }
    for (const [name, attack] of Object.entries(attacks)) {
      const at = folder()
      const service = await openTestService({ plugins, folder: at })
      await service.close()
      const control = await openTestService({ plugins, folder: at })
      await control.close()
      await attack(service)
      expect([name, await refusedStart({ folder: at })]).toEqual([
        name,
        expect.objectContaining({ name: 'ConfigError', code: 'master_key_wrong' }),
      ])
    }
  })

  test('files are for their owner alone', async () => {
    const at = join(folder(), 'data')
    const service = await opened({}, { folder: at })
    await signUp(service, 'alice')
    expect(statSync(at).mode & 0o777).toBe(0o700)
    const files = readdirSync(at)
    expect(files).toEqual(expect.arrayContaining(['.gitignore', 'countersign.db', 'countersign.db-wal', 'master.key']))
    for (const name of files) expect([name, statSync(join(at, name)).mode & 0o777]).toEqual([name, 0o600])
  })
})

describe('S-K05 a master key that does not fit', () => {
  const key = (fill: number) =>
    `1:${Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 37 + fill) % 256)).toString('base64')}`

  test('stops the start, and no key is made over it', async () => {
    const at = folder()
    const first = await openTestService({ plugins, folder: at })
    await signUp(first, 'alice')
    const before = keyRows(first)
    const kids = await jwksOf(first)
    await first.close()
    const path = join(at, 'master.key')
    const right = readFileSync(path, 'utf8')
    const [, secret = ''] = right.trim().split(':')
    const wrong: Record<string, () => TestServiceOptions> = {
      another() {
        writeFileSync(path, `${key(1)}\n`)
        return {}
      },
      'under another id'() {
        writeFileSync(path, `2:${secret}\n`)
        return {}
      },
      shortened() {
        writeFileSync(path, `1:${secret.slice(0, 40)}\n`)
        return {}
      },
      empty() {
        writeFileSync(path, '')
        return {}
      },
      missing() {
        rmSync(path)
        return {}
      },
      'another in the settings': () => ({ settings: { masterKeys: [key(2)] } }),
      'another before it': () => ({ settings: { masterKeys: [`1:${secret.slice(4)}AAAA`] } }),
    }
    for (const [name, make] of Object.entries(wrong)) {
      const error = await refusedStart({ folder: at, ...make() })
      expect([name, error]).toEqual([name, expect.objectContaining({ name: 'ConfigError' })])
      expect([name, (error as { code: string }).code]).toEqual([
        name,
        expect.stringMatching(/^(?:master_key_wrong|setting_invalid)$/),
      ])
      expect(String(error)).not.toContain(secret.slice(0, 20))
      expect(readdirSync(at).filter((file) => file.startsWith('master.key.'))).toEqual([])
      writeFileSync(path, right)
    }
    expect(keyRows(first)).toEqual(before)
    const again = await opened({}, { folder: at })
    expect(await jwksOf(again)).toEqual(kids)
    await login(again, 'alice')
  })

  test('a file that is missing beside a database is not made anew', async () => {
    const at = folder()
    await (await openTestService({ plugins, folder: at })).close()
    rmSync(join(at, 'master.key'))
    await refusedStart({ folder: at })
    expect(readdirSync(at)).not.toContain('master.key')
  })
})

test('S-K06 a kid is the thumbprint of the public key, or random where there is none', async () => {
  const service = await opened()
  for (const key of await jwksOf(service)) {
    expect(key.kid).toBe(thumbprint(importVerificationKey(key, 'ES256')))
    expect(key.kid).toMatch(/^[A-Za-z0-9_-]{43}$/)
  }
  const shared = await opened({ signingAlgorithm: 'HS256', audience: [API] })
  const kids = keyRows(shared).map(({ kid }) => kid)
  expect(kids.length).toBeGreaterThanOrEqual(4)
  expect(new Set(kids).size).toBe(kids.length)
  for (const kid of kids) expect(kid).toMatch(/^[A-Za-z0-9_-]{22}$/)
})

test('S-K08 three services that start at once on an empty folder: one set of keys, one administrator', {
  timeout: 30_000,
}, async () => {
  const at = folder()
  const said = await Promise.all([1, 2, 3].map(() => startAndStop(at)))
  expect(said.map(({ status, err }) => [status, err])).toEqual([1, 2, 3].map(() => [0, '']))
  expect(said.filter(({ out }) => out.includes('one-time password'))).toHaveLength(1)
  const database = new DatabaseSync(join(at, 'countersign.db'), { readOnly: true })
  onTestFinished(() => database.close())
  const numberOf = (sql: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${sql}`).get()?.n)
  expect(numberOf('account')).toBe(1)
  expect(numberOf('account WHERE administrator = 1')).toBe(1)
  expect(numberOf('signing_key')).toBe(2)
  expect(numberOf("audit WHERE body LIKE '%account.first_administrator%'")).toBe(1)
  expect(numberOf("audit WHERE body LIKE '%service.started%'")).toBe(3)
  expect(new Set(said.map(({ jwks }) => jwks)).size).toBe(1)
})

/** A process of its own, asked for its JWK Set while the others start, and told to stop after that. */
async function startAndStop(at: string): Promise<{ out: string; err: string; status: number | null; jwks: string }> {
  const child = spawn(process.execPath, ['--conditions=@countersign/source', MAIN, 'serve'], {
    cwd: at,
    env: {
      PATH: process.env.PATH,
      COUNTERSIGN_PORT: '0',
      COUNTERSIGN_ISSUER: 'http://localhost:4000',
      COUNTERSIGN_DATA_DIR: at,
      COUNTERSIGN_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const err = text(child.stderr)
  let out = ''
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      out += part
      if (out.includes('Ctrl-C stops')) resolve()
    })
  })
  await Promise.race([ready, gone])
  if (child.exitCode !== null) throw new Error(`a service ended with ${child.exitCode}: ${await err}`)
  const [, port = ''] = /listening on\s+\S+:(\d+)/.exec(out) ?? []
  const options = { host: '127.0.0.1', port, path: '/.well-known/jwks.json', headers: { host: 'localhost:4000' } }
  const jwks = await new Promise<string>((resolve, reject) => {
    get(options, (response) => resolve(text(response))).on('error', reject)
  })
  child.kill('SIGTERM')
  return { out, err: await err, status: await gone, jwks }
}
