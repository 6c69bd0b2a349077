import { describe, expect, test, vi } from 'vitest'
import { ClientError, createClient } from '../../packages/client/src/index.ts'
import { ALICE, API, BOB, createStore, createWorld, ISSUER, PAGE, settle } from './contract-service.ts'

const ORDERS = `${API}/orders`

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ClientError)) throw new Error('expected a ClientError', { cause: error })
  return error.code
}

async function callerOf(response: Response): Promise<string | null> {
  expect(response.status).toBe(200)
  return ((await response.json()) as { caller: string | null }).caller
}

describe('signing in', () => {
  test('a page signs in by cookie, a program by body', async () => {
    const world = createWorld()
    const page = world.page()
    const user = await page.login(ALICE)
    expect(user).toEqual({
      id: 'id-of-alice',
      username: 'alice',
      email: undefined,
      emailVerified: false,
      roles: [],
      claims: {},
    })
    expect(page.state).toEqual({ status: 'signed-in', user, session: { id: page.session?.id, expiresAt: undefined } })
    const [login] = world.seen
    expect(JSON.parse(login!.body)).toEqual({ ...ALICE, transport: 'cookie' })
    expect(login!.init).toMatchObject({ credentials: 'include', redirect: 'error', cache: 'no-store' })
    expect(login!.headers.get('x-csn-csrf')).toBe('1')

    const store = createStore()
    const program = world.program(store, { scope: 'orders:read', audience: [API] })
    await program.login(ALICE)
    expect(JSON.parse(world.seen[1]!.body)).toEqual({
      ...ALICE,
      transport: 'body',
      scope: 'orders:read',
      audience: [API],
    })
    expect(world.seen[1]!.init).toMatchObject({ credentials: 'omit', redirect: 'error' })
    expect(store.value).toMatch(/^csn_rt_/)
    expect(program.session?.expiresAt).toBe(1_800_000_000 + 1_209_600)
  })

  test('a wrong password is told by its code, with the request id, and signs nobody in', async () => {
    const world = createWorld()
    const client = world.page()
    const error = await client.login({ ...ALICE, password: 'not it' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'ClientError', code: 'credentials_invalid', requestId: 'request-1' })
    expect(client.user).toBeUndefined()
    expect(await client.login(ALICE)).toMatchObject({ username: 'alice' })
  })

  test('rate_limited tells how long to wait', async () => {
    const world = createWorld()
    world.fail('/auth/login', world.problem('rate_limited', { 'retry-after': '7' }))
    await expect(world.page().login(ALICE)).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 7 })
  })

  test("a captive portal's page is not a log-in, a dead line is unavailable", async () => {
    const world = createWorld()
    const client = world.page()
    world.fail('/auth/login', new Response('<h1>Welcome</h1>', { headers: { 'content-type': 'text/html' } }), 'dead')
    expect(await codeOf(client.login(ALICE))).toBe('response_invalid')
    expect(await codeOf(client.login(ALICE))).toBe('unavailable')
    expect((await client.login(ALICE)).username).toBe('alice')
  })

  test('a storage that cannot keep the token is storage_failed, and the session does not stay open', async () => {
    const world = createWorld()
    const store = { get: () => null, set: () => Promise.reject(new Error('keychain locked')) }
    const client = world.program(store)
    expect(await codeOf(client.login(ALICE))).toBe('storage_failed')
    expect(client.user).toBeUndefined()
  })
})

describe('coming back', () => {
  test('a new page finds the session by its cookie, with one request', async () => {
    const world = createWorld()
    await world.page().login(ALICE)
    const page = world.page()
    expect(page.state.status).toBe('loading')
    expect((await page.ready()).user?.username).toBe('alice')
    expect(world.count('/auth/refresh')).toBe(1)
    const refresh = world.seen.at(-1)!
    expect(refresh.body).toBe('')
    expect(refresh.init).toMatchObject({ keepalive: true, credentials: 'include' })
  })

  test('a program with an empty storage is signed out without a request', async () => {
    const world = createWorld()
    const client = world.program(createStore())
    expect((await client.ready()).status).toBe('signed-out')
    expect(await client.accessToken()).toBeNull()
    expect(world.seen).toHaveLength(0)
  })

  test('offline at the start is not signed out', async () => {
    const world = createWorld()
    await world.page().login(ALICE)
    const page = world.page()
    world.fail('/auth/refresh', 'dead', 'dead')
    expect(await codeOf(page.ready())).toBe('unavailable')
    expect(page.user).toBeUndefined()
    await world.advance(2)
    expect((await page.ready()).status).toBe('signed-in')
  })
})

