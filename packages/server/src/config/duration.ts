const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const
type Unit = keyof typeof UNITS

/** A length of time as people write it: `30s`, `10m`, `48h`, `14d`. */
export type Duration = `${number}${Unit}`

/** Reads a duration; `undefined` when the text is none. Whole numbers only, one unit, no sign and no space. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})([smhd])$/.exec(text)
  if (match === null) return undefined
  return Number(match[1]) * UNITS[match[2] as Unit]
}

/**
 * The number of seconds in a duration, for places where text reads better: `accessTokenLifetime: seconds('5m')`.
 *
 * @throws {TypeError} when the text is not a whole number with the unit `s`, `m`, `h` or `d`
 */
export function seconds(duration: Duration): number {
  const value = parseDuration(duration)
  if (value === undefined) throw new TypeError('seconds() takes a whole number with a unit: 30s, 10m, 48h or 14d')
  return value
}

/** Seconds as the shortest duration that says the same: 600 is `10m`. */
export function formatDuration(value: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    if (value >= UNITS[unit] && value % UNITS[unit] === 0) return `${value / UNITS[unit]}${unit}`
  }
  return `${value}s`
}
