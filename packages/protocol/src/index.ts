/**
 * `@countersign/protocol`: the words on the wire that both sides share. Types and constant tables, no behaviour beyond
 * asking whether a text is one of them.
 *
 * @module
 */
export {
  type AccessTokenClaims,
  type AccountBody,
  FIRST_PARTY,
  type KeyBody,
  type SessionBody,
  type TokenAccountBody,
  type TokenResponse,
  type Transport,
} from './bodies.ts'
export { ERRORS, type ErrorCode, isErrorCode, SESSION_OVER } from './errors.ts'
export type { Metadata } from './metadata.ts'
export { CSRF_HEADER, PATHS } from './paths.ts'
export { PREFIXES, SECRET_PATTERN } from './prefixes.ts'
export { PROBLEM_MEDIA_TYPE, type Problem, type ProblemFault } from './problem.ts'