describe('one refresh', () => {
  test('known-expiry: 50 requests, one refresh, no 401', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(100)
    const responses = await Promise.all(Array.from({ length: 50 }, () => client.fetch(ORDERS)))
    expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(world.count('/auth/refresh')).toBe(1)
    expect(world.count('/orders')).toBe(50)
  })

  test('server-side-401: 50 refused requests, one refresh, each sent twice', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(30)
    const denied = () =>
      new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer realm="a, b", error="invalid_token"' } })
    world.fail('/orders', ...Array.from({ length: 50 }, denied))
    const responses = await Promise.all(Array.from({ length: 50 }, () => client.fetch(ORDERS)))
    expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(world.count('/auth/refresh')).toBe(1)
    expect(world.count('/orders')).toBe(100)
  })

  test('late-401: a 401 for a token that was replaced meanwhile starts no second refresh', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(99)
    const release = world.hold('/slow')
    world.fail(
      '/slow',
      new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }),
    )
    const slow = client.fetch(`${API}/slow`)
    await world.advance(2)
    await client.fetch(ORDERS)
    release()
    expect((await slow).status).toBe(200)
    expect(world.count('/auth/refresh')).toBe(1)
  })

  test('refresh-ahead: in the last fifth the request leaves at once with the old token', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    const first = await client.accessToken()
    await world.advance(79)
    expect(await client.accessToken()).toBe(first)
    expect(world.count('/auth/refresh')).toBe(0)
    await world.advance(2)
    expect(await client.accessToken()).toBe(first)
    await settle()
    expect(world.count('/auth/refresh')).toBe(1)
    expect(await client.accessToken()).not.toBe(first)
  })

  test('no timers: a client that nobody uses asks for nothing', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(5000)
    expect(world.seen).toHaveLength(1)
    expect(await client.accessToken()).not.toBeNull()
  })

  test('the refresh token is kept before the access token is published', async () => {
    const world = createWorld({ life: 100 })
    const store = createStore()
    const client = world.program(store)
    await client.login(ALICE)
    await world.advance(100)
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const set = store.set
    store.set = ((value: string | null) => gate.then(() => set(value))) as typeof store.set
    let published: string | null | undefined
    const asked = client.accessToken().then((token) => {
      published = token
    })
    await settle()
    expect(world.count('/auth/refresh')).toBe(1)
    expect(published).toBeUndefined()
    release()
    await asked
    expect(published).toMatch(/^access-/)
    expect(store.value).toMatch(/\.2$/)
  })

  test('two programs on one storage: a refused token that the other has replaced is looked up again', async () => {
    const world = createWorld({ life: 100 })
    const store = createStore()
    const one = world.program(store)
    await one.login(ALICE)
    const old = store.value
    await world.advance(100)
    await one.accessToken()
    await world.advance(100)
    // The other process read the storage just before the first one wrote it, and was then held up past the window.
    let reads = 0
    const other = world.program({ get: () => (reads++ === 0 ? old : store.value), set: store.set })
    world.fail('/auth/refresh', world.problem('refresh_token_invalid'))
    expect(await other.accessToken()).toMatch(/^access-/)
    expect(other.user?.username).toBe('alice')
  })
})

