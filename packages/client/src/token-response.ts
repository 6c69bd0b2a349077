import type { TokenAccountBody, TokenResponse } from '@countersign/protocol'

/**
 * True for the answer to a log-in, a refresh or a password change. A hotel's captive portal answers 200 with a page of its
 * own; nothing but the whole shape is believed.
 *
 * @param withRefreshToken whether the refresh token must travel in the body
 */
export function isTokenResponse(json: unknown, withRefreshToken: boolean): json is TokenResponse {
  return (
    isObject(json) &&
    isText(json.access_token) &&
    isText(json.session_id) &&
    // The scheme's name is case-insensitive (RFC 6749 §5.1).
    isText(json.token_type) &&
    json.token_type.toLowerCase() === 'bearer' &&
    typeof json.expires_in === 'number' &&
    json.expires_in > 0 &&
    (!withRefreshToken || isText(json.refresh_token)) &&
    isAccount(json.account)
  )
}

function isAccount(value: unknown): value is TokenAccountBody {
  return (
    isObject(value) &&
    isText(value.id) &&
    isText(value.username) &&
    (value.email === null || typeof value.email === 'string') &&
    typeof value.email_verified === 'boolean' &&
    Array.isArray(value.roles) &&
    value.roles.every((role) => typeof role === 'string') &&
    isObject(value.claims)
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
