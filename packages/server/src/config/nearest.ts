/** The candidate that differs least from `name`, if it is near enough to be a slip of the finger. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(name.length / 4))
  let best: string | undefined
  let least = limit + 1
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate)
    if (distance < least) {
      best = candidate
      least = distance
    }
  }
  return best
}

/** ` (did you mean X?)`, or nothing. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const near = nearest(name, candidates)
  return near === undefined ? '' : ` (did you mean ${near}?)`
}

/** Optimal string alignment distance: insertions, deletions, changes and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let older: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let least = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, older[j - 2]! + 1)
      row.push(least)
    }
    older = previous
    previous = row
  }
  return previous[b.length]!
}
