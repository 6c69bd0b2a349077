import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser } from '../support/browser.ts'
import {
  addressOf,
  codeOf,
  cookiesOf,
  openTestService,
  PASSWORD,
  register,
  type TestService,
} from '../support/service.ts'

/** An https issuer: the cookies have their prefixes, and limits are on as they are in production. */
let service: TestService
beforeAll(async () => {
  service = await openTestService({ settings: { issuer: 'https://auth.example.com', registration: 'open' } })
  for (const name of ['alice', 'bob', 'mallory']) expect((await register(service, name)).status).toBe(201)
})
afterAll(() => service.close())

const B = '__Host-csn_b'
const RT = '__Secure-csn_rt-'
const refusal = async (response: Response) => [response.status, await codeOf(response)]
const INVALID = [401, 'refresh_token_invalid']

/** Presents cookies as they are, from the issuer's own page. */
const present = (cookie: string, path = '/auth/refresh') =>
  service.post(path, undefined, { headers: { origin: service.issuer, 'x-csn-csrf': '1', cookie } })

describe('S-S01 the cookies of a log-in and a refresh', () => {
  test('have their prefixes, every attribute, no Domain, and fit', async () => {
    const alice = createBrowser(service)
    const login = await alice.login('alice')
    expect(login.status).toBe(200)
    expect(await login.json()).not.toHaveProperty('refresh_token')
    const binding = alice.jar.get(B)
    const name = RT + createHash('sha256').update(alice.value(B)).digest('base64url').slice(0, 8)
    const attributes = '; HttpOnly; Secure; SameSite=Strict'
    expect(binding?.line).toBe(`${B}=${alice.value(B)}; Path=/; Max-Age=7776000${attributes}`)
    expect(alice.jar.get(name)?.line).toBe(
      `${name}=${alice.value(RT)}; Path=/auth/refresh; Max-Age=1209600${attributes}`,
    )
    expect(login.headers.getSetCookie()).toHaveLength(3) // the third one is the device's

    service.clock.advance(36)
    const refreshed = await alice.post('/auth/refresh')
    expect(refreshed.status).toBe(200)
    expect(await refreshed.json()).not.toHaveProperty('refresh_token')
    const [line, ...others] = refreshed.headers.getSetCookie()
    // The clock ticks between the row and the answer.
    expect(line?.replace('=1209599;', '=1209600;')).toBe(
      `${name}=${alice.value(RT)}; Path=/auth/refresh; Max-Age=1209600${attributes}`,
    )
    // A refresh never writes the binding.
    expect(others).toEqual([])
    for (const { line } of alice.jar.values()) {
      expect(line.length).toBeLessThan(4096)
      expect(line).not.toMatch(/domain/i)
    }
  })

  test('the refresh token goes to its endpoint and to no other route', async () => {
    const alice = createBrowser(service)
    await alice.login('alice')
    const { paths } = await (await service.request('/openapi.json')).json()
    const getting = Object.keys(paths).filter((path) => alice.cookieHeader(path)?.includes(RT))
    expect(Object.keys(paths).length).toBeGreaterThan(15)
    expect(getting.sort()).toEqual(['/auth/refresh', '/auth/refresh/revoke'])
  })

  test('Max-Age is what is left of the session when that is less than the idle lifetime', async () => {
    const short = await openTestService({
      settings: {
        rateLimit: 'off',
        refreshIdleLifetime: 3600,
        refreshAbsoluteLifetime: 5400,
        accessTokenLifetime: 300,
      },
    })
    try {
      await register(short, 'alice')
      const alice = createBrowser(short)
      await alice.login('alice')
      expect(alice.jar.get('csn_b')?.line).toContain('Max-Age=5400;')
      short.clock.advance(45 * 60)
      const [line] = (await alice.post('/auth/refresh')).headers.getSetCookie()
      const maxAge = Number(/Max-Age=(\d+)/.exec(line ?? '')?.[1])
      expect(maxAge).toBeGreaterThan(2690)
      expect(maxAge).toBeLessThanOrEqual(2700)
    } finally {
      await short.close()
    }
  })
})

