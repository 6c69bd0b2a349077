import { type AuditRecord, readPersonal, readRecord } from '../domain/audit-chain.ts'
import type { AuditLog } from '../ports/audit-log.ts'

/** An entry of the audit log as people read it. Every text in it is fit for a terminal. */
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
  /** Address, user agent and name of the account, unless they were erased. */
  readonly personal: Readonly<Record<string, string>>
}

/** Reads the log, the newest entry first. Says nothing about whether it is as it was written. */
export type ListAudit = (page: {
  readonly limit: number
  readonly before?: number | undefined
}) => Promise<readonly AuditRow[]>

const UNREADABLE: AuditRecord = {
  event: 'unreadable',
  result: 'refused',
  actor: null,
  subject: null,
  requestId: null,
  detail: {},
}

export function createListAudit({ log }: { readonly log: AuditLog }): ListAudit {
  return async ({ limit, before }) => {
    const entries = await log.latest(limit, before)
    return entries.map((entry) => {
      // A row that somebody wrote into the database by hand must not keep the others from being read.
      const { event, result, actor, subject, requestId, detail } = readRecord(entry) ?? UNREADABLE
      return {
        sequence: entry.sequence,
        at: Math.floor(entry.at / 1000),
        event,
        result,
        actor: actor ?? undefined,
        subject: subject ?? undefined,
        requestId: requestId ?? undefined,
        detail,
        personal: readPersonal(entry),
      }
    })
  }
}
