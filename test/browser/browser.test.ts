import type { Client, createClient } from '@countersign/client'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CHROMIUM_MISSING, launchChromium } from './chromium.ts'
import { openSites, type Sites } from './sites.ts'

declare global {
  /** What the application's page offers, see sites.ts. */
  var onPage: { readonly createClient: typeof createClient; auth?: Client }
}

const PASSWORD = 'four words and a kettle'

let sites: Sites
let browser: Browser | undefined
let context: BrowserContext

beforeAll(async () => {
  ;[sites, browser] = await Promise.all([openSites(), launchChromium()])
  for (const username of ['alice', 'bob', 'carol']) await register(username)
})
afterAll(async () => {
  await browser?.close()
  await sites.close()
})
beforeEach(async (test) => {
  if (browser === undefined) return test.skip(CHROMIUM_MISSING)
  context = await browser.newContext()
  context.setDefaultTimeout(10_000)
  test.onTestFinished(() => context.close())
})

async function register(username: string): Promise<void> {
  const body = JSON.stringify({ username, password: PASSWORD })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${sites.issuer}/auth/register`, { method: 'POST', headers, body })
  expect(response.status).toBe(201)
}

/** A tab on the application's page, with its modules loaded. */
async function openApplication(): Promise<Page> {
  const page = await context.newPage()
  await page.goto(sites.app)
  await page.waitForFunction(() => document.title === 'loaded')
  return page
}

type Told = { status: string; username?: string; called?: number; cookie: string; stored: number }

/** Makes a client in the page, logs in where a name is given, and calls the service with its token. */
function visit(page: Page, username?: string): Promise<Told> {
  return page.evaluate(
    async ({ issuer, username, password }) => {
      const auth = onPage.createClient({ issuer })
      onPage.auth = auth
      if (username !== undefined) await auth.login({ username, password })
      const state = await auth.ready()
      const readable = { cookie: document.cookie, stored: localStorage.length + sessionStorage.length }
      if (state.status !== 'signed-in') return { status: state.status, ...readable }
      const { status: called } = await auth.fetch(`${issuer}/auth/me`)
      return { status: state.status, username: state.user.username, called, ...readable }
    },
    { issuer: sites.issuer, username, password: PASSWORD },
  )
}

describe('the client in Chromium', () => {
  test('log in, load the page anew, log out; no script can read the refresh token', async () => {
    const page = await openApplication()
    const signedIn = { status: 'signed-in', username: 'alice', called: 200, cookie: '', stored: 0 }
    expect(await visit(page, 'alice')).toEqual(signedIn)
    const cookies = await context.cookies()
    expect(cookies.map(({ name, httpOnly, sameSite }) => [name.slice(0, 6), httpOnly, sameSite]).sort()).toEqual([
      ['csn_b', true, 'Strict'],
      ['csn_de', true, 'Strict'],
      ['csn_rt', true, 'Strict'],
    ])

    await page.reload()
    await page.waitForFunction(() => document.title === 'loaded')
    expect(await visit(page)).toEqual(signedIn)

    await page.evaluate(() => onPage.auth?.logout())
    await page.reload()
    await page.waitForFunction(() => document.title === 'loaded')
    expect(await visit(page)).toMatchObject({ status: 'signed-out', cookie: '' })
  })

  test('S-R03 six tabs that are loaded at the same instant all stay signed in', async () => {
    expect(await visit(await openApplication(), 'bob')).toMatchObject({ username: 'bob' })
    const tabs = await Promise.all(Array.from({ length: 6 }, openApplication))
    const told = await Promise.all(tabs.map((tab) => visit(tab)))
    expect(told.map(({ status, called }) => [status, called])).toEqual(tabs.map(() => ['signed-in', 200]))
    expect(await visit(await openApplication())).toMatchObject({ status: 'signed-in' })
  })
})

describe('a page of another site', () => {
  test('S-C08 S-S13 forms, fetches, images, frames and navigations carry no cookie and change nothing', async () => {
    await visit(await openApplication(), 'carol')
    const page = await context.newPage()
    await page.goto(sites.foreign)
    sites.seen.length = 0

    await page.evaluate(async (issuer) => {
      const paths = ['/auth/refresh', '/auth/refresh/revoke', '/auth/logout', '/auth/logout-all', '/auth/me']
      const settled = (send: () => Promise<unknown>): Promise<unknown> => send().catch(() => undefined)
      for (const path of paths) {
        await settled(() => fetch(issuer + path, { method: 'POST', credentials: 'include', mode: 'no-cors' }))
        await settled(() =>
          fetch(issuer + path, { method: 'POST', credentials: 'include', headers: { 'x-csn-csrf': '1' } }),
        )
        await settled(() => fetch(issuer + path, { credentials: 'include', mode: 'no-cors' }))
      }
      await Promise.all(
        ['img', 'iframe'].map(
          (name) =>
            new Promise<void>((resolve) => {
              const element = document.createElement(name) as HTMLImageElement | HTMLIFrameElement
              element.onload = () => resolve()
              element.onerror = () => resolve()
              element.src = `${issuer}/auth/refresh`
              document.body.append(element)
            }),
        ),
      )
    }, sites.issuer)
    for (const path of ['/auth/refresh', '/auth/refresh/revoke']) {
      const form = await context.newPage()
      await form.goto(sites.foreign)
      await Promise.all([
        form.waitForResponse(sites.issuer + path),
        form.evaluate((action) => {
          const element = document.createElement('form')
          Object.assign(element, { method: 'POST', action, enctype: 'text/plain' })
          document.body.append(element)
          element.submit()
        }, sites.issuer + path),
      ])
    }

    expect(sites.seen.length).toBeGreaterThan(12)
    expect(sites.seen.filter(({ cookie }) => cookie !== '')).toEqual([])
    // A revocation without a token is answered alike, so that nobody learns anything; it has nothing to end.
    const taken = sites.seen.filter(({ method, status }) => method !== 'OPTIONS' && status < 300)
    expect(new Set(taken.map(({ path }) => path))).toEqual(new Set(['/auth/refresh/revoke']))

    // Control: the same browser is still signed in on its own page, and there the cookie travels.
    sites.seen.length = 0
    expect(await visit(await openApplication())).toMatchObject({ status: 'signed-in', username: 'carol' })
    expect(sites.seen.some(({ path, cookie }) => path === '/auth/refresh' && cookie.includes('csn_rt-'))).toBe(true)
  })
})

describe('the pages of the service', () => {
  test('S-H01 are shown under their own policy, styled, without a script and without a complaint', async () => {
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      // Chromium asks for an icon by itself; there is none.
      if (!message.location().url.endsWith('/favicon.ico')) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('requestfailed', (request) => complaints.push(request.url()))
    for (const path of ['/', '/docs', '/docs#rate_limited']) {
      const response = await page.goto(sites.issuer + path)
      if (response !== null) expect(response.headers()['content-security-policy']).toContain("default-src 'none'")
      expect(await page.evaluate(() => document.styleSheets.length)).toBe(1)
      expect(await page.evaluate(() => document.scripts.length)).toBe(0)
    }
    expect(await page.locator('#rate_limited').isVisible()).toBe(true)
    expect(complaints).toEqual([])

    // Control: the policy holds, and a breach would have been seen.
    await page.evaluate(() => {
      const style = document.createElement('style')
      style.textContent = 'body { color: red }'
      document.head.append(style)
    })
    expect(complaints.join()).toContain('Content Security Policy')
  })
})
