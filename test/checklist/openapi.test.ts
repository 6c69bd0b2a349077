import { ERRORS } from '@countersign/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faultsOf, type Schema } from '../support/json-schema.ts'
import {
  administrator,
  login,
  openTestService,
  PASSWORD,
  signUp,
  type TestRequest,
  type TestService,
  type Tokens,
} from '../support/service.ts'

/** The document that the service shows, held against what the service does. A new path is in it by itself. */
interface Operation {
  readonly summary: string
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, { schema: Schema }>> }
  readonly responses: Readonly<Record<string, Answer>>
}
interface Answer {
  readonly description: string
  readonly content?: Readonly<Record<string, { schema: Schema }>>
}
interface Document {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly securitySchemes: Readonly<Record<string, object>>
  }
}
interface Row {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const JSON_TYPE = 'application/json'

let service: TestService
let document: Document
let rows: readonly Row[]
let admin: Tokens
let alice: Tokens
beforeAll(async () => {
  service = await openTestService({ settings: { rateLimit: 'off' } })
  document = await (await service.request('/openapi.json')).json()
  rows = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const upper = method.toUpperCase()
      return { name: `${upper} ${path}`, method: upper, path, operation }
    }),
  )
  admin = await administrator(service)
  alice = await signUp(service, 'alice')
})
afterAll(() => service.close())

const resolve = (ref: string): Schema => {
  const found = document.components.schemas[ref.replace('#/components/schemas/', '')]
  if (found === undefined) throw new Error(`${ref} leads nowhere`)
  return found
}
const isAdmin = ({ path }: Row) => path.startsWith('/admin/')
const needsToken = ({ operation }: Row) => operation.security !== undefined
const takesBody = ({ method }: Row) => method !== 'GET'
const filled = (path: string) => path.replaceAll(/\{[a-z]+\}/g, 'AAAAAAAAAAAAAAAAAAAAAA')
const tokenFor = (row: Row) => (isAdmin(row) ? admin.access_token : needsToken(row) ? alice.access_token : undefined)

function ask(row: Row, init: TestRequest = {}, path = filled(row.path)): Promise<Response> {
  return service.request(path, { method: row.method, token: tokenFor(row), peer: '127.0.0.1', ...init })
}

/** Status, media type and shape are as the document says for this operation. */
async function expectDocumented(row: Row, response: Response): Promise<string> {
  const answer = row.operation.responses[String(response.status)]
  expect([row.name, Object.keys(row.operation.responses)]).toEqual([
    row.name,
    expect.arrayContaining([String(response.status)]),
  ])
  const text = await response.text()
  const type = response.headers.get('content-type')?.split(';', 1)[0] ?? 'none'
  const content = answer?.content
  if (content === undefined) {
    expect([row.name, text, type]).toEqual([row.name, '', 'none'])
    return ''
  }
  expect([row.name, Object.keys(content)]).toEqual([row.name, [type]])
  const schema = content[type]?.schema ?? {}
  const value: unknown = type.endsWith('json') ? JSON.parse(text) : text
  expect([row.name, faultsOf(schema, value, resolve)]).toEqual([row.name, []])
  return text
}

async function expectRefused(row: Row, response: Response, status: number, code: keyof typeof ERRORS): Promise<void> {
  expect([row.name, response.status]).toEqual([row.name, status])
  const problem = JSON.parse(await expectDocumented(row, response)) as { code: string }
  expect([row.name, problem.code]).toEqual([row.name, code])
  expect(row.operation.responses[String(status)]?.description).toContain(`${code}: `)
}

