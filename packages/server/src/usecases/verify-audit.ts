import {
  type AuditKeys,
  CHAIN_START,
  type ChainFault,
  type ChainHead,
  examineEntry,
  isSameHead,
} from '../domain/audit-chain.ts'
import type { AuditEntry, AuditLog } from '../ports/audit-log.ts'
import type { Audit } from './audit.ts'

/** What a walk over the whole chain found. */
export interface AuditVerdict {
  /** How many entries are as they were written, from the first on. */
  readonly checked: number
  /** How many of them have lost their personal part, as they may. */
  readonly erased: number
  /** The place of the first entry that is not, and what is wrong with it. Absent when all are. */
  readonly fault?: { readonly sequence: number; readonly problem: ChainFault }
  /** The last good entry. To be kept elsewhere and given as the anchor later: a cut-off end shows nowhere else. */
  readonly head?: AuditEntry
}

export interface VerifyAuditOptions {
  /** A head that was kept elsewhere. */
  readonly anchor?: ChainHead | undefined
  /** Hears from time to time how many entries were checked. */
  readonly progress?: ((checked: number) => void) | undefined
}

/** Walks over the chain and names the first bad entry. That somebody looked is itself an event. */
export type VerifyAudit = (options?: VerifyAuditOptions) => Promise<AuditVerdict>

const PAGE = 500

export function createVerifyAudit(dependencies: {
  readonly log: AuditLog
  /** Gives the audit key of a master key's id, also of one that was dropped. */
  readonly key: AuditKeys
  /** Without it the walk leaves no entry. */
  readonly audit?: Pick<Audit, 'record'>
}): VerifyAudit {
  const { log, key, audit } = dependencies

  return async (options) => {
    const found = await walk(options)
    const detail = { checked: found.checked, fault: found.fault?.problem ?? null }
    await audit?.record({ event: 'audit.verified', result: 'ok', actor: 'system', detail })
    return found
  }

  async function walk({ anchor, progress }: VerifyAuditOptions = {}): Promise<AuditVerdict> {
    let previous: ChainHead = CHAIN_START
    let head: AuditEntry | undefined
    let erased = 0
    let checked = 0
    const verdict = (sequence: number, problem: ChainFault): AuditVerdict => ({
      checked,
      erased,
      fault: { sequence, problem },
      ...(head === undefined ? {} : { head }),
    })

    for (;;) {
      // One more than a page, so that each entry is judged with its follower in hand.
      const entries = await log.read(previous.sequence + 1, PAGE + 1)
      for (const [index, entry] of entries.slice(0, PAGE).entries()) {
        const problem = examineEntry(previous, entry, entries[index + 1], key)
        if (problem !== undefined) return verdict(previous.sequence + 1, problem)
        if (anchor?.sequence === entry.sequence && !isSameHead(anchor, entry)) return verdict(entry.sequence, 'changed')
        if (entry.personal === undefined && entry.body.includes('"personal":"')) erased += 1
        previous = entry
        head = entry
        checked += 1
      }
      progress?.(checked)
      if (entries.length <= PAGE) break
    }
    if (anchor !== undefined && anchor.sequence > previous.sequence) return verdict(previous.sequence + 1, 'cut_off')
    return { checked, erased, ...(head === undefined ? {} : { head }) }
  }
}
