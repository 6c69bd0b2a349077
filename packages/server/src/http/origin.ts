import { CSRF_HEADER } from '@countersign/protocol'
import { AuthError } from '../domain/errors.ts'

/** Which origins may use the service from a browser: the issuer's own and those on the list, compared exactly. */
export interface OriginRule {
  isAllowed(origin: string): boolean

  /**
   * For a request that a cookie authenticates: the custom header, which no form can send and no other site's script
   * without a preflight; and an `Origin` of ours, or, only where none was sent, `Sec-Fetch-Site: same-origin`.
   * `same-site` never suffices: an unlisted subdomain's form arrives with the Strict cookie.
   *
   * @throws {AuthError} `csrf_refused`
   */
  checkCookieRequest(headers: Headers): void

  /**
   * For a log-in and a registration: nobody is to be logged in as somebody else by a foreign page. Whoever sends neither
   * header is no browser.
   *
   * @throws {AuthError} `csrf_refused`
   */
  checkIfSent(headers: Headers): void
}

export function createOriginRule(issuer: string, allowedOrigins: readonly string[]): OriginRule {
  const allowed = new Set([new URL(issuer).origin, ...allowedOrigins])

  function comesFromUs(headers: Headers): boolean {
    const origin = headers.get('origin')
    return origin === null ? headers.get('sec-fetch-site') === 'same-origin' : allowed.has(origin)
  }

  return {
    isAllowed: (origin) => allowed.has(origin),
    checkCookieRequest(headers) {
      // Sent twice, the header reads "1, 1": no client of ours does that.
      if (headers.get(CSRF_HEADER.name) !== CSRF_HEADER.value || !comesFromUs(headers)) {
        throw new AuthError('csrf_refused')
      }
    },
    checkIfSent(headers) {
      const sent = headers.has('origin') || headers.has('sec-fetch-site')
      if (sent && !comesFromUs(headers)) throw new AuthError('csrf_refused')
    },
  }
}

/** True for what a browser sent. */
export function isBrowser(headers: Headers): boolean {
  return headers.has('origin') || headers.has('sec-fetch-site')
}