describe('later is not over', () => {
  const html = (status: number) => new Response('<h1>no</h1>', { status, headers: { 'content-type': 'text/html' } })
  const cases: Record<string, (world: ReturnType<typeof createWorld>) => (Response | 'dead')[]> = {
    'a dead line': () => ['dead', 'dead'],
    'a 500 of ours': (world) => [world.problem('internal_error'), world.problem('internal_error')],
    'a busy service': (world) => [world.problem('service_busy')],
    'a gateway error': () => [html(502), html(504)],
    'too many requests': (world) => [world.problem('rate_limited', { 'retry-after': '60' })],
    "a firewall's 403": () => [html(403)],
    "a proxy's own 401": () => [html(401)],
    'a 401 with another code': (world) => [world.problem('credentials_invalid')],
    'a 401 with a code of a later version': () => [
      new Response('{"code":"refresh_token_unloved"}', {
        status: 401,
        headers: { 'content-type': 'application/problem+json' },
      }),
    ],
    'the code in plain JSON, not in a problem document': () => [
      Response.json({ code: 'refresh_token_invalid' }, { status: 401 }),
    ],
    'the code under another status': () => [
      new Response('{"code":"refresh_token_invalid"}', {
        status: 403,
        headers: { 'content-type': 'application/problem+json' },
      }),
    ],
    'a captive portal': () => [html(200), html(200)],
    'JSON that is not ours': () => [Response.json({ ok: true }), Response.json({ ok: true })],
  }

  test.each(Object.entries(cases))('%s never signs out', async (_name, answers) => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(100)
    const told = vi.fn()
    client.onChange(told)
    world.fail('/auth/refresh', ...answers(world))
    await expect(client.accessToken()).rejects.toBeInstanceOf(ClientError)
    expect(client.user?.username).toBe('alice')
    expect(told).not.toHaveBeenCalled()
    await world.advance(301)
    expect(await client.accessToken()).toMatch(/^access-/)
  })

  test.each(['refresh_token_invalid', 'refresh_token_reused'] as const)('%s is over, told once', async (code) => {
    const world = createWorld({ life: 100 })
    const store = createStore()
    const client = world.program(store)
    await client.login(ALICE)
    await world.advance(100)
    const told = vi.fn()
    client.onChange(told)
    world.fail('/auth/refresh', world.problem(code))
    const tokens = await Promise.all(Array.from({ length: 20 }, () => client.accessToken()))
    expect(tokens).toEqual(Array(20).fill(null))
    await settle()
    expect(told.mock.calls).toEqual([[{ status: 'signed-out', user: null, session: null }]])
    expect(store.value).toBeNull()
    expect(await client.accessToken()).toBeNull()
    expect(world.count('/auth/refresh')).toBe(1)
  })

  test('a fault of set-up is told by its code', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(100)
    world.fail('/auth/refresh', world.problem('csrf_refused'))
    expect(await codeOf(client.accessToken())).toBe('csrf_refused')
    expect(client.user?.username).toBe('alice')
  })

  test('429-retry-after: honoured, told, and capped at five minutes', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(100)
    world.fail('/auth/refresh', world.problem('rate_limited', { 'retry-after': '86400' }))
    await expect(client.accessToken()).rejects.toMatchObject({ code: 'unavailable', retryAfter: 86400 })
    await expect(client.accessToken()).rejects.toMatchObject({ code: 'unavailable', retryAfter: 300 })
    expect(world.count('/auth/refresh')).toBe(1)
    await world.advance(301)
    expect(await client.accessToken()).toMatch(/^access-/)
  })

  test('first-503: with a short Retry-After the same flight asks again', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(100)
    world.fail('/auth/refresh', world.problem('service_busy', { 'retry-after': '1' }))
    const asked = Promise.all(Array.from({ length: 50 }, () => client.fetch(ORDERS)))
    await world.advance(1)
    expect((await asked).every(({ status }) => status === 200)).toBe(true)
    expect(world.count('/auth/refresh')).toBe(2)
  })

  test('lost-after-rotation: repeated at once, same successor, one rotation', async () => {
    const world = createWorld({ life: 100, grace: 35 })
    const store = createStore()
    const client = world.program(store)
    await client.login(ALICE)
    await world.advance(100)
    world.fail('/auth/refresh', 'lost')
    expect(await client.accessToken()).toMatch(/^access-/)
    expect(world.count('/auth/refresh')).toBe(2)
    expect(store.value).toMatch(/\.2$/)
  })

  test('timeout-then-repeat: an answer that hangs is given up after 8 s and asked for again', async () => {
    const world = createWorld({ life: 100, grace: 35 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(100)
    world.fail('/auth/refresh', 'hang')
    const asked = client.accessToken()
    await world.advance(7.9)
    expect(world.count('/auth/refresh')).toBe(1)
    await world.advance(0.2)
    expect(await asked).toMatch(/^access-/)
    expect(world.count('/auth/refresh')).toBe(2)
  })

  test('an outage is bounded: 250 waiting requests make two calls, and a token with life left still serves', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(85)
    world.fail('/auth/refresh', ...Array.from({ length: 100 }, () => 'dead' as const))
    expect(await callerOf(await client.fetch(ORDERS))).toBe('alice')
    await world.advance(16)
    const before = world.count('/auth/refresh')
    const outcomes = await Promise.allSettled(Array.from({ length: 250 }, () => client.fetch(ORDERS)))
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(world.count('/auth/refresh') - before).toBe(2)
    world.fail('/auth/refresh')
    await world.advance(60)
    expect(await callerOf(await client.fetch(ORDERS))).toBe('alice')
  })
})

