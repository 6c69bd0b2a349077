import { type Command, numberOption, withService } from '../command.ts'
import { formatTime } from '../output.ts'
import type { AuditRow } from '../service.ts'

const list: Command = {
  name: 'audit list',
  doc: 'Shows the audit log, the newest entry first. What an administrator does is written before it is done, and once more if it was refused then.',
  options: [
    { name: 'limit', value: 'number', doc: 'how many, up to 1000', default: '50' },
    { name: 'before', value: 'number', doc: 'only entries before this one' },
  ],
  settings: 'taken',
  run: (input) =>
    withService(input, async ({ audit }) => {
      const limit = numberOption(input, 'limit', 1, 1000) ?? 50
      const rows = await audit.list({ limit, before: numberOption(input, 'before', 1, Number.MAX_SAFE_INTEGER) })
      input.output.table(
        ['no', 'time', 'event', 'result', 'actor', 'subject', 'detail'],
        rows.map((row) => [
          row.sequence,
          formatTime(row.at),
          row.event,
          row.result,
          row.actor,
          row.subject,
          details(row),
        ]),
        { entries: rows.map(entryJson) },
      )
      return 0
    }),
}

const verify: Command = {
  name: 'audit verify',
  doc: 'Checks the chain of the audit log and names the first entry that was changed, left out, added or moved.',
  settings: 'taken',
  run: (input) =>
    withService(input, async ({ audit }) => {
      const verdict = await audit.verify((checked) => {
        if (input.edge.interactive) input.edge.err(`\r${checked} entries checked`)
      })
      if (input.edge.interactive) input.edge.err('\r\u001b[K')
      if (verdict.fault !== undefined) {
        const { sequence, problem } = verdict.fault
        input.output.say(`entry ${sequence} is not as it was written: ${problem}`, { intact: false, ...verdict })
        return 1
      }
      const head = verdict.head
      const end = head === undefined ? '' : `; the last is ${head.sequence} of ${formatTime(head.at)}, MAC ${head.mac}`
      input.output.say(`all ${verdict.checked} entries are as they were written${end}`, { intact: true, ...verdict })
      return 0
    }),
}

export const auditCommands: readonly Command[] = [list, verify]

function details({ detail }: AuditRow): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ')
}

function entryJson({ requestId, actor, subject, ...row }: AuditRow): unknown {
  return { ...row, actor: actor ?? null, subject: subject ?? null, request_id: requestId ?? null }
}