describe('S-R01 the window, by cookie', () => {
  test('a kept answer writes no cookie; a repeated one writes the same again', async () => {
    const alice = createBrowser(service)
    await alice.login('alice')
    const first = alice.cookieHeader('/auth/refresh') ?? ''
    const kept = await present(first)
    expect([kept.status, kept.headers.getSetCookie()]).toEqual([200, []])
    service.clock.advance(36)
    const rotated = await present(first)
    const repeated = await present(first)
    expect(rotated.headers.getSetCookie()).toHaveLength(1)
    expect(cookiesOf(repeated)).toEqual(cookiesOf(rotated))
  })

  test('a refused refresh writes no cookie either', async () => {
    const alice = createBrowser(service)
    await alice.login('alice')
    const old = alice.cookieHeader('/auth/refresh') ?? ''
    service.clock.advance(36)
    expect((await alice.post('/auth/refresh')).status).toBe(200)
    service.clock.advance(36)
    const reused = await present(old)
    expect(reused.headers.getSetCookie()).toEqual([])
    expect(await refusal(reused)).toEqual([401, 'refresh_token_reused'])
    const ended = await alice.post('/auth/refresh')
    expect(ended.headers.getSetCookie()).toEqual([])
    expect(await refusal(ended)).toEqual(INVALID)
  })
})

test('S-S02 planted cookies are never taken over by a log-in, and open nothing afterwards', async () => {
  const mallory = createBrowser(service)
  await mallory.login('mallory')
  const planted = mallory.cookieHeader('/auth/refresh') ?? ''
  const victim = createBrowser(service)
  for (const [name, cookie] of mallory.jar) victim.jar.set(name, cookie)
  victim.jar.delete('__Secure-csn_device')
  const login = await victim.login('alice')
  expect(login.status).toBe(200)
  expect(victim.value(B)).not.toBe(mallory.value(B))
  expect(victim.value(RT)).not.toBe(mallory.value(RT))
  // The planted refresh cookie is gone from the jar, and its session is over.
  expect([...victim.jar.keys()].filter((name) => name.startsWith(RT))).toHaveLength(1)
  expect(await refusal(await present(planted))).toEqual(INVALID)
  const { account } = await (await victim.post('/auth/refresh')).json()
  expect(account.username).toBe('alice')

  // Values that nobody ever gave out fare no better.
  const invented = createBrowser(service)
  invented.jar.set(B, { value: 'A'.repeat(43), path: '/', line: '' })
  await invented.login('alice')
  expect(invented.value(B)).not.toBe('A'.repeat(43))
})

test('S-S03 a second log-in in one browser ends the first session; in another browser it does not', async () => {
  const alice = createBrowser(service)
  await alice.login('alice')
  const elsewhere = createBrowser(service)
  await elsewhere.login('alice')
  const before = alice.cookieHeader('/auth/refresh') ?? ''
  const oldName = [...alice.jar.keys()].find((name) => name.startsWith(RT)) ?? ''
  const again = await alice.login('bob')
  expect(cookiesOf(again).get(oldName)).toBe('')
  expect(alice.cookieHeader('/auth/refresh')).not.toBe(before)
  expect(await refusal(await present(before))).toEqual(INVALID)
  expect((await alice.post('/auth/refresh')).status).toBe(200)
  expect((await elsewhere.post('/auth/refresh')).status).toBe(200)
})

test('S-S03 a log-in that takes its tokens in the body ends the browser session that it replaces, and clears its cookie', async () => {
  const alice = createBrowser(service)
  await alice.login('alice')
  const before = alice.cookieHeader('/auth/refresh') ?? ''
  const name = [...alice.jar.keys()].find((one) => one.startsWith(RT)) ?? ''
  const again = await alice.login('alice', { transport: 'body' })
  expect(cookiesOf(again).get(name)).toBe('')
  expect(await refusal(await present(before))).toEqual(INVALID)
})

test('S-S03 a binding whose random half was guessed ends nobody’s session', async () => {
  const alice = createBrowser(service)
  await alice.login('alice')
  // The session id, which every access token tells, with another secret.
  const sid = Buffer.from(alice.value(B), 'base64url').subarray(0, 16)
  const guessed = Buffer.concat([sid, Buffer.alloc(16, 7)]).toString('base64url')
  const mallory = createBrowser(service)
  mallory.jar.set(B, { value: guessed, path: '/', line: '' })
  expect((await mallory.login('mallory')).status).toBe(200)
  expect((await alice.post('/auth/refresh')).status).toBe(200)
})

