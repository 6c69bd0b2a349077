/** `npm run bench -- NAME [--json] [--quick]`: one benchmark, side by side with its peers in one run. */
import { BENCHES } from './benches.ts'
import { toJson, toText } from './harness/report.ts'

const flags = new Set(process.argv.slice(2).filter((word) => word.startsWith('-')))
const names = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const [name = ''] = names
const bench = BENCHES.get(name)
const unknownFlags = [...flags].filter((flag) => flag !== '--json' && flag !== '--quick')

if (bench === undefined || names.length !== 1 || unknownFlags.length > 0) {
  console.error(
    [
      'usage: npm run bench -- NAME [--json] [--quick]',
      '',
      ...[...BENCHES].map(([known, { doc }]) => `  ${known.padEnd(9)}${doc}`),
      '',
      '  --json   one object on stdout',
      '  --quick  a few operations of each case: shows that it runs, says nothing about speed',
    ].join('\n'),
  )
  process.exitCode = 2
} else {
  const rows = await bench.run({ quick: flags.has('--quick') })
  console.log(flags.has('--json') ? toJson(name, rows) : toText(name, rows))
}
