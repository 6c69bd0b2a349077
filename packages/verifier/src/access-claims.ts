import type { Refusal, StandardSchema, UnknownClaims } from '@countersign/jwt'
import type { VerifierErrorCode } from './errors.ts'

const isText = (value: unknown): boolean => typeof value === 'string'
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)

/** The claims of an access token beyond those that every verifier checks (RFC 9068 §2.2, and ours): form and refusal. */
const FORMS = (
  [
    ['client_id', isText],
    ['scope', isText],
    ['roles', isTexts],
    ['sid', isText],
    ['ver', Number.isSafeInteger],
  ] as const
).map(([claim, hasForm]) => ({
  claim,
  hasForm,
  refusal: Object.freeze({ ok: false, code: 'jwt_claim_invalid', claim }) satisfies Refusal<VerifierErrorCode>,
}))

/**
 * Refuses a claim that is there and malformed. A `scope` that is a list, or roles that are one text, would make checks
 * that search in them answer something else than was meant.
 */
export function malformedClaim(claims: UnknownClaims): Refusal<VerifierErrorCode> | undefined {
  return FORMS.find(({ claim, hasForm }) => Object.hasOwn(claims, claim) && !hasForm(claims[claim]))?.refusal
}

/** The scopes of a token (RFC 6749 §3.3): separated by single spaces, each counted once. */
export function scopesOf(scope: string | undefined): ReadonlySet<string> {
  return new Set(scope?.split(' ').filter((name) => name !== ''))
}

/**
 * The caller's schema, whose result keeps the claims of an access token. Most schemas leave out what they do not
 * declare, and a token without its `scope` would be refused everywhere, or its `sid` never found revoked.
 */
export function keepingAccessClaims<C extends object>(
  owner: string,
  schema: StandardSchema<unknown, C>,
): StandardSchema<unknown, C> {
  const standard = schema?.['~standard']
  if (typeof standard?.validate !== 'function') {
    throw new TypeError(`${owner}: "claims" must be a schema by the Standard Schema specification, version 1`)
  }
  return {
    '~standard': {
      version: standard.version,
      vendor: standard.vendor,
      validate(payload) {
        const result = standard.validate(payload)
        // Added to an object alone. Whatever else the schema gave, a promise of another kind among it, goes on as it
        // is and is refused: claims that were added to it would make it look like an answer.
        const value: unknown = 'value' in result && result.issues === undefined ? result.value : undefined
        const isAnswer = typeof value === 'object' && value !== null && !Array.isArray(value)
        return isAnswer ? { value: { ...(value as C), ...accessClaimsOf(payload) } } : result
      },
    },
  }
}

function accessClaimsOf(payload: unknown): object {
  const entries = Object.entries(payload ?? {})
  return Object.fromEntries(entries.filter(([name]) => FORMS.some(({ claim }) => claim === name)))
}