describe('loops', () => {
  const always401 = (challenge: string | undefined) =>
    Array.from(
      { length: 10 },
      () => new Response('', { status: 401, ...(challenge ? { headers: { 'www-authenticate': challenge } } : {}) }),
    )

  test('always-401: one refresh, one replay, then the 401; the next call does not refresh', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(30)
    world.fail('/orders', ...always401('Bearer error="invalid_token"'))
    expect((await client.fetch(ORDERS)).status).toBe(401)
    expect((await client.fetch(ORDERS)).status).toBe(401)
    expect(world.count('/auth/refresh')).toBe(1)
    expect(world.count('/orders')).toBe(3)
  })

  test.each([
    ['bare-401', undefined],
    ['step-up', 'Bearer error="insufficient_user_authentication"'],
    ['the error of another scheme', 'Bearer realm="x", Digest error="invalid_token"'],
  ])('%s is handed back without a refresh', async (_name, challenge) => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(30)
    world.fail('/orders', ...always401(challenge))
    expect((await client.fetch(ORDERS)).status).toBe(401)
    expect(world.count('/auth/refresh')).toBe(0)
  })

  test('a realm with quotes in it, as the guards write them, hides no expired token', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(30)
    world.fail('/orders', ...always401('Bearer realm="the \\"orders\\", all", error="invalid_token"').slice(0, 1))
    expect((await client.fetch(ORDERS)).status).toBe(200)
    expect(world.count('/auth/refresh')).toBe(1)
  })

  test.each([403, 429, 503])('a %i of the API is handed back', async (status) => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    world.fail('/orders', new Response('', { status }))
    expect((await client.fetch(ORDERS)).status).toBe(status)
    expect(world.seen).toHaveLength(2)
  })
})

