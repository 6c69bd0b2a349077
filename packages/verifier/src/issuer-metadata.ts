import type { Refusal } from '@countersign/jwt'
import { refusalOf, type VerifierErrorCode } from './errors.ts'
import type { Platform } from './platform.ts'

/** Bytes of metadata that are read at most. */
const MAX_BYTES = 1_048_576
/** Seconds to wait for the metadata. */
const TIMEOUT = 5

const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Where an issuer publishes its metadata: between its host and its path (RFC 8414 §3.1).
 *
 * @throws {TypeError} for an issuer that is no https URL, or http on loopback, or has a query or fragment (§2)
 */
export function metadataUri(issuer: string): string {
  const url = URL.parse(issuer)
  const isIssuer =
    url !== null && isTrustworthy(url) && !/[?#]/.test(issuer) && url.username === '' && url.password === ''
  if (!isIssuer) {
    throw new TypeError(
      'createVerifier: without "keys" or "jwksUri" the "issuer" must be an https URL (http on loopback) without query and fragment',
    )
  }
  return `${url.origin}/.well-known/oauth-authorization-server${url.pathname.replace(/\/$/, '')}`
}

/**
 * Fetches the metadata of an issuer and gives the address of its JWK Set.
 *
 * The metadata must name the issuer character for character (RFC 8414 §3.3), or one tenant's document would bring
 * another tenant's keys. No redirect is followed.
 */
export async function fetchJwksUri(
  issuer: string,
  { fetch, startTimer }: Pick<Platform, 'fetch' | 'startTimer'>,
  closed: AbortSignal,
): Promise<string | Refusal<VerifierErrorCode>> {
  let document: unknown
  try {
    document = await withinTimeout(startTimer, closed, (signal) => fetchJson(metadataUri(issuer), fetch, signal))
  } catch {
    return refusalOf('issuer_unavailable')
  }
  return readJwksUri(issuer, document) ?? refusalOf('issuer_metadata_invalid')
}

/** The document, or undefined when the answer is not one. Rejects when there is no answer, or one to come back later. */
async function fetchJson(uri: string, fetch: Platform['fetch'], signal: AbortSignal): Promise<unknown> {
  const headers = { accept: 'application/json' }
  const response = await fetch(new Request(uri, { redirect: 'manual', credentials: 'omit', headers, signal }))
  if (response.status !== 200) {
    await response.body?.cancel() // an answer that nobody reads holds its connection
    if (response.status >= 500 || response.status === 429) throw new Error('the issuer is busy')
    return undefined
  }
  const text = await readText(response)
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Counts what comes in, whatever `Content-Length` says. Too long a body is none. */
async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let left = MAX_BYTES
  for await (const chunk of response.body ?? []) {
    left -= chunk.byteLength
    if (left < 0) return ''
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function readJwksUri(issuer: string, document: unknown): string | undefined {
  if (typeof document !== 'object' || document === null) return undefined
  const { issuer: named, jwks_uri: uri } = document as { issuer?: unknown; jwks_uri?: unknown }
  if (named !== issuer || typeof uri !== 'string') return undefined
  const url = URL.parse(uri)
  if (url === null || url.username !== '' || url.password !== '') return undefined
  // Keys that decide who is who must not travel in the clear because a document said so.
  const isSafe = isTrustworthy(url) && (url.protocol === 'https:' || issuer.startsWith('http:'))
  return isSafe ? uri : undefined
}

const isTrustworthy = (url: URL): boolean =>
  url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))

/** A fetch may ignore its signal, so the wait ends by itself as well. */
function withinTimeout<T>(
  startTimer: Platform['startTimer'],
  closed: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController()
    const giveUp = (): void => {
      controller.abort()
      reject(new Error('no answer'))
    }
    const stopTimer = startTimer(TIMEOUT, giveUp)
    closed.addEventListener('abort', giveUp)
    void work(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        stopTimer()
        closed.removeEventListener('abort', giveUp)
      })
  })
}
