import type { AuditEntry } from '../domain/audit-chain.ts'

export type { AuditEntry }

/** Makes an entry of what came before it: the chain is decided in the domain, its order in the store. */
export type Chain = (previous: AuditEntry | undefined, at: number) => AuditEntry

/** Where the audit log is kept: append only. */
export interface AuditLog {
  /**
   * Reads the last entry and appends the one that `chain` makes of it, as one atomic step: concurrent appends of any
   * number of services give one order without a fork or a gap.
   */
  append(chain: Chain): Promise<AuditEntry>

  /** Up to `limit` entries from `from` upward. */
  read(from: number, limit: number): Promise<readonly AuditEntry[]>

  /** The last `limit` entries, newest first, before `before` where given. */
  latest(limit: number, before?: number): Promise<readonly AuditEntry[]>
}
