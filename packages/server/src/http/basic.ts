import { AuthError } from '../domain/errors.ts'

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i

/** True where a request came with Basic credentials, good or bad: its challenge is then `Basic`. */
export function usesBasic(headers: Headers): boolean {
  return /^basic(?: |$)/i.test(headers.get('authorization') ?? '')
}

/**
 * Reads Basic credentials (RFC 7617 §2), in UTF-8. No header, or another scheme: `undefined`.
 *
 * @throws {AuthError} `request_malformed`
 */
export function readBasic(headers: Headers): { readonly username: string; readonly password: string } | undefined {
  if (!usesBasic(headers)) return undefined
  const [, encoded] = BASIC.exec(headers.get('authorization') ?? '') ?? []
  if (encoded === undefined) throw new AuthError('request_malformed')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, 'base64'))
  } catch {
    throw new AuthError('request_malformed')
  }
  // The first colon ends the name; a password may hold more of them.
  const colon = text.indexOf(':')
  if (colon < 0) throw new AuthError('request_malformed')
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