describe('the document is one of OpenAPI 3.1', () => {
  test('its outer form', () => {
    expect(Object.keys(document).sort()).toEqual(['components', 'info', 'openapi', 'paths', 'servers'])
    expect(document.openapi).toMatch(/^3\.1\.[0-9]+$/)
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) })
    expect(document.servers).toEqual([{ url: service.issuer }])
    expect(rows.length).toBeGreaterThan(20)
  })

  test('paths, parameters and responses', () => {
    for (const row of rows) {
      const { name, path, method, operation } = row
      expect(path).toMatch(/^\/(?:[\w.-]+|\{[a-z]+\})?(?:\/(?:[\w.-]+|\{[a-z]+\}))*$/)
      expect(METHODS).toContain(method)
      const known = ['summary', 'operationId', 'parameters', 'security', 'requestBody', 'responses']
      expect([name, Object.keys(operation).filter((field) => !known.includes(field))]).toEqual([name, []])
      const templates = [...path.matchAll(/\{([a-z]+)\}/g)].map(([, one]) => one)
      const inPath = (operation.parameters ?? []).filter((one) => one.in === 'path')
      expect([name, inPath.map((one) => one.name)]).toEqual([name, templates])
      for (const one of inPath) expect(one).toMatchObject({ required: true, schema: { type: 'string' } })
      expect(Object.keys(operation.responses).filter((status) => !/^[1-5][0-9]{2}$/.test(status))).toEqual([])
      expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true)
      for (const answer of Object.values(operation.responses)) expect(answer.description.length).toBeGreaterThan(4)
      for (const need of operation.security ?? []) {
        for (const scheme of Object.keys(need)) expect(document.components.securitySchemes).toHaveProperty(scheme)
      }
    }
    // Two templates that differ in the names alone are one path.
    const shapes = Object.keys(document.paths).map((path) => path.replaceAll(/\{[a-z]+\}/g, '{}'))
    expect(new Set(shapes).size).toBe(shapes.length)
  })

  test('every schema is one that can be checked, and every reference leads somewhere', () => {
    for (const { operation } of rows) {
      const contents = [operation.requestBody, ...Object.values(operation.responses)].map((one) => one?.content ?? {})
      for (const { schema } of contents.flatMap(Object.values)) faultsOf(schema, {}, resolve)
    }
    expect(faultsOf({ $ref: '#/components/schemas/Problem' }, {}, resolve)).toContain('lacks code')
    expect(() => faultsOf({ oneOf: [] }, {}, resolve)).toThrow(TypeError)
  })
})

