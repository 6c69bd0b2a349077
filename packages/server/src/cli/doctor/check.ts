import type { CliFiles } from '../files.ts'
import type { DataReport, ServiceConfig } from '../service.ts'

/** `unsafe` makes `doctor` fail; `warning` is something to look at; `note` is something to know. */
export type Level = 'ok' | 'note' | 'warning' | 'unsafe'

/** What a check found. `where` is set when it is about one place among several. */
export interface DoctorFinding {
  readonly level: Level
  readonly message: string
}

/** A finding with the name of its check. */
export interface DoctorRow extends DoctorFinding {
  readonly check: string
}

/** What the checks of a configuration know. */
export interface SetUp {
  readonly config: ServiceConfig
  readonly development: boolean
  /** The absolute path of the data folder. */
  readonly dataDir: string
  readonly data: DataReport
  readonly files: CliFiles
  /** Seconds since the epoch. */
  readonly now: number
}

/** One row of a table of checks. A check that has nothing to say about this subject gives no finding. */
export interface Check<Subject> {
  readonly name: string
  readonly find: (subject: Subject) => readonly DoctorFinding[] | Promise<readonly DoctorFinding[]>
}

export const ok = (message: string): readonly DoctorFinding[] => [{ level: 'ok', message }]
export const note = (message: string): readonly DoctorFinding[] => [{ level: 'note', message }]
export const warning = (message: string): readonly DoctorFinding[] => [{ level: 'warning', message }]
export const unsafe = (message: string): readonly DoctorFinding[] => [{ level: 'unsafe', message }]

/** Asks every check, in the order of the table. */
export async function runChecks<Subject>(checks: readonly Check<Subject>[], subject: Subject): Promise<DoctorRow[]> {
  const rows: DoctorRow[] = []
  for (const { name, find } of checks) {
    for (const finding of await find(subject)) rows.push({ check: name, ...finding })
  }
  return rows
}
