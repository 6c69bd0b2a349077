/** Something that happened and that somebody may have to answer for. Never holds a secret or a password typed elsewhere. */
export interface AuditEvent {
  /** `session.created`, `account.disabled` …: a word of the closed list in domain/audit.ts. */
  readonly event: string
  readonly result: 'ok' | 'refused'
  /** Who did it: an account id, `cli`, `system`, or absent when nobody is known. */
  readonly actor: string | undefined
  /** What it was done to: the id of an account, a session or a key. */
  readonly subject: string | undefined
  readonly requestId: string | undefined
  /** More, without anything personal: the code of a refusal, the names of changed fields. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
  /** What belongs to a person and may have to be erased: chained by a salted hash, kept beside. */
  readonly personal: { readonly address?: string; readonly userAgent?: string; readonly username?: string }
}

/** An event in the chain. */
export interface AuditEntry {
  readonly sequence: number
  /** Epoch milliseconds. */
  readonly at: number
  /** The canonical text that the MAC covers. */
  readonly body: string
  /** The personal part, or absent once erased. */
  readonly personal: string | undefined
  /** The id of the master key whose audit key made the MAC. */
  readonly macKid: number
  readonly mac: Uint8Array
}

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
