import type { OriginRule } from './origin.ts'

const ALLOWED_HEADERS = 'authorization, content-type, x-csn-csrf'
/** Without this a script reads `null` for each, and never sees why a 401 came. */
const EXPOSED_HEADERS = 'www-authenticate, retry-after, x-request-id'
const PREFLIGHT_SECONDS = '600'

/** Lets the listed origins read the answer. Whoever is on the list can read access tokens. */
export function addCorsHeaders(headers: Headers, origin: string | null, rule: OriginRule): void {
  // Always: a cache must not give one origin's answer to another.
  headers.append('vary', 'Origin')
  if (origin === null || !rule.isAllowed(origin)) return
  headers.set('access-control-allow-origin', origin)
  headers.set('access-control-allow-credentials', 'true')
  headers.set('access-control-expose-headers', EXPOSED_HEADERS)
}

/** Answers a preflight with the methods that the path really has. */
export function preflightResponse(origin: string | null, methods: readonly string[], rule: OriginRule): Response {
  const headers = new Headers({ allow: [...methods, 'OPTIONS'].join(', ') })
  if (origin !== null && rule.isAllowed(origin)) {
    headers.set('access-control-allow-methods', methods.join(', '))
    headers.set('access-control-allow-headers', ALLOWED_HEADERS)
    headers.set('access-control-max-age', PREFLIGHT_SECONDS)
  }
  return new Response(null, { status: 204, headers })
}