describe('who gets the token', () => {
  test('the listed origins, the page and the issuer; nobody else', async () => {
    const world = createWorld()
    const client = world.page()
    await client.login(ALICE)
    const sent = async (url: string | URL | Request, init?: RequestInit) => {
      await client.fetch(url, init)
      return world.seen.at(-1)!.headers.get('authorization')
    }
    for (const url of [ORDERS, `${PAGE}/x`, `${ISSUER}/auth/me`, new URL(ORDERS), new Request(ORDERS)])
      expect(await sent(url)).toMatch(/^Bearer access-/)
    for (const url of [
      'https://evil.example/orders',
      'http://api.example.com/orders',
      'https://api.example.com:8443/orders',
      'https://api.example.com.evil.example/',
      new Request('https://evil.example/'),
    ])
      expect(await sent(url)).toBeNull()
    expect(await sent(ORDERS, { headers: { authorization: 'Basic eDp5' } })).toBe('Basic eDp5')
    expect(await sent(new Request(ORDERS, { headers: { Authorization: 'Basic eDp5' } }))).toBe('Basic eDp5')
  })

  test('a relative address belongs to where the page resolves it: a foreign base gets no token', async () => {
    const world = createWorld()
    const page = { location: { origin: PAGE, href: `${PAGE}/` }, document: { baseURI: `${PAGE}/` } }
    vi.stubGlobal('location', page.location)
    vi.stubGlobal('document', page.document)
    const client = createClient({ issuer: ISSUER, fetch: world.fetch })
    await client.login(ALICE)
    const sent = async (path: string) => {
      await client.fetch(path)
      const { url, headers } = world.seen.at(-1)!
      return [url, headers.has('authorization')]
    }
    expect(await sent('orders')).toEqual([`${PAGE}/orders`, true])
    page.document.baseURI = `${PAGE}/shop/` // the page has moved on
    expect(await sent('orders')).toEqual([`${PAGE}/shop/orders`, true])
    page.document.baseURI = 'https://evil.example/' // as somebody wrote it who can write markup but no script
    await expect(sent('orders')).rejects.toThrow(TypeError) // Node resolves nothing; a browser asks the foreign host
    expect(world.seen).toHaveLength(3)
    vi.unstubAllGlobals()
  })

  test('when nobody is signed in, the request leaves without a token', async () => {
    const world = createWorld()
    const client = world.program(createStore())
    expect(await callerOf(await client.fetch(ORDERS))).toBeNull()
  })

  test('switch-while-waiting: a request begun as Alice is never sent as Bob', async () => {
    const world = createWorld({ life: 100 })
    const alice = world.page()
    await alice.login(ALICE)
    await world.advance(100)
    // Another page of the same browser signs in as Bob; this page learns of it by the answer to its refresh.
    await world.page().login(BOB)
    const changes: unknown[] = []
    alice.onChange(({ user }) => changes.push(user?.username))
    expect(await codeOf(alice.fetch(ORDERS, { method: 'POST', body: 'for Alice' }))).toBe('account_changed')
    expect(world.count('/orders')).toBe(0)
    expect(changes).toEqual(['bob'])
    expect(await callerOf(await alice.fetch(ORDERS))).toBe('bob')
  })

  test('switch-on-401: nor between the 401 and the second sending', async () => {
    const world = createWorld({ life: 100 })
    const alice = world.page()
    await alice.login(ALICE)
    await world.advance(30)
    await world.page().login(BOB)
    world.fail(
      '/orders',
      new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }),
    )
    expect(await codeOf(alice.fetch(ORDERS, { method: 'POST', body: 'for Alice' }))).toBe('account_changed')
    expect(world.count('/orders')).toBe(1)
  })

  test('same-account-again: a new session of the same account may go on', async () => {
    const world = createWorld({ life: 100 })
    const page = world.page()
    const user = await page.login(ALICE)
    await world.advance(100)
    await world.page().login(ALICE)
    expect(await callerOf(await page.fetch(ORDERS))).toBe('alice')
    expect(page.user).toBe(user)
  })
})

