import { SECRET_PATTERN } from '@countersign/protocol'

/** What a cell of a table may be. */
export type Cell = string | number | boolean | readonly string[] | null | undefined

/** Where a command writes: tables for people, one JSON value for programs. Neither ever holds one of our tokens. */
export interface Output {
  readonly json: boolean
  /** Rows for people; `value` is what programs get instead. */
  table(columns: readonly string[], rows: readonly (readonly Cell[])[], value: unknown): void
  /** A sentence for people; `value` is what programs get instead. */
  say(sentence: string, value: unknown): void
  /** Something that the person must notice. On stderr, so that it never ends up in a pipe. */
  warn(sentence: string): void
}

/** Makes an output. `--json` turns every result into one line of JSON on stdout. */
export function createOutput(json: boolean, out: (text: string) => void, err: (text: string) => void): Output {
  const print = (text: string, value: unknown): void => out(json ? `${redact(JSON.stringify(value))}\n` : `${text}\n`)
  return {
    json,
    table: (columns, rows, value) => print(redact(formatTable(columns, rows)), value),
    say: (sentence, value) => print(redact(clean(sentence)), value),
    warn: (sentence) => err(`${redact(clean(sentence))}\n`),
  }
}

/** A table with a heading and columns as wide as they must be. */
export function formatTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [columns.map((column) => column.toUpperCase()), ...rows.map((row) => row.map(formatCell))]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => [...(line[i] ?? '')].length)))
  return lines
    .map((line) =>
      line
        .map((cell, i) => pad(cell, widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Seconds since the epoch as people read them: `2026-11-24 16:45:00Z`. */
export function formatTime(at: number): string {
  return new Date(at * 1000).toISOString().replace('T', ' ').replace('.000Z', 'Z')
}

function formatCell(cell: Cell): string {
  if (cell === undefined || cell === null || cell === '') return '-'
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  if (typeof cell === 'object') return cell.length === 0 ? '-' : clean(cell.join(', '))
  return clean(String(cell))
}

/** What somebody chose at registration is shown on a terminal: no escape sequence, no line break, no text that turns round. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}

function redact(text: string): string {
  return text.replace(SECRET_PATTERN, '[secret]')
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(width - [...text].length)
}
