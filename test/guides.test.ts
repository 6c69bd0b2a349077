import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../tools/source.ts'
import { openSites, type Sites } from './browser/sites.ts'

/** The lines of the guides that talk to the service, in the order in which a reader meets them. */
const PAGES = ['login', 'refresh', 'logout-and-revocation', 'key-rotation', 'what-is-a-token'].map(
  (name) => `docs/guides/${name}.md`,
)

/** Lines that a reader has to fill in, or that need a terminal of their own. */
const PLACEHOLDER = /…|[A-Z]+_ID|\$ADMIN|npx /

let sites: Sites
beforeAll(async () => {
  sites = await openSites()
})
afterAll(() => sites.close())

/** Fresh tokens before each block, a `jq` for machines without one, and a `curl` that fails on 4xx and 5xx. */
const PRELUDE = `
set -euo pipefail
curl() { command curl --silent --show-error --fail-with-body "$@"; }
jq() { node -e 'console.log(JSON.parse(require("fs").readFileSync(0, "utf8"))[process.argv[1].slice(1)])' "$2"; }
if LOGIN=$(curl --json '{"username":"alice","password":"four words and a kettle"}' http://localhost:4000/auth/login); then
  TOKEN=$(echo "$LOGIN" | jq --raw-output .access_token)
  REFRESH=$(echo "$LOGIN" | jq --raw-output .refresh_token)
fi
`

function run(block: string): Promise<{ status: number | null; printed: string }> {
  const script = `${PRELUDE}\n${block}`.replaceAll('http://localhost:4000', sites.issuer)
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  const printed: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => printed.push(text))
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, printed: printed.join('') })))
}

test('every line of the guides does what they say', async () => {
  const blocks = PAGES.flatMap((path) =>
    [...readFileSync(join(ROOT, path), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => ({
      path,
      block,
    })),
  ).filter(({ block }) => !PLACEHOLDER.test(block))
  expect(blocks.length).toBeGreaterThan(9)
  for (const { path, block } of blocks) {
    const { status, printed } = await run(block)
    expect(status, `${path}\n${block}\n${printed}`).toBe(0)
  }
}, 60_000)

test('control: a line that the service refuses is seen', async () => {
  const { status } = await run('curl --header "Authorization: Bearer junk" http://localhost:4000/auth/me')
  expect(status).not.toBe(0)
})