describe('signing out', () => {
  test('drops the token at once and tells the service', async () => {
    const world = createWorld()
    const store = createStore()
    const client = world.program(store)
    await client.login(ALICE)
    const done = client.logout()
    expect(client.user).toBeNull()
    await done
    expect(store.value).toBeNull()
    expect([...world.rows.values()].every(({ ended }) => ended)).toBe(true)
    expect(world.count('/auth/logout')).toBe(1)
    expect(world.flags.size).toBe(0)
  })

  test('with an expired token it goes by the refresh token', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(100)
    await client.logout()
    expect(world.count('/auth/logout')).toBe(0)
    expect(world.count('/auth/refresh/revoke')).toBe(1)
    expect(world.browser.refresh).toBeUndefined()
  })

  test('offline-logout: stays signed out over a reload, and the service is told before anything else', async () => {
    const world = createWorld()
    const page = world.page()
    await page.login(ALICE)
    world.fail('/auth/logout', 'dead')
    world.fail('/auth/refresh/revoke', 'dead', 'dead')
    await page.logout()
    expect([...world.flags.values()]).toEqual(['s1'])
    const reloaded = world.page()
    expect(await reloaded.accessToken()).toBeNull()
    expect(reloaded.user).toBeNull()
    expect(world.count('/auth/refresh')).toBe(0)
    await world.advance(2)
    expect(await reloaded.accessToken()).toBeNull()
    expect(world.flags.size).toBe(0)
    expect(world.rows.get('s1')!.ended).toBe(true)
    expect((await world.page().ready()).status).toBe('signed-out')
  })

  test('offline-logout-then-login: the flag is gone and the new session lives', async () => {
    const world = createWorld()
    const page = world.page()
    await page.login(ALICE)
    world.fail('/auth/logout', 'dead')
    world.fail('/auth/refresh/revoke', 'dead')
    await page.logout()
    await page.login(BOB)
    expect(world.flags.size).toBe(0)
    expect((await world.page().ready()).user?.username).toBe('bob')
  })

  test('a program that could not tell the service does it at the next log-in', async () => {
    const world = createWorld()
    const client = world.program(createStore())
    await client.login(ALICE)
    world.fail('/auth/logout', 'dead')
    world.fail('/auth/refresh/revoke', 'dead')
    await client.logout()
    expect(world.rows.get('s1')!.ended).toBe(false)
    await client.login(BOB)
    await settle()
    expect(world.rows.get('s1')!.ended).toBe(true)
    expect(client.user?.username).toBe('bob')
  })

  test('a log-in over another one ends the session that it replaces', async () => {
    const world = createWorld()
    const client = world.program(createStore())
    await client.login(ALICE)
    const first = client.session!.id
    await client.login(BOB)
    await settle()
    expect(world.rows.get(first)!.ended).toBe(true)
    expect(world.rows.get(client.session!.id)!.ended).toBe(false)
  })

  test('refresh-finishes-after-logout: the answer is thrown away', async () => {
    const world = createWorld({ life: 100 })
    const store = createStore()
    const client = world.program(store)
    await client.login(ALICE)
    await world.advance(100)
    const release = world.hold('/auth/refresh')
    const asked = client.accessToken()
    await settle()
    const out = client.logout()
    release()
    expect(await asked).toBeNull()
    await out
    expect(client.user).toBeNull()
    expect(store.value).toBeNull()
    expect(world.rows.get('s1')!.ended).toBe(true)
  })

  test('late-refresh-after-login: Bob stands', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(100)
    const release = world.hold('/auth/refresh')
    const asked = client.accessToken()
    await settle()
    const bob = client.login(BOB)
    release()
    await asked
    await bob
    expect(client.user?.username).toBe('bob')
    expect(await callerOf(await client.fetch(ORDERS))).toBe('bob')
  })

  test('a log-out during a log-in wins', async () => {
    const world = createWorld()
    const client = world.program(createStore())
    const release = world.hold('/auth/login')
    const login = client.login(ALICE)
    await settle()
    const out = client.logout()
    release()
    await Promise.all([login, out])
    expect(client.user).toBeNull()
    expect(world.rows.get('s1')!.ended).toBe(true)
  })

  test('logoutEverywhere refreshes first where it must, and rejects when the service cannot be told', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    world.fail('/auth/logout-all', 'dead')
    expect(await codeOf(client.logoutEverywhere())).toBe('unavailable')
    expect(client.user?.username).toBe('alice')
    await world.advance(100)
    await client.logoutEverywhere()
    expect(client.user).toBeNull()
    expect([...world.rows.values()].every(({ ended }) => ended)).toBe(true)
    expect(await codeOf(client.logoutEverywhere())).toBe('token_missing')
  })
})

