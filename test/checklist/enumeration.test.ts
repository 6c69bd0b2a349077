import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { cheapHasher } from '../support/hashers.ts'
import {
  administrator,
  openTestService,
  PASSWORD,
  payloadOf,
  register,
  signUp,
  type TestService,
  type Tokens,
} from '../support/service.ts'

let service: TestService
let admin: Tokens
beforeAll(async () => {
  service = await openTestService({ settings: { rateLimit: 'off' }, plugins: { passwordHasher: cheapHasher() } })
  admin = await administrator(service)
})
afterAll(() => service.close())

const WRONG = 'seven purple lanterns drown'

/** All that an answer shows, without the id of its request. */
async function shown(response: Response): Promise<unknown> {
  const headers = [...response.headers].filter(([name]) => name !== 'x-request-id')
  const text = (await response.text()).replaceAll(response.headers.get('x-request-id') ?? '', 'ID')
  return { status: response.status, headers, text }
}

const disable = (id: string) =>
  service.request(`/admin/accounts/${id}`, { method: 'PATCH', json: { disabled: true }, token: admin.access_token })
const reset = (id: string) =>
  service.post(`/admin/accounts/${id}/password-reset`, undefined, { token: admin.access_token })

describe('S-N01 a refused log-in looks the same', () => {
  /** Kinds of accounts, each made ready and then asked for with a password that must not open it. */
  const KINDS: Record<string, () => Promise<{ username: string; password: string }>> = {
    async 'wrong password'() {
      await register(service, 'n01-known')
      return { username: 'n01-known', password: WRONG }
    },
    async 'disabled, right password'() {
      const { account } = await signUp(service, 'n01-disabled')
      expect((await disable(account.id)).status).toBe(200)
      return { username: 'n01-disabled', password: PASSWORD }
    },
    async 'reset, old password'() {
      const { account } = await signUp(service, 'n01-reset')
      expect((await reset(account.id)).status).toBe(200)
      return { username: 'n01-reset', password: PASSWORD }
    },
    async 'one-time password that expired'() {
      const { account } = await signUp(service, 'n01-late')
      const { one_time_password: password } = await (await reset(account.id)).json()
      service.clock.advance(24 * 3600 + 1)
      // Long after it, the administrator's session is too old for the next reset.
      admin = await login()
      return { username: 'n01-late', password }
    },
    'no name at all': async () => ({ username: '', password: WRONG }),
    'a mail address': async () => ({ username: 'alice@example.org', password: WRONG }),
    'a name that no account can have': async () => ({ username: 'n01\u0000 \u202e', password: WRONG }),
    'a name of 256 characters': async () => ({ username: 'n'.repeat(256), password: WRONG }),
    'an empty password': async () => ({ username: 'n01-nobody', password: '' }),
    'a password longer than any': async () => ({ username: 'n01-nobody', password: 'x'.repeat(4096) }),
  }
  const login = async () =>
    (await (
      await service.post('/auth/login', { username: 'admin', password: PASSWORD, scope: 'admin', transport: 'body' })
    ).json()) as Tokens

  test.each(Object.keys(KINDS))('%s', async (kind) => {
    const attempt = await KINDS[kind]?.()
    for (const headers of [{}, { origin: service.issuer }] as Record<string, string>[]) {
      const unknown = await service.post('/auth/login', { username: 'n01-nobody', password: WRONG }, { headers })
      expect(unknown.status).toBe(401)
      expect(await shown(await service.post('/auth/login', attempt, { headers }))).toEqual(await shown(unknown))
    }
  })

  test('with Basic credentials too', async () => {
    const basic = (username: string, password: string) => ({
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    })
    await register(service, 'n01-basic')
    const enter = (username: string, password: string) =>
      service.post('/auth/login', undefined, { headers: basic(username, password) })
    expect(await shown(await enter('n01-basic', WRONG))).toEqual(await shown(await enter('n01-nobody', WRONG)))
    expect((await enter('n01-basic', PASSWORD)).status).toBe(200)
  })

  test('and asks the store the same', async () => {
    await register(service, 'n01-asked')
    const asked = async (username: string) => {
      const from = service.statements.length
      expect((await service.post('/auth/login', { username, password: WRONG })).status).toBe(401)
      return service.statements.slice(from)
    }
    expect(await asked('n01-asked')).toEqual(await asked('n01-nobody'))
  })

  test('at the door of the one-time password as well, whatever the account has', async () => {
    await register(service, 'n01-door')
    const change = (username: string, current_password: string) =>
      service.post('/auth/password/change', { username, current_password, new_password: 'eleven quiet harbours sleep' })
    const unknown = await shown(await change('n01-nobody', WRONG))
    expect(unknown).toMatchObject({ status: 401 })
    expect(await shown(await change('n01-door', WRONG))).toEqual(unknown)
    // The right one too: this door is for one-time passwords alone.
    expect(await shown(await change('n01-door', PASSWORD))).toEqual(unknown)
  })
})

