import { guard } from './guard/bench.ts'
import type { Bench } from './harness/report.ts'
import { jwt } from './jwt/bench.ts'
import { login } from './login/bench.ts'
import { refresh } from './refresh/bench.ts'
import { start } from './start/bench.ts'

/** Every benchmark, by the name that the command takes. */
export const BENCHES: ReadonlyMap<string, Bench> = new Map([
  ['jwt', jwt],
  ['guard', guard],
  ['refresh', refresh],
  ['login', login],
  ['start', start],
])
