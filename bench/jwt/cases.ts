import type { Case, Stand } from '../harness/stand.ts'
import {
  ALGORITHMS,
  type BenchedAlgorithm,
  type BenchedClaims,
  broken,
  createFreshClaims,
  createFreshTokens,
  inFlight,
  type Setup,
} from './corpus.ts'

/** One library with one key. A library may be synchronous or not. */
export interface Library {
  sign(claims: BenchedClaims): string | Promise<string>
  /** Throws, or rejects, for a token that is not good. */
  verify(token: string): unknown
  /** How it tells a bad token best: without an exception, where it can. @returns whether it was refused */
  refuses(token: string): boolean | Promise<boolean>
  readonly asynchronous: boolean
}

/** The cases of a library: for each algorithm that it has, sign, verify, and refuse. */
export async function standOf(
  setup: Setup,
  create: (algorithm: BenchedAlgorithm) => Library | undefined | Promise<Library | undefined>,
): Promise<Stand> {
  const cases: Record<string, Case> = {}
  for (const algorithm of ALGORITHMS) {
    const library = await create(algorithm)
    if (library === undefined) continue
    await check(library, setup, algorithm)
    const tokens = setup.tokens[algorithm]
    cases[`${algorithm} sign`] = over(createFreshClaims(setup.claims), library.sign, library)
    cases[`${algorithm} verify`] = over(createFreshTokens(tokens), library.verify, library)
    cases[`${algorithm} refuse`] = over(createFreshTokens(tokens.map(broken)), library.refuses, library)
  }
  return { cases }
}

/** A contender that accepts everything would be the fastest. */
async function check(library: Library, { tokens, claims }: Setup, algorithm: BenchedAlgorithm): Promise<void> {
  const [token = ''] = tokens[algorithm]
  await library.verify(token)
  await library.verify(await library.sign({ ...(claims[0] as BenchedClaims) }))
  if ((await library.refuses(token)) || !(await library.refuses(broken(token)))) {
    throw new Error(`${algorithm}: refuses the wrong tokens`)
  }
}

function over<T>(fresh: (count: number) => T[], act: (value: T) => unknown, { asynchronous }: Library): Case {
  let inputs: T[] = []
  return {
    prepare(count) {
      inputs = fresh(count)
    },
    run: asynchronous
      ? () => inFlight(inputs, async (value) => act(value))
      : () => {
          for (const value of inputs) act(value)
        },
  }
}
