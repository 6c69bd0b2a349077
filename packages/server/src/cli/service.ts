import type { AccountBody, KeyBody } from '@countersign/protocol'
import type { Settings } from '../config/settings.ts'

/** What a command runs the service with. */
export interface ServiceConfig {
  readonly settings: Settings
  /** The `plugins` of `countersign.config.ts`, not yet looked at. */
  readonly plugins: unknown
  /** Relative paths in the settings start here. */
  readonly cwd: string
}

/** The doors through which commands reach the service. Values go in and come out; no command sees a store. */
export interface CliServices {
  /**
   * Opens the service on its data, without a port: migrated, keys loaded.
   * @throws {ConfigError} when the data cannot be opened
   */
  open(config: ServiceConfig): Promise<CliService>
  /** Brings the schema up to date and does nothing else. */
  migrate(config: ServiceConfig): Promise<MigrationReport>
  /** Looks at the data without changing it or making any. */
  inspect(config: ServiceConfig): Promise<DataReport>
  /**
   * Serves until the process is told to stop. `announce` is called once the port is open.
   * @returns the exit status
   */
  serve(config: ServiceConfig, announce: (started: Started) => void): Promise<number>
}

/** The service, for commands. Refusals are `AuthError`s with a code of the protocol. */
export interface CliService {
  readonly accounts: CliAccounts
  readonly keys: CliKeys
  readonly audit: CliAudit
  close(): Promise<void>
}

/** Accounts are named by their id (22 characters) or their username wherever a command takes one. */
export interface CliAccounts {
  create(account: {
    readonly username: string
    readonly email: string | undefined
    readonly roles: readonly string[]
  }): Promise<{ readonly account: AccountBody; readonly oneTimePassword: string }>
  /** `undefined` when there is none. An id goes before a username. */
  find(idOrUsername: string): Promise<AccountBody | undefined>
  list(page: {
    readonly limit: number
    readonly cursor: string | undefined
  }): Promise<{ readonly accounts: readonly AccountBody[]; readonly nextCursor: string | undefined }>
  setDisabled(id: string, disabled: boolean): Promise<AccountBody>
  setRoles(id: string, roles: readonly string[]): Promise<AccountBody>
  resetPassword(id: string): Promise<{ readonly oneTimePassword: string }>
  /** @returns how many sessions ended */
  endSessions(id: string): Promise<number>
}

export interface CliKeys {
  list(): Promise<readonly KeyBody[]>
  /** Activates the successor and publishes another. One that is younger than the lead needs `now`. */
  rotate(options: { readonly now: boolean }): Promise<KeyBody>
  /**
   * The secrets that tokens for `audience` are or may be signed with, as JWKs with `kty: "oct"`, the active one first.
   * The issuer's own are never given out.
   */
  exportSecrets(audience: string): Promise<readonly Readonly<Record<string, unknown>>[]>
}

export interface CliAudit {
  /** The newest first. */
  list(page: { readonly limit: number; readonly before: number | undefined }): Promise<readonly AuditRow[]>
  /** Checks the whole chain, from the first entry to the last. `progress` hears how many were checked so far. */
  verify(progress: (checked: number) => void): Promise<AuditVerdict>
}

/** An entry of the audit log as people read it. */
export interface AuditRow {
  readonly sequence: number
  /** Seconds since the epoch. */
  readonly at: number
  readonly event: string
  readonly result: 'ok' | 'refused'
  readonly actor: string | undefined
  readonly subject: string | undefined
  readonly requestId: string | undefined
  readonly detail: Readonly<Record<string, unknown>>
}

export interface AuditVerdict {
  readonly checked: number
  /** The first entry that is not as it was written, and what is wrong with it. Absent when all are. */
  readonly fault?: { readonly sequence: number; readonly problem: string }
  /** The last entry, to be compared with what was noted outside: a cut-off end shows nowhere else. */
  readonly head?: { readonly sequence: number; readonly at: number; readonly mac: string }
}

export interface MigrationReport {
  /** The version of the schema before and after. 0 is an empty database. */
  readonly from: number
  readonly to: number
  readonly applied: readonly string[]
}

/** What `doctor` wants to know of the data. */
export interface DataReport {
  /** False when there is no database yet. Everything below is absent then. */
  readonly exists: boolean
  /** The issuer that the data was made for. */
  readonly issuer?: string
  /** What kept the data from being opened, in words without a secret. */
  readonly problem?: string
  readonly keys?: readonly KeyBody[]
  /** The names of administrators whose one-time password was not changed yet. */
  readonly pendingAdministrators?: readonly string[]
}

/** What the start-up text tells. */
export interface Started {
  readonly issuer: string
  /** `127.0.0.1:4000`: where the port is open. */
  readonly address: string
  /** The absolute path of the data folder. */
  readonly dataDir: string
  /** Only when this start made the first administrator. The password is absent when the operator chose it. */
  readonly administrator?: { readonly username: string; readonly oneTimePassword: string | undefined }
}
