import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { commandsPage } from '../packages/server/src/cli/document.ts'
import { envExample, settingsPage } from '../packages/server/src/config/document.ts'
import { arrowsPage } from './arrows.ts'
import { apiPages } from './docs/api.ts'
import { errorsPage } from './docs/errors.ts'
import { httpPage } from './docs/http.ts'
import type { Page } from './docs/page.ts'
import { securityPage } from './docs/security.ts'
import { ROOT } from './source.ts'

/** Every page that is made from the code, with its text as it should be. */
export async function makePages(): Promise<Page[]> {
  return [
    arrowsPage(),
    errorsPage(),
    { path: 'docs/reference/configuration.md', text: settingsPage() },
    { path: '.env.example', text: envExample() },
    { path: 'docs/reference/cli.md', text: commandsPage() },
    await httpPage(),
    securityPage(),
    ...apiPages(),
  ]
}

/** The pages whose text is not what the code says, one line each. */
export async function findDrift(): Promise<string[]> {
  const pages = await makePages()
  return pages.flatMap(({ path, text }) => (read(path) === ending(text) ? [] : [`${path} is not what the code says`]))
}

async function writePages(): Promise<void> {
  for (const { path, text } of await makePages()) {
    if (read(path) === ending(text)) continue
    mkdirSync(dirname(join(ROOT, path)), { recursive: true })
    writeFileSync(join(ROOT, path), ending(text))
    console.log(`wrote ${path}`)
  }
}

function read(path: string): string {
  const file = join(ROOT, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** Every page ends with exactly one line break. */
function ending(text: string): string {
  return `${text.trimEnd()}\n`
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const drift = await findDrift()
    if (drift.length > 0) {
      console.error(`${drift.join('\n')}\nRun: npm run docs`)
      process.exitCode = 1
    }
  } else await writePages()
}
