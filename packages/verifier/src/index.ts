/**
 * `@countersign/verifier`: accepts access tokens in any service. The guards stand at subpaths, one for each framework.
 *
 * @module
 */
export type { LocalKeys, SchemaIssue, SchemaResult, StandardSchema } from '@countersign/jwt'
export { VerifierError } from './errors.ts'
export type * from './types.ts'
export {
  createVerifier,
  type KeyOptions,
  type Verifier,
  type VerifierOptions,
  type VerifierStatus,
} from './verifier.ts'
