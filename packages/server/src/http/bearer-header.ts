import { AuthError } from '../domain/errors.ts'

const BEARER = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i

/** An `Authorization: Bearer` that holds no token: 400 with `error="invalid_request"` (RFC 6750 §3.1). */
export class MalformedBearer extends AuthError {
  constructor() {
    super('request_malformed')
  }
}

/**
 * The token of an `Authorization: Bearer` header (RFC 6750 §2.1), or `undefined` without one. Query, form and cookies are
 * not read. Two headers arrive joined by a comma, which no token has.
 *
 * @throws {MalformedBearer}
 */
export function readBearer(headers: Headers): string | undefined {
  const header = headers.get('authorization')
  if (header === null || !/^bearer(?:[ ,]|$)/i.test(header)) return undefined
  const [, token] = BEARER.exec(header) ?? []
  if (token === undefined) throw new MalformedBearer()
  return token
}