test('S-S07 a changed password gives this browser new cookies and ends every other session', async () => {
  await register(service, 'carol')
  const carol = createBrowser(service)
  const { access_token: token } = await (await carol.login('carol')).json()
  const elsewhere = createBrowser(service)
  await elsewhere.login('carol')
  const before = carol.cookieHeader('/auth/refresh') ?? ''
  const changed = await carol.post(
    '/auth/password/change',
    { current_password: PASSWORD, new_password: 'eleven quiet harbours sleep' },
    { token, peer: addressOf('carol') },
  )
  expect(changed.status).toBe(200)
  expect(await changed.json()).not.toHaveProperty('refresh_token')
  expect(await refusal(await present(before))).toEqual(INVALID)
  expect(await refusal(await elsewhere.post('/auth/refresh'))).toEqual(INVALID)
  expect((await carol.post('/auth/refresh')).status).toBe(200)
  expect([...carol.jar.keys()].filter((name) => name.startsWith(RT))).toHaveLength(1)
})

test('S-S03 a one-time password changed in a browser ends the session that its cookies replace', async () => {
  const browser = createBrowser(service)
  await browser.login('alice')
  const before = browser.cookieHeader('/auth/refresh') ?? ''
  const elsewhere = createBrowser(service)
  await elsewhere.login('alice')
  const changed = await browser.post('/auth/password/change', {
    username: 'admin',
    current_password: service.oneTimePassword,
    new_password: 'eleven quiet harbours sleep',
  })
  expect(changed.status).toBe(200)
  expect(await refusal(await present(before))).toEqual(INVALID)
  expect((await (await browser.post('/auth/refresh')).json()).account.username).toBe('admin')
  expect((await elsewhere.post('/auth/refresh')).status).toBe(200)
})

describe('S-S05 a logout by cookie', () => {
  test('clears the cookie by the same name, path and flags, and leaves the binding', async () => {
    const alice = createBrowser(service)
    const { access_token: token } = await (await alice.login('alice')).json()
    const held = alice.cookieHeader('/auth/refresh') ?? ''
    const name = [...alice.jar.keys()].find((one) => one.startsWith(RT)) ?? ''
    const out = await service.post('/auth/logout', undefined, { token })
    expect(out.status).toBe(204)
    expect(out.headers.getSetCookie()).toEqual([
      `${name}=; Path=/auth/refresh; Max-Age=0; HttpOnly; Secure; SameSite=Strict`,
    ])
    expect(await refusal(await present(held))).toEqual(INVALID)
    expect((await service.request('/auth/me', { token })).status).toBe(401)
    // Once more: still 204, and the same cookie.
    const again = await service.post('/auth/logout', undefined, { token })
    expect([again.status, again.headers.getSetCookie()]).toEqual([204, out.headers.getSetCookie()])
  })

  test('a late logout of Alice does not sign Bob out of the same browser', async () => {
    const browser = createBrowser(service)
    const { access_token: token } = await (await browser.login('alice')).json()
    await browser.login('bob')
    expect((await browser.post('/auth/logout', undefined, { token })).status).toBe(204)
    expect((await (await browser.post('/auth/refresh')).json()).account.username).toBe('bob')
  })

  test('a late answer to a refresh of Alice lands under a name that Bob’s browser does not read', async () => {
    const browser = createBrowser(service)
    await browser.login('alice')
    service.clock.advance(36)
    const late = await present(browser.cookieHeader('/auth/refresh') ?? '')
    await browser.login('bob')
    for (const [name, value] of cookiesOf(late)) browser.jar.set(name, { value, path: '/auth/refresh', line: '' })
    expect([...browser.jar.keys()].filter((name) => name.startsWith(RT))).toHaveLength(2)
    expect((await (await browser.post('/auth/refresh')).json()).account.username).toBe('bob')
  })

  test('/auth/refresh/revoke ends the session of its cookie, and with another session_id leaves it alone', async () => {
    const alice = createBrowser(service)
    const { session_id: own } = await (await alice.login('alice')).json()
    const other = await (await createBrowser(service).login('alice')).json()
    const left = await alice.post('/auth/refresh/revoke', { session_id: other.session_id })
    expect([left.status, left.headers.getSetCookie()]).toEqual([204, []])
    const held = alice.cookieHeader('/auth/refresh') ?? ''
    expect((await present(held)).status).toBe(200)
    const out = await alice.post('/auth/refresh/revoke', { session_id: own })
    expect([out.status, [...cookiesOf(out).values()]]).toEqual([204, ['']])
    expect(await refusal(await present(held))).toEqual(INVALID)
  })
})