describe('each operation, asked wrongly', () => {
  test('another method is 405 with Allow; under /admin only for an administrator', async () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      const has = Object.keys(operations).map((method) => method.toUpperCase())
      const allow = has.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).sort()
      for (const method of METHODS.filter((one) => !has.includes(one))) {
        const refused = await service.request(filled(path), { method, token: admin.access_token })
        expect([method, path, refused.status]).toEqual([method, path, 405])
        expect(refused.headers.get('allow')?.split(', ').sort()).toEqual(allow)
        expect(faultsOf({ $ref: '#/components/schemas/Problem' }, await refused.json(), resolve)).toEqual([])
        const bare = await service.request(filled(path), { method })
        expect([method, path, bare.status]).toEqual([method, path, path.startsWith('/admin/') ? 401 : 405])
      }
    }
  })

  test('S-C03 another content type is 415', async () => {
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
      '',
    ]
    for (const row of rows.filter(takesBody)) {
      for (const type of types) {
        const body = new TextEncoder().encode('{}')
        const refused = await ask(row, { body, headers: type === '' ? {} : { 'content-type': type } })
        await expectRefused(row, refused, 415, 'media_type_unsupported')
      }
    }
  })

  test('S-L01 an encoded body is 415, and one that is too large 413', async () => {
    for (const row of rows.filter(takesBody)) {
      const headers = { 'content-type': JSON_TYPE }
      const encoded = await ask(row, { body: '{}', headers: { ...headers, 'content-encoding': 'gzip' } })
      await expectRefused(row, encoded, 415, 'media_type_unsupported')
      const large = await ask(row, { body: `{"x":"${'x'.repeat(70_000)}"}`, headers })
      await expectRefused(row, large, 413, 'body_too_large')
    }
  })

  test('S-L03 a body that is no JSON is 400', async () => {
    for (const row of rows.filter(takesBody)) {
      for (const body of ['{', '{}}', '{"a":1,"a":2}', 'null null']) {
        const refused = await ask(row, { body, headers: { 'content-type': JSON_TYPE } })
        await expectRefused(row, refused, 400, 'request_malformed')
      }
    }
  })

  test('S-L06 S-L07 surplus members and bodies of another shape are 422, with a pointer', async () => {
    for (const row of rows.filter(takesBody)) {
      for (const json of [{ surplus: 1 }, [], 'text', 7, null]) {
        const refused = await ask(row, { json })
        expect([row.name, refused.status]).toEqual([row.name, 422])
        const problem = JSON.parse(await expectDocumented(row, refused)) as {
          errors: { pointer: string; code: string }[]
        }
        expect([row.name, problem.errors.length > 0]).toEqual([row.name, true])
        if (typeof json === 'object' && json !== null && 'surplus' in json) {
          expect(problem.errors.map(({ pointer }) => pointer)).toContain('/surplus')
        }
      }
    }
  })

  test('S-L07 each member of each body with a value of another kind is 422 and named', async () => {
    for (const row of rows.filter(({ operation }) => operation.requestBody !== undefined)) {
      const schema = row.operation.requestBody?.content[JSON_TYPE]?.schema
      for (const name of Object.keys((schema?.properties ?? {}) as object)) {
        for (const value of [7, { a: 1 }, [[]]]) {
          const refused = await ask(row, { json: { [name]: value } })
          expect([row.name, name, refused.status]).toEqual([row.name, name, 422])
          const { errors } = JSON.parse(await expectDocumented(row, refused)) as { errors: { pointer: string }[] }
          expect(errors.some(({ pointer }) => pointer.startsWith(`/${name}`))).toBe(true)
        }
      }
    }
  })

  test('S-X02 S-L05 another host is 421, an address that is too long 414, an ambiguous one 400', async () => {
    for (const row of rows) {
      const foreign = await ask(row, {}, `http://evil.example${filled(row.path)}`)
      const anyHost = row.path.startsWith('/health/')
      if (anyHost) expect([row.name, foreign.status]).toEqual([row.name, 200])
      else await expectRefused(row, foreign, 421, 'host_unknown')
      await expectRefused(row, await ask(row, {}, `${filled(row.path)}?${'a'.repeat(9_000)}`), 414, 'url_too_long')
    }
    expect((await service.request('/auth/sessions/a%2fb')).status).toBe(400)
  })

  test('S-D01 without a token, or with one that is none, it is 401 with a challenge wherever one is needed', async () => {
    const needy = rows.filter(needsToken)
    expect(needy.length).toBeGreaterThan(12)
    for (const row of needy.filter(({ operation }) => operation.security?.length === 1)) {
      const none = await ask(row, { token: undefined })
      expect(none.headers.get('www-authenticate')).toBe('Bearer realm="http://localhost:4000"')
      await expectRefused(row, none, 401, 'token_missing')
      // Another scheme than ours is none of ours.
      const basic = await ask(row, { token: undefined, headers: { authorization: 'Basic YWxpY2U6eA==' } })
      await expectRefused(row, basic, 401, 'token_missing')
    }
    for (const row of needy) {
      for (const token of [
        'x',
        `${alice.access_token}x`,
        `${alice.access_token.slice(0, -8)}AAAAAAAA`,
        alice.refresh_token,
      ]) {
        const bad = await ask(row, { token })
        expect(bad.headers.get('www-authenticate')).toContain('error="invalid_token"')
        await expectRefused(row, bad, 401, 'token_invalid')
      }
      const malformed = await ask(row, { token: undefined, headers: { authorization: 'Bearer a b' } })
      expect(malformed.headers.get('www-authenticate')).toContain(', error="invalid_request"')
      await expectRefused(row, malformed, 400, 'request_malformed')
    }
  })

  test('control: whatever asks for no token is there for everybody', async () => {
    const open = rows.filter((row) => !needsToken(row)).map(({ path }) => path)
    expect(open.filter((path) => path.startsWith('/admin'))).toEqual([])
    expect(open.filter((path) => path.startsWith('/auth')).sort()).toEqual([
      '/auth/login',
      '/auth/refresh',
      '/auth/refresh/revoke',
      '/auth/register',
    ])
  })

  test('HEAD answers as GET does, without a body', async () => {
    for (const row of rows.filter(({ method }) => method === 'GET')) {
      const whole = await ask(row)
      const head = await ask({ ...row, method: 'HEAD' })
      expect([row.name, head.status, await head.text()]).toEqual([row.name, whole.status, ''])
      expect([row.name, head.headers.get('content-type')]).toEqual([row.name, whole.headers.get('content-type')])
    }
  })

  test('nothing of all this was a fault of ours', () => {
    expect(service.logs.filter((line) => line.includes('"level":"error"'))).toEqual([])
  })
})

