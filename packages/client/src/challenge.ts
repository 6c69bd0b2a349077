/**
 * A `Bearer` or `DPoP` challenge with `error="invalid_token"` (RFC 6750 §3). Only parameters may stand between scheme and
 * error, so the error of another challenge in the same header does not count.
 */
const INVALID_TOKEN =
  /(?:^|,)\s*(?:Bearer|DPoP)\s+(?:[\w-]+=(?:"(?:[^"\\]|\\.)*"|[^\s",]+)\s*,\s*)*error="?invalid_token"?(?=[\s,]|$)/i

/** True for the one answer that a refresh may mend: the token is not valid, most often because it has expired. */
export function saysInvalidToken(response: { readonly status: number; readonly headers: Headers }): boolean {
  return response.status === 401 && INVALID_TOKEN.test(response.headers.get('www-authenticate') ?? '')
}
