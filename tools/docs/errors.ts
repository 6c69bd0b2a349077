import { CLIENT_ERRORS } from '../../packages/client/src/errors.ts'
import type { JwtVerifyErrorCode } from '../../packages/jwt/src/errors.ts'
import { MESSAGES } from '../../packages/jwt/src/errors.ts'
import { ERRORS, SESSION_OVER } from '../../packages/protocol/src/errors.ts'
import { VerifierError, type VerifierErrorCode } from '../../packages/verifier/src/errors.ts'
import { heading, type Page, table } from './page.ts'

/** `docs/reference/errors.md`: one section for each code of the service, and the codes of the libraries. */
export function errorsPage(): Page {
  const text = [
    heading('Errors', '`protocol/errors.ts` and the error tables of the packages'),
    'Switch on the code, never on a sentence: codes are stable, sentences are not. No error ever holds a token, a secret,',
    'a password or a mail address.\n',
    '## The service\n',
    'Under `/auth` and `/admin` an error is a problem document (RFC 9457) of the type `application/problem+json`:\n',
    '```json',
    JSON.stringify(example(), undefined, 2),
    '```\n',
    'The same id is in the header `x-request-id` and in the logs. Under `/oauth` errors are as RFC 6749 §5.2 says.',
    `Only ${SESSION_OVER.map((code) => `\`${code}\``).join(' and ')} tell a client that its session is over.\n`,
    ...Object.entries(ERRORS).flatMap(([code, { status, sentence }]) => [
      `### ${code}\n`,
      `${status}. ${sentence}${ADVICE[code] === undefined ? '' : ` ${ADVICE[code]}`}\n`,
    ]),
    ...library(
      '@countersign/jwt',
      'A refusal is a `JwtError` with one of these codes; a wrong argument is a `TypeError`.',
      MESSAGES,
    ),
    ...library(
      '@countersign/verifier',
      'A refusal is a `VerifierError`. Besides the codes of `@countersign/jwt` it may have these; the status is 400, 401, 403 or 503.',
      verifierSentences(),
    ),
    ...library(
      '@countersign/client',
      'A failure is a `ClientError`. Besides the codes of the service it may have these.',
      CLIENT_ERRORS,
    ),
  ]
  return { path: 'docs/reference/errors.md', text: text.join('\n') }
}

/** What the caller can do, where the sentence does not say it. */
const ADVICE: Readonly<Record<string, string>> = {
  request_malformed: 'Among other things: a cookie and a token in the body together, or an Authorization header twice.',
  credentials_invalid: 'An unknown name, a wrong password and a disabled account answer alike, on purpose.',
  refresh_token_invalid: 'Log in again.',
  refresh_token_reused:
    'Somebody used a token that had been exchanged long before: log in again, and look at the audit log.',
  token_missing: 'Send `Authorization: Bearer …`.',
  token_invalid: 'Refresh once and try again; the challenge says `error="invalid_token"`.',
  reauthentication_required: 'Log in anew, then repeat the request.',
  password_change_required: 'The password given was a one-time password: change it at `/auth/password/change`.',
  scope_insufficient: 'The challenge names the scope that is needed.',
  csrf_refused: 'A request that uses a cookie needs `x-csn-csrf: 1` and an allowed `Origin`.',
  key_too_young: 'Services that cached the key set would refuse the next tokens; `{"now": true}` accepts that.',
  media_type_unsupported: 'Send `content-type: application/json`; encodings such as gzip are refused.',
  host_unknown: 'The `Host` header must be that of the issuer.',
  body_invalid: '`errors` holds a JSON pointer, a code and a sentence for each fault. Unknown members are faults.',
  password_refused: '`errors` holds the reasons.',
  scope_not_allowed: 'A refresh may only narrow the scope. The session goes on.',
  audience_not_allowed: 'The session goes on.',
  rate_limited: '`Retry-After` says when, in seconds. The session goes on.',
  internal_error: 'The log has the request id. The session goes on.',
  service_busy: '`Retry-After` says when, in seconds. The session goes on.',
  store_unavailable: '`Retry-After` says when, in seconds. The session goes on.',
}

type OwnCode = Exclude<VerifierErrorCode, JwtVerifyErrorCode>

/** The verifier's own codes. The type refuses a missing and a foreign one. */
const VERIFIER_CODES = Object.keys({
  credentials_missing: true,
  credentials_malformed: true,
  scope_insufficient: true,
  role_insufficient: true,
  check_refused: true,
  issuer_unavailable: true,
  issuer_metadata_invalid: true,
  guard_failed: true,
} satisfies Readonly<Record<OwnCode, true>>) as OwnCode[]

function verifierSentences(): Record<string, string> {
  return Object.fromEntries(VERIFIER_CODES.map((code) => [code, new VerifierError(code).message]))
}

function library(name: string, about: string, messages: Readonly<Record<string, string>>): string[] {
  const rows = Object.entries(messages).map(([code, message]) => [`\`${code}\``, message])
  return [`## \`${name}\`\n`, `${about}\n`, table(['code', 'says'], rows), '']
}

function example(): object {
  const { status, sentence } = ERRORS.refresh_token_reused
  const instance = 'urn:countersign:request:SkPvGfYkJ0mO1Hq4dJ2n5A'
  return {
    type: 'https://auth.example.com/docs#refresh_token_reused',
    title: sentence,
    status,
    instance,
    code: 'refresh_token_reused',
  }
}
