/** The value below which a part of the values lies; between two of them by interpolation. */
export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new TypeError('there are no values')
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * part
  const below = sorted[Math.floor(place)] as number
  const above = sorted[Math.ceil(place)] as number
  return below + (above - below) * (place - Math.floor(place))
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Three significant digits: more would pretend a precision that no shared machine has. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
