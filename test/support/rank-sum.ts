/**
 * The z of the rank-sum test of Wilcoxon, Mann and Whitney: how far two sets of times are from being drawn out of one.
 * Beyond ±3.3 it happens by chance once in a thousand. It asks for the order alone, so a few slow outliers, which a busy
 * machine always has, weigh no more than any other.
 */
export function rankSum(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map((value) => ({ value, own: true })), ...b.map((value) => ({ value, own: false }))]
  all.sort((one, other) => one.value - other.value)
  let sum = 0
  for (let from = 0; from < all.length; ) {
    let to = from
    while (to < all.length && all[to]?.value === all[from]?.value) to += 1
    // Equal times share the middle of their ranks.
    const rank = (from + 1 + to) / 2
    for (let i = from; i < to; i++) if (all[i]?.own === true) sum += rank
    from = to
  }
  const mean = (a.length * (all.length + 1)) / 2
  return (sum - mean) / Math.sqrt((a.length * b.length * (all.length + 1)) / 12)
}
