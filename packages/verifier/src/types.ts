/** The types that declarations of every entry point mention, so that each can be used alone. */
export type { Names, Refusal } from '@countersign/jwt'
export type { AccessTokenClaims, Auth, NoClaims } from './auth.ts'
export type { Authenticator, ClaimsOf, RequestFacts } from './authenticator.ts'
export type { RefusalStatus, VerifierErrorCode } from './errors.ts'
export type { GuardOptions } from './guard-core.ts'
export type { Requirement } from './requirement.ts'