describe('S-S14 cookies of a sibling subdomain', () => {
  test('no planted refresh cookie is used: before or after a log-in, first or last, with or without the victim’s own', async () => {
    const mallory = createBrowser(service)
    await mallory.login('mallory')
    const evil = mallory.value(RT)
    const evilName = [...mallory.jar.keys()].find((name) => name.startsWith(RT)) ?? ''
    const victim = createBrowser(service)
    await victim.login('alice')
    const own = victim.cookieHeader('/auth/refresh') ?? ''
    const name = [...victim.jar.keys()].find((one) => one.startsWith(RT)) ?? ''

    // Under every name that Mallory can know.
    for (const planted of [`${evilName}=${evil}`, `${RT}=${evil}`, `csn_rt=${evil}`, `csn_b=${mallory.value(B)}`]) {
      for (const cookie of [`${planted}; ${own}`, `${own}; ${planted}`]) {
        const { account } = await (await present(cookie)).json()
        expect(account.username).toBe('alice')
      }
      // The victim's own were evicted: nobody is signed in, rather than as Mallory.
      expect(await refusal(await present(planted))).toEqual(INVALID)
      expect(await refusal(await present(`${planted}; ${B}=${victim.value(B)}`))).toEqual(INVALID)
    }
    // Even under the right name: the row wants the hash of this browser's binding.
    expect(await refusal(await present(`${B}=${victim.value(B)}; ${name}=${evil}`))).toEqual(INVALID)
    expect((await present(mallory.cookieHeader('/auth/refresh') ?? '')).status).toBe(200)
    expect((await present(own)).status).toBe(200)
  })

  test('a name that only looks like the prefixed one after trimming is another name', async () => {
    const mallory = createBrowser(service)
    await mallory.login('mallory')
    const victim = createBrowser(service)
    await victim.login('alice')
    const own = victim.cookieHeader('/auth/refresh') ?? ''
    // A browser lets a sibling set these, for none of them begins with the prefix. NBSP is white space to a script.
    for (const lead of ['\u00a0', '\u0085', '\u000b', '\u000c']) {
      const planted = [...mallory.jar].map(([name, { value }]) => `${lead}${name}=${value}`)
      const cookie = planted.join('; ')
      for (const sent of [`${cookie}; ${own}`, `${own}; ${cookie}`]) {
        const { account } = await (await present(sent)).json()
        expect(account.username).toBe('alice')
      }
      expect(await refusal(await present(cookie))).toEqual(INVALID)
    }
  })

  test('one name is read, chosen by the issuer’s scheme and not by the request', async () => {
    const alice = createBrowser(service)
    await alice.login('alice')
    const plain = (alice.cookieHeader('/auth/refresh') ?? '').replaceAll('__Host-', '').replaceAll('__Secure-', '')
    const asked = await service.post('/auth/refresh', undefined, {
      headers: { origin: service.issuer, 'x-csn-csrf': '1', cookie: plain, 'x-forwarded-proto': 'http' },
    })
    expect(await refusal(asked)).toEqual(INVALID)
    expect((await alice.post('/auth/refresh')).status).toBe(200)
  })
})

test('S-R12 a cookie’s token in a body and a body’s in a cookie are refused, the session neither moves nor ends', async () => {
  const alice = createBrowser(service)
  await alice.login('alice')
  const bodySession = await (
    await service.post(
      '/auth/login',
      { username: 'alice', password: PASSWORD, transport: 'body' },
      { peer: addressOf('alice') },
    )
  ).json()
  service.clock.advance(36)
  const ask = (refresh_token: string) => service.post('/auth/refresh', { refresh_token })
  expect(await refusal(await ask(alice.value(RT)))).toEqual(INVALID)
  const name = [...alice.jar.keys()].find((one) => one.startsWith(RT)) ?? ''
  expect(await refusal(await present(`${B}=${alice.value(B)}; ${name}=${bodySession.refresh_token}`))).toEqual(INVALID)
  // Nor can it be ended so: RFC 7009 tells nobody.
  expect((await service.post('/auth/refresh/revoke', { refresh_token: alice.value(RT) })).status).toBe(204)
  // Both at once: whose session is meant?
  const both = await alice.post('/auth/refresh', { refresh_token: bodySession.refresh_token })
  expect(await refusal(both)).toEqual([400, 'request_malformed'])

  const written = await service.service.listAudit({ limit: 20, before: undefined })
  expect(written.filter(({ detail }) => detail.why === 'other_transport')).toHaveLength(2)
  expect((await ask(bodySession.refresh_token)).status).toBe(200)
  expect((await alice.post('/auth/refresh')).status).toBe(200)
})
