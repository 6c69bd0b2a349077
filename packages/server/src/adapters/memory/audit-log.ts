import type { AuditLog } from '../../ports/audit-log.ts'
import type { MemoryState } from './state.ts'

/** No method awaits between its reads and its writes, so each is one atomic step. */
export function createMemoryAuditLog({ audit }: MemoryState, now: () => number): AuditLog {
  return {
    async append(chain) {
      const entry = chain(audit.at(-1), now())
      audit.push(entry)
      return entry
    },

    async read(from, limit) {
      return audit.filter(({ sequence }) => sequence >= from).slice(0, limit)
    },

    async latest(limit, before) {
      return audit
        .filter(({ sequence }) => before === undefined || sequence < before)
        .slice(-limit)
        .reverse()
    },
  }
}
