import { ERRORS, PATHS } from '@countersign/protocol'
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
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${escapeHtml(base + STYLE_PATH)}">
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
    const codes = codesOf(row).map((code) => `<a href="#${code}">${code}</a>`)
    return `<section>
<h3><b>${row.method}</b> <code>${escapeHtml(base + row.path)}</code></h3>
<p>${escapeHtml(row.summary)}</p>
<p class="small">${escapeHtml(ACCESS[row.access])} ${row.answers.map((one) => `${one.status}: ${escapeHtml(one.description)}`).join(' ')}</p>
<details><summary>Refusals</summary><p class="small">${codes.join(' · ')}</p></details>
</section>`
  })
  const errors = Object.entries(ERRORS).map(
    ([code, { status, sentence }]) =>
      `<tr id="${code}"><td><code>${code}</code><td>${status}<td>${escapeHtml(sentence)}`,
  )
  return `<p>The same as a document for programs: <a href="${escapeHtml(base + PATHS.openapi)}">openapi.json</a>.</p>
<h2>Endpoints</h2>
${endpoints.join('\n')}
<h2>Error codes</h2>
<table>
<tr><th>Code<th>Status<th>Sentence
${errors.join('\n')}
</table>`
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
main { max-width: 48rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1 { font-size: 1.75rem; line-height: 1.2 }
h2 { margin-top: 3rem }
h3 { margin: 0; font-size: 1rem; font-weight: 400 }
section { padding: 1rem 0; border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
section p { margin: .25rem 0 }
.small, details { font-size: .875rem; opacity: .8 }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-size: .875rem }
th, td { text-align: left; vertical-align: top; padding: .375rem .75rem .375rem 0; border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
:target { background: color-mix(in srgb, Highlight 25%, transparent) }
a { color: LinkText }
`
