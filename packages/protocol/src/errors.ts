/**
 * Every refusal of the service, with its sentence and its status in a problem document (RFC 9457).
 *
 * A code is born here; no handler invents one. Each sentence is printable ASCII without `"` and `\`, as RFC 6749 §5.2
 * asks of `error_description`, so that one text serves both formats. None ever holds a token, a secret, a password or
 * a mail address.
 */
export const ERRORS = {
  request_malformed: { status: 400, sentence: 'The request cannot be read.' },
  grant_type_unsupported: { status: 400, sentence: 'The grant type is not supported.' },
  one_time_token_invalid: { status: 401, sentence: 'The link or code is used up or expired.' },
  credentials_invalid: { status: 401, sentence: 'Username or password is wrong.' },
  client_invalid: { status: 401, sentence: 'The client is unknown or its secret wrong.' },
  refresh_token_invalid: { status: 401, sentence: 'The refresh token is missing, unknown, ended or expired.' },
  refresh_token_reused: { status: 401, sentence: 'The refresh token was already used, so its session was ended.' },
  token_missing: { status: 401, sentence: 'An access token is needed.' },
  token_invalid: { status: 401, sentence: 'The access token is not valid.' },
  dpop_proof_invalid: { status: 401, sentence: 'The proof of possession is not valid.' },
  dpop_nonce_required: { status: 401, sentence: 'The proof needs a nonce.' },
  reauthentication_required: { status: 401, sentence: 'The password must be given again.' },
  password_change_required: { status: 403, sentence: 'The password must be changed first.' },
  scope_insufficient: { status: 403, sentence: 'The token lacks a scope.' },
  csrf_refused: { status: 403, sentence: 'The request came from another site.' },
  registration_closed: { status: 403, sentence: 'Registration is not open.' },
  not_found: { status: 404, sentence: 'There is no such thing.' },
  method_not_allowed: { status: 405, sentence: 'The method is not allowed here.' },
  username_taken: { status: 409, sentence: 'The username is taken.' },
  last_administrator: { status: 409, sentence: 'The last administrator stays.' },
  key_too_young: { status: 409, sentence: 'The next key was not published long enough; now takes it all the same.' },
  body_too_large: { status: 413, sentence: 'The body is too large.' },
  url_too_long: { status: 414, sentence: 'The address is too long.' },
  media_type_unsupported: { status: 415, sentence: 'The media type is not supported.' },
  host_unknown: { status: 421, sentence: 'The request is for another host.' },
  body_invalid: { status: 422, sentence: 'The body has faults; they are listed.' },
  password_refused: { status: 422, sentence: 'The password is refused; the reasons are listed.' },
  scope_not_allowed: { status: 422, sentence: 'The scope is not allowed here.' },
  audience_not_allowed: { status: 422, sentence: 'The audience is not allowed here.' },
  rate_limited: { status: 429, sentence: 'Too many attempts; try later.' },
  internal_error: { status: 500, sentence: 'Something failed on our side.' },
  service_busy: { status: 503, sentence: 'Too much to do; try later.' },
  store_unavailable: { status: 503, sentence: 'The store cannot be reached.' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly sentence: string }>>

/** A code of the service. The union is closed: a client can switch over it and the compiler sees a missing case. */
export type ErrorCode = keyof typeof ERRORS

/**
 * The two codes, and no others, that tell a client that its session is over. A 429, a 5xx, a dead network or any other
 * refusal never does.
 */
export const SESSION_OVER: readonly ErrorCode[] = ['refresh_token_invalid', 'refresh_token_reused']

/** True for a text that is a code of the service. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(ERRORS, text)
}
