/**
 * `@countersign/server`: the authentication service, to be run by the command `countersign` or mounted in an application.
 *
 * @module
 */
export { ConfigError, type ConfigErrorCode, type ConfigFault } from './config/config-error.ts'
export { seconds } from './config/duration.ts'
export { defineConfig, settingsFromEnv } from './config/load.ts'
export type { SettingsInput as Settings } from './config/settings.ts'
export {
  type AddedClaims,
  type ClaimsOf,
  type Countersign,
  createCountersign,
  type Plugins,
  toNodeHandler,
} from './countersign.ts'
export { AuthError } from './domain/errors.ts'
export type { RequestInfo } from './http/app.ts'
export type { NodeHandler } from './http/node-handler.ts'
export type { PasswordHasher, PasswordMatch } from './ports/password-hasher.ts'
export type { Account, ClaimsInput, SessionInfo } from './usecases/claims-hook.ts'
