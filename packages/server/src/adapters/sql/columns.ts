import type { SqlRow } from './driver.ts'

/**
 * Readers of columns. A column of another type than expected is a fault of ours or a store that somebody changed by hand,
 * and nothing that goes on from there would be right.
 */
export function numberOf(row: SqlRow, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw new TypeError(`column ${column} is no number`)
  return value
}

export function textOf(row: SqlRow, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new TypeError(`column ${column} is no text`)
  return value
}

export function bytesOf(row: SqlRow, column: string): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw new TypeError(`column ${column} is not made of bytes`)
  return value
}

/** The same for a column that may be NULL, which is `undefined` to us. */
export function optional<T>(read: (row: SqlRow, column: string) => T, row: SqlRow, column: string): T | undefined {
  return row[column] === null ? undefined : read(row, column)
}
