/** One line of a benchmark. */
export interface Row {
  readonly case: string
  readonly unit: string
  readonly median: number
  /** The middle half of the values lies between these. For people; no part of the JSON. */
  readonly quartiles?: readonly [number, number]
  /** Theirs ÷ ours for times and sizes, ours ÷ theirs for rates: above 1 is always our lead. */
  readonly ratios: Readonly<Record<string, number>>
  readonly better: 'higher' | 'lower'
}

/** A benchmark. */
export interface Bench {
  readonly doc: string
  run(options: { readonly quick: boolean }): Promise<readonly Row[]>
}

/** What `--json` prints: one object. */
export function toJson(name: string, rows: readonly Row[]): string {
  const lines = rows.map(({ case: caseName, unit, median, ratios, better }) => {
    return { case: caseName, unit, median, ratios, better }
  })
  return JSON.stringify({ name, node: process.versions.node, rows: lines })
}

/** A table for people. */
export function toText(name: string, rows: readonly Row[]): string {
  const peers = [...new Set(rows.flatMap(({ ratios }) => Object.keys(ratios)))]
  const table = [
    ['case', 'median', 'middle half', 'unit', ...peers.map((peer) => `× ${peer}`)],
    ...rows.map((row) => [
      row.case,
      String(row.median),
      row.quartiles?.join('–') ?? '',
      row.unit,
      ...peers.map((peer) => String(row.ratios[peer] ?? '–')),
    ]),
  ]
  const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? []
  const lines = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const { node, openssl } = process.versions
  return [`${name}: Node ${node}, OpenSSL ${openssl}. A ratio above 1 is our lead.`, '', ...lines, ''].join('\n')
}
