/**
 * `@countersign/client`: keeps a browser, phone or Node program signed in without anyone noticing.
 *
 * @module
 */
export type { ErrorCode, ProblemFault } from '@countersign/protocol'
export { createClient } from './client.ts'
export { ClientError, type ClientErrorCode, type ClientErrorDetails } from './errors.ts'
export type {
  AuthState,
  Client,
  ClientOptions,
  Fetch,
  Session,
  TokenStorage,
  User,
} from './types.ts'
