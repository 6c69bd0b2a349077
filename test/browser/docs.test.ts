import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemTimers } from '../../packages/server/src/adapters/system/timers.ts'
import { type Listening, listen } from '../../packages/server/src/http/listen.ts'
import { createNodeHandler } from '../../packages/server/src/http/node-handler.ts'
import { freePort } from '../support/free-port.ts'
import { openTestService, type TestService } from '../support/service.ts'
import { CHROMIUM_MISSING, launchChromium } from './chromium.ts'

/** The pages that the service itself shows, as a person's browser takes them. */
let service: TestService
let listening: Listening
let browser: Browser | undefined
let context: BrowserContext
let page: Page
/** What the browser complained of: blocked by the policy, failed to load, thrown. */
let complaints: string[]

beforeAll(async () => {
  const port = await freePort()
  ;[service, browser] = await Promise.all([
    openTestService({ settings: { issuer: `http://localhost:${port}` } }),
    launchChromium(),
  ])
  const handler = createNodeHandler(service.service.app, () => true)
  listening = await listen(handler, { host: '127.0.0.1', port, timers: systemTimers })
})
afterAll(async () => {
  await browser?.close()
  await listening.close(0)
  await service.close()
})
beforeEach(async (test) => {
  if (browser === undefined) return test.skip(CHROMIUM_MISSING)
  context = await browser.newContext()
  context.setDefaultTimeout(10_000)
  page = await context.newPage()
  complaints = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('requestfailed', (request) => complaints.push(request.url()))
  test.onTestFinished(() => context.close())
})

const go = (path: string) => page.goto(service.issuer + path)

describe.each(['/', '/docs'])('%s', (path) => {
  test('S-H01 is loaded under its policy without a complaint, and its style is there', async () => {
    await go(path)
    expect(complaints).toEqual([])
    expect(await page.locator('main').evaluate((main) => getComputedStyle(main).maxWidth)).toBe('768px')
    // Control: what the policy does not allow is blocked, and that is heard here.
    await page.evaluate(() => {
      const image = new Image()
      image.src = 'http://127.0.0.1:9/x.png'
      document.body.append(image)
    })
    await expect.poll(() => complaints.join()).toContain('Content Security Policy')
  })

  test('has one heading, landmarks, a language and a title', async () => {
    await go(path)
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
    for (const role of ['banner', 'navigation', 'main'] as const) expect(await page.getByRole(role).count()).toBe(1)
    expect(await page.locator('html').getAttribute('lang')).toBe('en')
    expect(await page.title()).toMatch(/^Countersign/)
    const levels = await page.locator('h1, h2, h3').evaluateAll((all) => all.map(({ tagName }) => Number(tagName[1])))
    for (const [i, level] of levels.entries()) expect(level).toBeLessThanOrEqual((levels[i - 1] ?? 0) + 1)
  })

  test.each([320, 1_280])('at a width of %i nothing sticks out', async (width) => {
    await page.setViewportSize({ width, height: 700 })
    await go(path)
    await page.locator('details').evaluateAll((all) => {
      for (const one of all) one.setAttribute('open', '')
    })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  })

  test('is dark where the person wants it dark, and light otherwise; text stands out in both', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await go(path)
      const image = (await page.screenshot({ clip: { x: 0, y: 300, width: 8, height: 8 } })).toString('base64')
      const brightness = await page.evaluate(brightnessOf, image)
      expect([colorScheme, brightness > 128]).toEqual([colorScheme, colorScheme === 'light'])
      const text = await page.locator('h1').evaluate((one) => getComputedStyle(one).color)
      const [red = 0] = (/[0-9]+/.exec(text) ?? []).map(Number)
      expect(Math.abs(red - brightness)).toBeGreaterThan(180)
    }
  })

  test('S-H07 links lead to pages of ours that are there, and carry nothing', async () => {
    await go(path)
    const links = await page.locator('a').evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).href))
    expect(links.length).toBeGreaterThan(3)
    for (const link of new Set(links)) {
      const url = new URL(link)
      expect([url.origin, url.search]).toEqual([service.issuer, ''])
      const answer = await service.request(url.pathname)
      expect([link, answer.status]).toEqual([link, 200])
      if (url.hash !== '') expect(await answer.text()).toContain(`id="${url.hash.slice(1)}"`)
    }
  })
})

test('a problem’s `type` opens at the entry of its code', async () => {
  const { type } = (await (await service.request('/auth/me')).json()) as { type: string }
  await page.goto(type)
  const entry = page.locator('tr:target')
  expect(await entry.textContent()).toContain('token_missing')
  expect(await entry.evaluate((row) => row.getBoundingClientRect().top)).toBeLessThan(720)
})

/** The mean brightness of a picture, 0 to 255, reckoned by the browser from the picture's own bytes. */
async function brightnessOf(base64: string): Promise<number> {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))
  const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
  const canvas = new OffscreenCanvas(picture.width, picture.height)
  const drawing = canvas.getContext('2d')
  if (drawing === null) throw new Error('no canvas')
  drawing.drawImage(picture, 0, 0)
  const { data } = drawing.getImageData(0, 0, picture.width, picture.height)
  return data.filter((_, i) => i % 4 !== 3).reduce((sum, one) => sum + one, 0) / ((data.length / 4) * 3)
}
