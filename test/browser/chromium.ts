import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** How to get what a skipped test needs. */
export const CHROMIUM_MISSING = 'the tests in a browser: need Chromium (apt-get install chromium)'

/** The machine's own Chromium, or `undefined` where it has none. Nothing is downloaded. */
export async function launchChromium(): Promise<Browser | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const executablePath = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(existsSync)
  // The sandbox does not start for root, and the pages are our own.
  return executablePath === undefined ? undefined : chromium.launch({ executablePath, chromiumSandbox: false })
}