describe('changing the password', () => {
  test('goes on with the new session', async () => {
    const world = createWorld()
    const store = createStore()
    const client = world.program(store)
    const user = await client.login(ALICE)
    const before = client.session!.id
    expect(await codeOf(client.changePassword({ currentPassword: 'no', newPassword: 'a new long one' }))).toBe(
      'credentials_invalid',
    )
    const after = await client.changePassword({ currentPassword: ALICE.password, newPassword: 'a new long one' })
    expect(after).toBe(user)
    expect(client.session!.id).not.toBe(before)
    expect(store.value).toContain(client.session!.id)
    expect(await callerOf(await client.fetch(ORDERS))).toBe('alice')
  })

  test('an expired token is renewed once on the way', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(30)
    world.fail(
      '/auth/password/change',
      world.problem('token_invalid', { 'www-authenticate': 'Bearer error="invalid_token"' }),
    )
    await client.changePassword({ currentPassword: ALICE.password, newPassword: 'a new long one' })
    expect(world.count('/auth/refresh')).toBe(1)
    expect(world.count('/auth/password/change')).toBe(2)
  })
})

describe('clocks', () => {
  test('sleep-8h: the monotonic clock stood still, the wall clock did not', async () => {
    const world = createWorld()
    const client = world.page()
    const first = await client.login(ALICE).then(() => client.accessToken())
    await world.advance(8 * 3600, { mono: false })
    expect(await client.accessToken()).not.toBe(first)
    expect(world.count('/auth/refresh')).toBe(1)
  })

  test.each([86_400, -86_400])('clock-jumps by %i s: at most one refresh more', async (seconds) => {
    const world = createWorld()
    const client = world.page()
    await client.login(ALICE)
    await world.advance(seconds, { mono: false })
    for (let use = 0; use < 10; use++) expect(await client.accessToken()).toMatch(/^access-/)
    expect(world.count('/auth/refresh')).toBe(1)
  })

  test('a life is counted from the sending of the request, not from the answer', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    const release = world.hold('/auth/login')
    const login = client.login(ALICE)
    await world.advance(20)
    release()
    await login
    await world.advance(61)
    await client.accessToken()
    await settle()
    expect(world.count('/auth/refresh')).toBe(1)
  })
})

describe('requests', () => {
  const refusal = () =>
    new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
  const bytes = new TextEncoder().encode('täxt')
  const bodies: Record<string, () => { input?: Request; body?: BodyInit }> = {
    text: () => ({ body: 'täxt' }),
    'search parameters': () => ({ body: new URLSearchParams({ a: 'täxt' }) }),
    blob: () => ({ body: new Blob(['täxt']) }),
    bytes: () => ({ body: bytes }),
    buffer: () => ({ body: bytes.buffer }),
    form: () => {
      const form = new FormData()
      form.set('a', 'täxt')
      return { body: form }
    },
    request: () => ({ input: new Request(ORDERS, { method: 'POST', body: 'täxt' }) }),
  }

  test.each(Object.entries(bodies))('a body of kind %s is sent again as it was', async (_name, make) => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(30)
    world.fail('/orders', refusal())
    const { input, body } = make()
    const response = await (input ? client.fetch(input) : client.fetch(ORDERS, { method: 'POST', body: body! }))
    expect(response.status).toBe(200)
    const [first, second] = world.seen.filter(({ url }) => url === ORDERS).map((seen) => seen.body)
    const plain = (text: string) => text.replaceAll(/formdata-[\w-]+/g, 'boundary')
    expect(plain(second!)).toBe(plain(first!))
    expect(first).toMatch(/täxt|t%C3%A4xt/)
  })

  test('a stream is gone once sent: its 401 is handed back and the next call works', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(30)
    world.fail('/orders', refusal())
    const first = await client.accessToken()
    const response = await client.fetch(ORDERS, {
      method: 'POST',
      body: new Blob(['x']).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(401)
    await settle()
    expect(world.count('/orders')).toBe(1)
    expect(await client.accessToken()).not.toBe(first)
  })

  test('abort: one of many callers gives up with its own reason, the refresh goes on', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await world.advance(100)
    const release = world.hold('/auth/refresh')
    const controller = new AbortController()
    const given = client.fetch(ORDERS, { signal: controller.signal }).catch((reason: unknown) => reason)
    const others = Array.from({ length: 5 }, () => client.fetch(ORDERS))
    await settle()
    controller.abort('no longer wanted')
    expect(await given).toBe('no longer wanted')
    release()
    expect((await Promise.all(others)).every(({ status }) => status === 200)).toBe(true)
    expect(world.count('/auth/refresh')).toBe(1)
  })

  test('abort: the signal of a Request counts unless init takes it away', async () => {
    const world = createWorld()
    const client = world.page()
    await client.login(ALICE)
    const request = new Request(ORDERS, { signal: AbortSignal.abort('no longer wanted') })
    expect(await client.fetch(request).catch((reason: unknown) => reason)).toBe('no longer wanted')
    expect(await callerOf(await client.fetch(request, { signal: null }))).toBe('alice')
  })

  test('every function works when taken off the object', async () => {
    const world = createWorld()
    const { login, fetch, accessToken, logout, ready } = world.page()
    await login(ALICE)
    expect(await callerOf(await fetch(ORDERS))).toBe('alice')
    expect(await accessToken()).toMatch(/^access-/)
    await logout()
    expect((await ready()).status).toBe('signed-out')
  })
})

