import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from '@countersign/client'
import type { TokenResponse } from '@countersign/protocol'
import { afterEach, expect, test } from 'vitest'
import { createStore } from './contract-service.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const TOKENS: TokenResponse = {
  access_token: 'the-access-token',
  token_type: 'Bearer',
  expires_in: 600,
  scope: '',
  session_id: 's1',
  account: { id: 'a1', username: 'alice', email: null, email_verified: false, roles: [], claims: {} },
  refresh_token: 'csn_rt_x',
}

/** A service that is its own API, where every path below `/to/` redirects to another origin. */
async function world() {
  const strange: IncomingMessage[] = []
  const elsewhere = await listen((request, response) => {
    strange.push(request)
    response.end('{}')
  })
  const own: IncomingMessage[] = []
  const issuer = await listen((request, response) => {
    own.push(request)
    if (request.url?.startsWith('/to/')) {
      response.writeHead(Number(request.url.slice(4)), { location: elsewhere }).end()
      return
    }
    if (request.url === '/auth/login') {
      response.writeHead(307, { location: `${elsewhere}/auth/login` }).end()
      return
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(TOKENS))
  })
  const client = createClient({ issuer, storage: createStore('csn_rt_x') })
  return { client, issuer, own, strange }
}

test.each([301, 302, 303, 307, 308])('a %i to another origin does not take the token along', async (status) => {
  const { client, issuer, own, strange } = await world()
  for (const input of [`${issuer}/to/${status}`, new Request(`${issuer}/to/${status}`, { method: 'POST', body: 'x' })])
    expect((await client.fetch(input)).status).toBe(200)
  const redirected = own.filter(({ url }) => url?.startsWith('/to/'))
  expect(redirected.map(({ headers }) => headers.authorization)).toEqual(Array(2).fill('Bearer the-access-token'))
  expect(strange.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined])
})

test('a password does not follow a redirect at all', async () => {
  const { client, strange } = await world()
  await expect(client.login({ username: 'alice', password: 'correct horse' })).rejects.toMatchObject({
    code: 'unavailable',
  })
  expect(strange).toEqual([])
})
