import { parseJsonObject } from './json.ts'

/** In bytes. A JWK Set of a hundred RSA keys has a tenth of that. */
const MAX_BODY = 1_048_576

export interface JwkSetRequest {
  readonly uri: string
  /** In seconds, for the whole answer, body included. */
  readonly timeout: number
  readonly fetch: (request: Request) => Promise<Response>
  readonly sleep: (seconds: number, signal: AbortSignal) => Promise<void>
}

export interface JwkSetAnswer {
  readonly document: Record<string, unknown>
  /** What `Cache-Control` says, in seconds. */
  readonly maxAge: number | undefined
}

/**
 * Fetches the document once. Rejects for anything but a 200 with a JSON object of at most 1 MB, in time; a redirect is
 * not followed, since where it leads was never agreed on.
 */
export async function fetchJwkSetDocument({ uri, timeout, fetch, sleep }: JwkSetRequest): Promise<JwkSetAnswer> {
  const request = new AbortController()
  const timer = new AbortController()
  // The race, and not only the signal: a `fetch` that ignores it must not hang the verifier.
  const tooLate = sleep(timeout, timer.signal).then(() => {
    throw new Error('the JWK Set did not arrive in time')
  })
  try {
    return await Promise.race([receive(uri, fetch, request.signal), tooLate])
  } finally {
    tooLate.catch(() => undefined) // once the answer is here, the end of the wait is of no interest
    timer.abort()
    request.abort()
  }
}

async function receive(uri: string, fetch: JwkSetRequest['fetch'], signal: AbortSignal): Promise<JwkSetAnswer> {
  const headers = { accept: 'application/jwk-set+json, application/json' }
  const response = await fetch(new Request(uri, { headers, redirect: 'manual', credentials: 'omit', signal }))
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error('the answer is not a 200')
  }
  const document = parseJsonObject(await readBody(response))
  if (document === undefined) throw new Error('the answer is not a JSON object')
  return { document, maxAge: readMaxAge(response.headers.get('cache-control')) }
}

/** Reads the body and counts: `Content-Length` may be missing or lie. */
async function readBody(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  if (response.body === null) return Buffer.alloc(0)
  const reader = response.body.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength
    if (size > MAX_BODY) {
      await reader.cancel()
      throw new Error('the answer is too large')
    }
    chunks.push(part.value)
  }
  return Buffer.concat(chunks)
}

/** The `max-age` of a `Cache-Control` header (RFC 9111 §5.2.2.1); `no-store` and `no-cache` count as the least. */
function readMaxAge(header: string | null): number | undefined {
  if (header === null) return undefined
  if (/(?:^|[\s,])no-(?:store|cache)(?:$|[\s,=])/i.test(header)) return 0
  const found = /(?:^|[\s,])max-age="?(\d{1,10})"?(?:$|[\s,])/i.exec(header)
  return found === null ? undefined : Number(found[1])
}