describe('S-N05 the answer of a limit', () => {
  test('is the same for a known and an unknown name, which counts too', async () => {
    const limited = await openTestService({
      settings: { loginsPerMinute: 1000 },
      plugins: { passwordHasher: cheapHasher() },
    })
    onTestFinished(() => limited.close())
    await register(limited, 'alice')
    const { account } = await signUp(limited, 'carol')
    const { access_token: token } = await administrator(limited)
    const disabled = await limited.request(`/admin/accounts/${account.id}`, {
      method: 'PATCH',
      json: { disabled: true },
      token,
    })
    expect(disabled.status).toBe(200)
    const seen: Record<string, unknown[]> = {}
    for (const username of ['alice', 'nobody', 'carol']) {
      seen[username] = []
      for (let i = 0; i < 9; i++) {
        const response = await limited.post('/auth/login', { username, password: WRONG })
        seen[username].push(await shown(response))
        if (response.status === 429) limited.clock.advance(Number(response.headers.get('retry-after')))
      }
      expect(seen[username]).toHaveLength(9)
    }
    expect(seen.nobody).toEqual(seen.alice)
    expect(seen.carol).toEqual(seen.alice)
    expect(JSON.stringify(seen.alice)).toContain('rate_limited')
  })
})

describe('S-N07 ids', () => {
  test('are random, and nothing in them counts or tells the time', async () => {
    const accounts: Tokens[] = []
    for (let i = 0; i < 40; i++) accounts.push(await signUp(service, `n07-${i}`))
    for (const ids of [
      accounts.map(({ account }) => account.id),
      accounts.map((tokens) => tokens.session_id),
      accounts.map(({ access_token }) => String(payloadOf(access_token).jti)),
    ]) {
      const bytes = ids.map((id) => Buffer.from(id, 'base64url'))
      expect(bytes.every(({ length }) => length === 16)).toBe(true)
      expect(new Set(ids).size).toBe(40)
      for (let place = 2; place < 16; place++) {
        // 40 draws out of 256 see 37 different values on average; a clock or a counter would show one or all in a row.
        const column = bytes.map((one) => one[place] ?? 0)
        expect(new Set(column).size).toBeGreaterThan(25)
        expect(column).not.toEqual(column.toSorted((a, b) => a - b))
      }
    }
  })

  test('a subject is never used again, since no account is ever deleted and a name is no subject', async () => {
    const { account } = await signUp(service, 'n07-kept')
    const paths = ((await (await service.request('/openapi.json')).json()) as { paths: Record<string, object> }).paths
    expect(Object.keys(paths['/admin/accounts/{id}'] ?? {}).sort()).toEqual(['get', 'patch'])
    expect(account.id).not.toContain('n07')
    expect((await register(service, 'N07-Kept')).status).toBe(409)
  })
})

describe('S-N08 secrets are compared by hash or in constant time', () => {
  // No clock shows it, since the machine is louder than one byte. So the files say it themselves.
  test.each(['device-cookie', 'refresh-token', 'binding', 'audit-chain'])('in domain/%s.ts', (name) => {
    const file = new URL(`../../packages/server/src/domain/${name}.ts`, import.meta.url)
    expect(readFileSync(file, 'utf8')).toMatch(/timingSafeEqual\(/)
  })

  test('a one-time password is a hash like any other, and a wrong one costs the same', async () => {
    const made = await service.post('/admin/accounts', { username: 'n08' }, { token: admin.access_token })
    const { one_time_password: once } = await made.json()
    const change = (current_password: string) =>
      service.post('/auth/password/change', {
        username: 'n08',
        current_password,
        new_password: 'eleven quiet harbours sleep',
      })
    for (const wrong of [`${once}x`, once.slice(0, -1), once.toUpperCase() === once ? once.toLowerCase() : '']) {
      expect((await change(wrong)).status).toBe(401)
    }
    expect((await change(once)).status).toBe(200)
    expect((await change(once)).status).toBe(401)
  })
})
