import { createHash } from 'node:crypto'
import { PATHS } from '@countersign/protocol'
import { type Route, route } from '../route.ts'
import { jwkSet, metadata as metadataSchema } from '../schemas.ts'
import type { Services } from '../services.ts'

/** A key is published for longer than all of this before it signs, so correctness never depends on a refetch. */
const CACHE = 'public, max-age=600, stale-while-revalidate=86400, stale-if-error=86400'

export function jwksRoute({ keys }: Services): Route {
  return route({
    method: 'GET',
    path: PATHS.jwks,
    summary: 'The public keys that access tokens are verified with (RFC 7517). Empty where secrets are shared.',
    access: 'anyone',
    answers: [{ status: 200, description: 'The JWK Set.', schema: jwkSet }],
    errors: [],
    handle: async ({ request }) => cached(request, JSON.stringify(keys.jwkSet())),
  })
}

export function metadataRoute({ metadata }: Services): Route {
  const text = JSON.stringify(metadata)
  return route({
    method: 'GET',
    path: PATHS.metadata,
    summary: "The issuer's metadata (RFC 8414).",
    access: 'anyone',
    answers: [{ status: 200, description: 'What works here.', schema: metadataSchema }],
    errors: [],
    handle: async ({ request }) => cached(request, text),
  })
}

/** Public, for every site to read, and asked for again by its tag (RFC 9110 §8.8.3). */
function cached(request: Request, text: string): Response {
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
  const headers = {
    'cache-control': CACHE,
    etag,
    'cross-origin-resource-policy': 'cross-origin',
    'access-control-allow-origin': '*',
  }
  const known = request.headers
    .get('if-none-match')
    ?.split(',')
    .some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')))
  if (known) return new Response(null, { status: 304, headers })
  return new Response(text, { headers: { ...headers, 'content-type': 'application/json; charset=utf-8' } })
}
