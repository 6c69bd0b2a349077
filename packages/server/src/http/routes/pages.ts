import { ERRORS, PATHS } from '@countersign/protocol'
import { toJsonSchema } from '@valibot/to-json-schema'
import { codesOf, openApiDocument } from '../openapi.ts'
import { type Route, route } from '../route.ts'
import { openApi } from '../schemas.ts'

const STYLE_PATH = '/docs/style.css'

/** The pages that a person sees, without a script: the front page, and the reference made from the table of routes. */
export function pageRoutes(issuer: string, routes: () => readonly Route[]): readonly Route[] {
  const { pathname } = new URL(issuer)
  const base = pathname === '/' ? '' : pathname
  return [
    route({
      method: 'GET',
      path: PATHS.openapi,
      summary: 'This interface as an OpenAPI 3.1 document.',
      access: 'anyone',
      answers: [{ status: 200, description: 'The document.', schema: openApi }],
      errors: [],
      handle: async () =>
        Response.json(openApiDocument(issuer, routes()), { headers: { 'cache-control': 'no-cache' } }),
    }),
    route({
      method: 'GET',
      path: PATHS.docs,
      summary: 'This interface as a page.',
      access: 'anyone',
      answers: [{ status: 200, description: 'The page.', mediaType: 'text/html' }],
      errors: [],
      handle: async () => page('Countersign: endpoints', base, referenceOf(routes(), base)),
    }),
    route({
      method: 'GET',
      path: STYLE_PATH,
      summary: 'The style of the pages.',
      access: 'anyone',
      answers: [{ status: 200, description: 'The style.', mediaType: 'text/css' }],
      errors: [],
      handle: async () =>
        new Response(STYLE, { headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'no-cache' } }),
    }),
    route({
      method: 'GET',
      path: PATHS.root,
      summary: 'A page with links.',
      access: 'anyone',
      answers: [{ status: 200, description: 'The page.', mediaType: 'text/html' }],
      errors: [],
      handle: async () => page('Countersign', base, frontPage(issuer, base)),
    }),
  ]
}

function page(title: string, base: string, content: string): Response {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${escapeHtml(base + STYLE_PATH)}">
<header><nav aria-label="Pages"><a href="${escapeHtml(`${base}/`)}">Countersign</a> <a href="${escapeHtml(base + PATHS.docs)}">Endpoints</a> <a href="${escapeHtml(`${base + PATHS.docs}#codes`)}">Error codes</a></nav></header>
<main>
<h1>${escapeHtml(title)}</h1>
${content}
</main>
</html>
`
  return new Response(html, { headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' } })
}

function frontPage(issuer: string, base: string): string {
  const links: readonly (readonly [string, string])[] = [
    [PATHS.docs, 'Endpoints and error codes'],
    [PATHS.openapi, 'The same as an OpenAPI document'],
    [PATHS.metadata, "The issuer's metadata"],
    [PATHS.jwks, 'The public keys'],
    [PATHS.healthReady, 'Is it ready?'],
  ]
  const items = links
    .map(([path, text]) => `<li><a href="${escapeHtml(base + path)}">${escapeHtml(text)}</a>`)
    .join('\n')
  return `<p>This is the authentication service of <code>${escapeHtml(issuer)}</code>. It signs people in and issues tokens.</p>
<ul>
${items}
</ul>`
}

function referenceOf(routes: readonly Route[], base: string): string {
  const endpoints = routes.map((row) => {
    const codes = codesOf(row).map((code) => `<a href="#${code}">${breakable(code)}</a>`)
    const answers = row.answers.map(({ status, description }) => `${status}: ${escapeHtml(description)}`)
    return `<section>
<h3><b>${row.method}</b> <code>${escapeHtml(base + row.path)}</code></h3>
<p>${escapeHtml(row.summary)}</p>
${membersOf(row)}<p class="small">${escapeHtml(ACCESS[row.access])} ${answers.join(' ')}</p>
<details><summary>Refusals</summary><p class="small">${codes.join(' · ')}</p></details>
</section>`
  })
  const told = new Set<string>([...routes.flatMap(codesOf), 'method_not_allowed'])
  const errors = Object.entries(ERRORS)
    .filter(([code]) => told.has(code))
    .map(
      ([code, { status, sentence }]) =>
        `<tr id="${code}"><td><code>${breakable(code)}</code><td>${status}<td>${escapeHtml(sentence)}`,
    )
  return `<p>The same as a document for programs: <a href="${escapeHtml(base + PATHS.openapi)}">openapi.json</a>.</p>
<h2 id="endpoints">Endpoints</h2>
${endpoints.join('\n')}
<h2 id="codes">Error codes</h2>
<p>A refusal is a problem document (RFC 9457), whose <code>code</code> is one of these.</p>
<table>
<thead><tr><th scope="col">Code<th scope="col">Status<th scope="col">Sentence
<tbody>
${errors.join('\n')}
</table>`
}

/** What a body and a query may hold; a member with a question mark may be left out. */
function membersOf({ body, query = {} }: Route): string {
  const { properties = {}, required = [] } = body === undefined ? {} : toJsonSchema(body, { errorMode: 'ignore' })
  const names = Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`))
  const lists = [
    ['Takes', names],
    ['Query:', Object.keys(query)],
  ] as const
  return lists
    .filter(([, list]) => list.length > 0)
    .map(
      ([what, list]) =>
        `<p class="small">${what} ${list.map((name) => `<code>${escapeHtml(name)}</code>`).join(' ')}</p>\n`,
    )
    .join('')
}

/** A long code breaks between its words on a narrow screen. */
function breakable(code: string): string {
  return escapeHtml(code).replaceAll('_', '_<wbr>')
}

const ACCESS: Readonly<Record<Route['access'], string>> = {
  anyone: 'For everybody.',
  bearer: 'Needs an access token.',
  bearer_or_none: 'Takes an access token, or a one-time password.',
  token: 'Needs an access token; its session may have ended.',
  admin: 'Needs an access token with the scope admin.',
  admin_recent: 'Needs an access token with the scope admin, of a recent log-in.',
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

const STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0 }
header { max-width: 48rem; margin: 0 auto; padding: 1rem 1rem 0 }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem }
main { max-width: 48rem; margin: 0 auto; padding: 1rem 1rem 4rem }
h1 { font-size: 1.75rem; line-height: 1.2 }
h2 { margin-top: 3rem }
h3 { margin: 0; font-size: 1rem; font-weight: 400 }
section { padding: 1rem 0; border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
section p { margin: .25rem 0 }
.small, details { font-size: .875rem; opacity: .8 }
code { font-family: ui-monospace, monospace; overflow-wrap: break-word }
table { border-collapse: collapse; width: 100%; font-size: .875rem }
th, td { text-align: left; vertical-align: top; padding: .375rem .75rem .375rem 0; border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
@media (max-width: 30rem) { table { font-size: .75rem } th, td { padding-right: .5rem } }
:target { background: color-mix(in srgb, Highlight 25%, transparent) }
a { color: LinkText }
`
