import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createVerifier } from '@countersign/verifier'
import { createGuard } from '@countersign/verifier/web'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'

/**
 * The main job, as a user does it: the real process, a real port, SQLite in a folder of its own; register, log in, call a
 * guarded service, refresh, log out, and be refused.
 */
const MAIN = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url))
const PASSWORD = 'seven purple lanterns drift'

let folder: string
let issuer: string
let service: ChildProcess
let greeting = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  const port = await freePort()
  issuer = `http://localhost:${port}`
  service = spawn(process.execPath, ['--conditions=@countersign/source', MAIN, 'serve'], {
    cwd: folder,
    env: { PATH: process.env.PATH, COUNTERSIGN_PORT: String(port), COUNTERSIGN_LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    service.once('exit', (code) => reject(new Error(`the service ended with ${code}`)))
    service.stdout?.setEncoding('utf8').on('data', (text: string) => {
      greeting += text
      if (greeting.includes('Ctrl-C stops')) resolve()
    })
  })
})

afterAll(async () => {
  const ended = new Promise((resolve) => service.once('exit', resolve))
  service.kill('SIGTERM')
  expect(await ended).toBe(0)
  rmSync(folder, { recursive: true })
})

test('register, log in, call, refresh, log out, refused', async () => {
  expect(greeting).toMatch(/one-time password {2}\S{22,}/)

  const registered = await post('/auth/register', { username: 'alice', password: PASSWORD })
  expect(registered.status).toBe(201)
  expect(await registered.json()).toMatchObject({ username: 'alice', roles: [], disabled: false })

  const login = await post('/auth/login', { username: 'alice', password: PASSWORD })
  expect(login.status).toBe(200)
  const first = await login.json()
  expect(first).toMatchObject({ token_type: 'Bearer', account: { username: 'alice' } })

  // Another service, which has nothing of ours but the issuer's address.
  const verifier = createVerifier({ issuer, audience: issuer })
  await verifier.ready()
  const api = createGuard(verifier).requireAuth((_request, auth) => Response.json({ hello: auth.subject }))
  const call = (token: string) =>
    api(new Request('http://api.example/orders', { headers: { authorization: `Bearer ${token}` } }))
  expect(await (await call(first.access_token)).json()).toEqual({ hello: first.account.id })
  expect((await call(`${first.access_token.slice(0, -4)}AAAA`)).status).toBe(401)

  const refresh = await post('/auth/refresh', { refresh_token: first.refresh_token })
  expect(refresh.status).toBe(200)
  const second = await refresh.json()
  // Inside the window of the log-in the live token is kept.
  expect(second.refresh_token).toBe(first.refresh_token)
  expect(second.access_token).not.toBe(first.access_token)
  expect((await call(second.access_token)).status).toBe(200)

  expect((await post('/auth/logout', {}, second.access_token)).status).toBe(204)
  const refused = await post('/auth/refresh', { refresh_token: second.refresh_token })
  expect(refused.status).toBe(401)
  expect(await refused.json()).toMatchObject({ code: 'refresh_token_invalid' })
  expect((await get('/auth/me', second.access_token)).status).toBe(401)
  await verifier.close()
})

function post(path: string, body: object, token?: string): Promise<Response> {
  return fetch(issuer + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
}

function get(path: string, token: string): Promise<Response> {
  return fetch(issuer + path, { headers: { authorization: `Bearer ${token}` } })
}
