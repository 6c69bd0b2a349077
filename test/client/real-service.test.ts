/** The client against the real service over HTTP: what the contract in memory promises, the service keeps. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCountersign, toNodeHandler } from '@countersign/server'
import { createVerifier } from '@countersign/verifier'
import { createGuard } from '@countersign/verifier/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClientError, createClient, type Fetch } from '../../packages/client/src/index.ts'
import { createStore } from './contract-service.ts'

const PASSWORD = 'correct horse battery staple'

interface Place {
  readonly issuer: string
  readonly api: string
  close(): Promise<void>
}

/** The service and an API behind the verifier, with access tokens of 2 s and a refresh window of 1 s. */
async function openPlace(): Promise<Place> {
  const server = createServer().listen(0, '127.0.0.1')
  const apiServer = createServer().listen(0, '127.0.0.1')
  await Promise.all([once(server, 'listening'), once(apiServer, 'listening')])
  const [issuer, api] = [server, apiServer].map((one) => `http://127.0.0.1:${(one.address() as { port: number }).port}`)
  if (!issuer || !api) throw new Error('no port')
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-client-'))
  const figures = { accessTokenLifetime: 2, refreshGrace: 1, rateLimit: 'off' as const, logLevel: 'silent' as const }
  const countersign = createCountersign({ issuer, dataDir, audience: [api], ...figures })
  server.on('request', toNodeHandler(countersign))
  await countersign.ready()
  const { requireAuth } = createGuard(createVerifier({ issuer, audience: api, clockTolerance: 0 }))
  apiServer.on(
    'request',
    requireAuth((_request, response, auth) => {
      response.end(auth.subject)
    }),
  )
  return {
    issuer,
    api,
    async close() {
      server.close()
      apiServer.close()
      await countersign.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

let place: Place
beforeAll(async () => {
  place = await openPlace()
})
afterAll(() => place.close())

async function register(username: string): Promise<{ username: string; password: string }> {
  const account = { username, password: PASSWORD }
  const response = await fetch(`${place.issuer}/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(account),
  })
  expect(response.status).toBe(201)
  return account
}

/** Counts the requests by path. */
function counting(send: Fetch): { readonly fetch: Fetch; count(path: string): number } {
  const paths: string[] = []
  return {
    fetch(input, init) {
      paths.push(new URL(input instanceof Request ? input.url : String(input)).pathname)
      return send(input, init)
    },
    count: (path) => paths.filter((one) => one === path).length,
  }
}

/** What a browser adds to a page's requests: its cookies, by path, and the page's origin. */
function browserFetch(origin: string): Fetch {
  const jar = new Map<string, { readonly value: string; readonly path: string }>()
  return async (input, init) => {
    const request = new Request(input, init)
    const { pathname } = new URL(request.url)
    if (init?.credentials === 'include') {
      const cookies = [...jar].filter(([, { path }]) => `${pathname}/`.startsWith(path === '/' ? '/' : `${path}/`))
      if (cookies.length > 0)
        request.headers.set('cookie', cookies.map(([name, { value }]) => `${name}=${value}`).join('; '))
    }
    request.headers.set('origin', origin)
    const response = await fetch(request)
    for (const text of init?.credentials === 'include' ? response.headers.getSetCookie() : []) {
      const [pair = '', ...attributes] = text.split(/;\s*/)
      const [name = '', value = ''] = pair.split('=')
      const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/'
      if (attributes.some((one) => /^max-age=0$/i.test(one))) jar.delete(name)
      else jar.set(name, { value, path })
    }
    return response
  }
}

describe.concurrent.each(['body', 'cookie'] as const)('a session by %s', (transport) => {
  function clientOf(send: Fetch = transport === 'cookie' ? browserFetch(place.issuer) : fetch) {
    const store = createStore()
    const wire = counting(send)
    const make = () =>
      createClient({
        issuer: place.issuer,
        origins: [place.api],
        fetch: wire.fetch,
        ...(transport === 'body' ? { storage: store } : {}),
      })
    return { store, wire, make, client: make() }
  }

  test.concurrent('log in, call, expire, refresh once for many, come back, log out', async () => {
    const account = await register(`alice-${transport}`)
    const { client, make, wire, store } = clientOf()
    const user = await client.login(account)
    expect(user).toMatchObject({ username: account.username, email: undefined, emailVerified: false, claims: {} })
    expect(await (await client.fetch(place.api)).text()).toBe(user.id)

    await sleep(2100)
    const texts = await Promise.all(Array.from({ length: 20 }, async () => (await client.fetch(place.api)).text()))
    expect(texts).toEqual(Array(20).fill(user.id))
    expect(wire.count('/auth/refresh')).toBe(1)

    const back = make()
    expect((await back.ready()).user).toEqual(user)
    expect(store.value).toEqual(transport === 'body' ? expect.stringMatching(/^csn_rt_/) : null)

    await client.logout()
    expect(client.user).toBeNull()
    expect(store.value).toBeNull()
    expect((await make().ready()).status).toBe('signed-out')
  })

  test.concurrent('a session that ended at the service is over at the next refresh, and told once', async () => {
    const account = await register(`bob-${transport}`)
    const { client } = clientOf()
    await client.login(account)
    const changes: string[] = []
    client.onChange(({ status }) => changes.push(status))
    const other = createClient({ issuer: place.issuer, storage: createStore() })
    await other.login(account)
    await other.logoutEverywhere()
    await sleep(2100)
    expect(await client.accessToken()).toBeNull()
    expect(changes).toContain('signed-out')
    expect(changes.filter((status) => status === 'signed-out')).toHaveLength(1)
  })

  test.concurrent('changing the password goes on with the new session and ends the others', async () => {
    const account = await register(`carol-${transport}`)
    const { client } = clientOf()
    await client.login(account)
    const before = client.session?.id
    const other = createClient({ issuer: place.issuer, storage: createStore() })
    await other.login(account)
    const newPassword = 'staple battery horse correct'
    await expect(client.changePassword({ currentPassword: 'not this one at all', newPassword })).rejects.toMatchObject({
      code: 'credentials_invalid',
    })
    await expect(client.changePassword({ currentPassword: PASSWORD, newPassword: 'short' })).rejects.toMatchObject({
      code: 'password_refused',
      faults: [expect.objectContaining({ pointer: expect.any(String) })],
    })
    await client.changePassword({ currentPassword: PASSWORD, newPassword })
    expect(client.session?.id).not.toBe(before)
    expect((await client.fetch(place.api)).status).toBe(200)
    await sleep(2100)
    expect((await client.fetch(place.api)).status).toBe(200)
    expect(await other.accessToken()).toBeNull()
  })

  test.concurrent('a log-out without a live access token goes by the refresh token', async () => {
    const account = await register(`dora-${transport}`)
    const { client, make, wire } = clientOf()
    await client.login(account)
    await sleep(2100)
    await client.logout()
    expect(wire.count('/auth/refresh/revoke')).toBe(1)
    expect((await make().ready()).status).toBe('signed-out')
  })
})

test.concurrent('a refused log-in is told by its code, with the id of the request', async () => {
  const client = createClient({ issuer: place.issuer, storage: createStore() })
  const error = await client.login({ username: 'nobody', password: PASSWORD }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ClientError)
  expect(error).toMatchObject({ code: 'credentials_invalid', requestId: expect.any(String) })
})

test.concurrent('a stolen token used outside the window ends the session for both', async () => {
  const account = await register('erin')
  const store = createStore()
  const client = createClient({ issuer: place.issuer, storage: store })
  await client.login(account)
  const stolen = createStore(store.value)
  await sleep(2100)
  expect(await client.accessToken()).not.toBeNull()
  await sleep(1100)
  const thief = createClient({ issuer: place.issuer, storage: stolen })
  expect((await thief.ready()).status).toBe('signed-out')
  await sleep(1100)
  expect(await client.accessToken()).toBeNull()
})

test.concurrent('a redirect to another origin does not take the token along', async () => {
  const heard: (string | undefined)[] = []
  const elsewhere = createServer((request, response) => {
    heard.push(request.headers.authorization)
    response.end('elsewhere')
  }).listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  const target = `http://127.0.0.1:${(elsewhere.address() as { port: number }).port}/`
  const api = createServer((request, response) => {
    heard.push(request.headers.authorization)
    response.writeHead(302, { location: target }).end()
  }).listen(0, '127.0.0.1')
  await once(api, 'listening')
  const origin = `http://127.0.0.1:${(api.address() as { port: number }).port}`

  const client = createClient({ issuer: place.issuer, origins: [origin], storage: createStore() })
  await client.login(await register('frank'))
  expect(await (await client.fetch(`${origin}/orders`)).text()).toBe('elsewhere')
  expect(heard).toEqual([expect.stringMatching(/^Bearer /), undefined])
  api.close()
  elsewhere.close()
})
