import { algCases } from './cases/alg.ts'
import type { AttackCase } from './cases/attack.ts'
import { claimCases } from './cases/claims.ts'
import { headerCases } from './cases/header.ts'
import { keyCases } from './cases/keys.ts'
import { signatureCases } from './cases/signature.ts'
import { mutationCases, textCases } from './cases/text.ts'
import { type Alg, genuine, OWNERS } from './forge.ts'

/** Every attack on a single token, in the order of the playbook. */
export const CASES: readonly AttackCase[] = [
  ...algCases(),
  ...keyCases(),
  ...signatureCases(),
  ...textCases(),
  ...mutationCases(),
  ...headerCases(),
  ...claimCases(),
]

const ALGS: readonly Alg[] = ['HS256', 'RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']
/** The tokens of their owners, by algorithm. */
export const GENUINE: readonly (readonly [Alg, string])[] = ALGS.map((alg) => [alg, genuine(OWNERS[alg])])