describe('listeners', () => {
  test('listener-calls-client: no deadlock, and one that throws stops nobody', async () => {
    const world = createWorld()
    const client = world.page()
    const heard: string[] = []
    client.onChange(() => {
      throw new Error('of the page')
    })
    client.onChange(async ({ status }) => {
      heard.push(`${status} ${(await client.accessToken()) !== null}`)
    })
    await client.login(ALICE)
    await settle()
    await client.logout()
    await settle()
    expect(heard).toEqual(['signed-in true', 'signed-out false'])
    expect(world.reported).toHaveLength(2)
  })

  test('stable-user: a refresh that changes nothing is silent and keeps the objects', async () => {
    const world = createWorld({ life: 100 })
    const client = world.page()
    await client.login(ALICE)
    await settle()
    const { state } = client
    const told = vi.fn()
    const off = client.onChange(told)
    await world.advance(100)
    await client.accessToken()
    await settle()
    expect(told).not.toHaveBeenCalled()
    expect(client.state).toBe(state)
    off()
    await client.logout()
    await settle()
    expect(told).not.toHaveBeenCalled()
  })
})

describe('options', () => {
  const store = createStore()
  const bad: Record<string, unknown> = {
    'no issuer': {},
    'an unknown name': { issuer: ISSUER, origin: API },
    undefined: { issuer: ISSUER, scope: undefined },
    'an issuer in the clear': { issuer: 'http://auth.example.com' },
    'an issuer with a query': { issuer: `${ISSUER}?a` },
    'an issuer with an empty query': { issuer: `${ISSUER}?` },
    'an issuer with an empty fragment': { issuer: `${ISSUER}/#` },
    'an origin in the clear': { issuer: ISSUER, origins: ['http://api.example.com'] },
    'an origin of another scheme': { issuer: ISSUER, origins: ['wss://api.example.com'] },
    'an origin in capitals': { issuer: ISSUER, origins: ['https://API.example.com'] },
    'an origin with a path': { issuer: ISSUER, origins: [`${API}/v1`] },
    'an empty audience': { issuer: ISSUER, audience: [] },
    'a storage without set': { issuer: ISSUER, storage: { get: () => null } },
    'the storage of a page': { issuer: ISSUER, storage: { ...store, [Symbol.toStringTag]: 'Storage' } },
    'a fetch that is none': { issuer: ISSUER, fetch: 'fetch' },
  }
  test.each(Object.entries(bad))('%s is a TypeError', (_name, options) => {
    expect(() => createClient(options as { issuer: string })).toThrow(TypeError)
  })

  test('what is asked for is taken', () => {
    expect(() =>
      createClient({
        issuer: 'http://localhost:4000',
        origins: [API, 'http://127.0.0.1:5000'],
        storage: store,
        scope: 'a b',
        audience: API,
      }),
    ).not.toThrow()
  })

  test('import-on-server: making one outside a page is safe, using it without a storage is a TypeError', async () => {
    const client = createClient({ issuer: ISSUER })
    expect(client.user).toBeUndefined()
    await expect(client.login(ALICE)).rejects.toThrow(TypeError)
    await expect(client.accessToken()).rejects.toThrow(TypeError)
  })
})
