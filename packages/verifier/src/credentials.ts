import type { Refusal } from '@countersign/jwt'
import { refusalOf, type VerifierErrorCode } from './errors.ts'

/** The scheme has no case (RFC 9110 §11.1). It ends where its word ends. */
const SCHEME = /^bearer(?![!#$%&'*+.^_`|~0-9a-z-])/i
const SCHEME_LENGTH = 6
/** A second Authorization header that was joined to a first one of another scheme (RFC 9110 §5.3). */
const SECOND_BEARER = /,[ \t]*bearer(?=[ ,]|$)/i

/**
 * Reads the token from an `Authorization` header (RFC 6750 §2.1), or says why there is none.
 *
 * The header is given with all its lines joined by commas, as `Headers.get` does. No token holds a comma, so a header
 * that was sent twice is refused, where taking the first or the last would let two parsers see two callers. Another
 * scheme counts as no credentials (RFC 6750 §3.1). Neither the query nor the body is ever read: both end up in logs.
 *
 * What the token is made of is the verifier's business, which looks at its length before anything else.
 */
export function readBearer(header: string | undefined): string | Refusal<VerifierErrorCode> {
  if (header === undefined || header === '') return refusalOf('credentials_missing')
  if (!SCHEME.test(header)) {
    return refusalOf(SECOND_BEARER.test(header) ? 'credentials_malformed' : 'credentials_missing')
  }
  // One space, then a token without another: `Bearer` alone and two spaces are malformed.
  const token = header.slice(SCHEME_LENGTH + 1)
  const isOne = header[SCHEME_LENGTH] === ' ' && token !== '' && !/[ \t,]/.test(token)
  return isOne ? token : refusalOf('credentials_malformed')
}
