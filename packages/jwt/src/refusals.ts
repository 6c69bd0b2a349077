import { type JwtVerifyErrorCode, MESSAGES } from './errors.ts'
import type { SchemaIssue } from './types.ts'

/** Why a token was refused. One frozen object for each code and claim, so that a flood of junk allocates nothing. */
export interface Refusal<Code extends string = JwtVerifyErrorCode> {
  readonly ok: false
  readonly code: Code
  /** The claim that is missing, malformed or unexpected. */
  readonly claim?: string
}

/** A refusal by the claims schema, which alone brings something of its own. */
export interface SchemaRefusal extends Refusal<'jwt_claims_refused'> {
  readonly issues: readonly SchemaIssue[]
}

/** The claims that a refusal can name. */
export type NamedClaim = 'iss' | 'sub' | 'aud' | 'exp' | 'nbf' | 'iat' | 'jti'
const NAMED_CLAIMS: readonly NamedClaim[] = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti']

const byClaim = (code: JwtVerifyErrorCode): ReadonlyMap<NamedClaim, Refusal> =>
  new Map(NAMED_CLAIMS.map((claim) => [claim, Object.freeze({ ok: false, code, claim })]))

const REFUSALS: ReadonlyMap<string, Refusal> = new Map(
  Object.keys(MESSAGES).map((code) => [code, Object.freeze({ ok: false, code: code as JwtVerifyErrorCode })]),
)
/** The codes that name a claim. */
export type ClaimCode = 'jwt_claim_missing' | 'jwt_claim_invalid' | 'jwt_claim_mismatch'

const OF_CLAIM: Readonly<Record<ClaimCode, ReadonlyMap<NamedClaim, Refusal>>> = {
  jwt_claim_missing: byClaim('jwt_claim_missing'),
  jwt_claim_invalid: byClaim('jwt_claim_invalid'),
  jwt_claim_mismatch: byClaim('jwt_claim_mismatch'),
}

export function refusal(code: JwtVerifyErrorCode): Refusal {
  return REFUSALS.get(code) ?? { ok: false, code }
}

export function claimRefusal(code: ClaimCode, claim: NamedClaim): Refusal {
  return OF_CLAIM[code].get(claim) ?? { ok: false, code, claim }
}
