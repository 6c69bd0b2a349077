/** The policy of an answer that is no page: it loads nothing and is framed by nobody. */
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/** The policy of our pages: no inline script or style, nothing foreign. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/** On every answer, whoever made it. */
const ALWAYS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'],
  ['x-frame-options', 'DENY'],
]

/** One year, as browsers ask for it. */
const HSTS = 'max-age=31536000; includeSubDomains'

/** Adds what an answer does not say itself. Nothing may be stored unless a route says so. */
export function addSecurityHeaders(headers: Headers, options: { readonly secure: boolean }): void {
  // `Response.json` leaves it to the reader to know.
  if (headers.get('content-type') === 'application/json') headers.set('content-type', 'application/json; charset=utf-8')
  for (const [name, value] of ALWAYS) headers.set(name, value)
  const isPage = headers.get('content-type')?.startsWith('text/html') === true
  headers.set('content-security-policy', isPage ? PAGE_POLICY : DATA_POLICY)
  if (!headers.has('cross-origin-resource-policy')) headers.set('cross-origin-resource-policy', 'same-origin')
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  if (options.secure) headers.set('strict-transport-security', HSTS)
}