test('each operation in a walk through the main job answers as documented, and none is left out', async () => {
  const seen = new Set<string>()
  async function walk(name: string, path: string, init: TestRequest = {}): Promise<string> {
    const row = rows.find((one) => one.name === name)
    if (row === undefined) throw new Error(`${name} is not in the document`)
    const schema = row.operation.requestBody?.content[JSON_TYPE]?.schema
    if (init.json !== undefined) expect([name, faultsOf(schema ?? {}, init.json, resolve)]).toEqual([name, []])
    const response = await service.request(path, { method: row.method, peer: '127.0.0.1', ...init })
    expect([name, response.status < 300]).toEqual([name, true])
    seen.add(name)
    return expectDocumented(row, response)
  }
  const tokens = (text: string) => JSON.parse(text) as Tokens
  const own = { username: 'walker', password: PASSWORD }

  await walk('POST /auth/register', '/auth/register', { json: { ...own, email: 'walker@example.com' } })
  for (const transport of ['cookie', 'none'])
    await walk('POST /auth/login', '/auth/login', { json: { ...own, transport } })
  const first = tokens(await walk('POST /auth/login', '/auth/login', { json: { ...own, transport: 'body' } }))
  const second = tokens(
    await walk('POST /auth/refresh', '/auth/refresh', { json: { refresh_token: first.refresh_token } }),
  )
  let token = second.access_token
  await walk('GET /auth/me', '/auth/me', { token })
  await walk('GET /auth/sessions', '/auth/sessions', { token })
  const other = await login(service, 'walker')
  await walk('DELETE /auth/sessions/{sid}', `/auth/sessions/${other.session_id}`, { token })
  const json = { current_password: PASSWORD, new_password: `${PASSWORD} twice` }
  token = tokens(await walk('POST /auth/password/change', '/auth/password/change', { token, json })).access_token
  await walk('POST /auth/logout', '/auth/logout', { token })
  const again = { ...own, password: json.new_password, transport: 'body' }
  const third = tokens(await walk('POST /auth/login', '/auth/login', { json: again }))
  const revoke = { json: { refresh_token: third.refresh_token } }
  await walk('POST /auth/refresh/revoke', '/auth/refresh/revoke', revoke)
  token = tokens(await walk('POST /auth/login', '/auth/login', { json: again })).access_token
  await walk('POST /auth/logout-all', '/auth/logout-all', { token })

  token = admin.access_token
  await walk('GET /admin/accounts', '/admin/accounts?limit=1', { token })
  const create = { json: { username: 'made', roles: ['clerk'], email: 'made@example.com' }, token }
  const { account } = JSON.parse(await walk('POST /admin/accounts', '/admin/accounts', create))
  const one = `/admin/accounts/${account.id}`
  await walk('GET /admin/accounts/{id}', one, { token })
  const changes = [
    { disabled: true },
    { roles: [] },
    { email: null },
    { disabled: false, roles: ['clerk'], email: 'a@b.example' },
  ]
  for (const change of changes) await walk('PATCH /admin/accounts/{id}', one, { token, json: change })
  await walk('POST /admin/accounts/{id}/password-reset', `${one}/password-reset`, { token })
  await walk('DELETE /admin/accounts/{id}/sessions', `${one}/sessions`, { token })
  await walk('GET /admin/keys', '/admin/keys', { token })
  await walk('POST /admin/keys/rotate', '/admin/keys/rotate', { token, json: { now: true } })
  const plain = rows.filter((row) => row.method === 'GET' && !needsToken(row))
  for (const { name, path } of plain) await walk(name, path)

  expect(rows.map(({ name }) => name).filter((name) => !seen.has(name))).toEqual([])
  expect(service.logs.filter((line) => line.includes('"level":"error"'))).toEqual([])
})

test('the page names each operation and each code of the document', async () => {
  const html = await (await service.request('/docs')).text()
  for (const { method, path } of rows) {
    expect(html).toContain(method)
    expect(html).toContain(path.replaceAll(/\{([a-z]+)\}/g, ':$1'))
  }
  const told = rows.flatMap(({ operation }) =>
    Object.values(operation.responses).flatMap((one) => codesNamed(one.description)),
  )
  for (const code of new Set([...told, 'method_not_allowed' as const])) {
    expect(html).toMatch(new RegExp(`id="${code}".*${ERRORS[code].status}`))
  }
})

function codesNamed(text: string): readonly (keyof typeof ERRORS)[] {
  return (Object.keys(ERRORS) as (keyof typeof ERRORS)[]).filter((code) => text.includes(`${code}: `))
}
