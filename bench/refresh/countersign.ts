/** The refresh endpoint as people reach it. */
import { systemRandom } from '../../packages/server/src/adapters/system/random.ts'
import { parseMasterKeys } from '../../packages/server/src/domain/master-keys.ts'
import { createSealer } from '../../packages/server/src/domain/refresh-token.ts'
import type { PasswordHasher } from '../../packages/server/src/ports/password-hasher.ts'
import { openBenchService, signUpAll, tokenOf } from '../harness/service.ts'
import type { Case, OpenStand } from '../harness/stand.ts'

export interface RefreshSetup {
  /** How many sessions there are: a multiple of 32. */
  readonly sessions: number
}

const SESSIONS_EACH = 32

/** Set-up logs in thousands of times, so it does not pay for argon2id. What is timed here never hashes a password. */
const noHasher: PasswordHasher = {
  hash: async () => 'none',
  verify: async () => 'match',
}

/** What a turn presents, and what is to be seen in the answers. */
interface Turn {
  readonly tokens: readonly string[]
  check(fresh: readonly string[]): void
}

export const open: OpenStand<RefreshSetup> = async ({ sessions }) => {
  const service = await openBenchService({ passwordHasher: noHasher })
  /** The live token of each session. */
  const live = await signUpAll(service, sessions / SESSIONS_EACH, SESSIONS_EACH)
  const junk = createJunk()
  let next = 0

  const refreshRequest = (token: string) => service.post('/auth/refresh', { refresh_token: token })

  return {
    cases: {
      'rotated, one at a time': turns(1, rotation),
      'rotated, 32 at once': turns(32, rotation),
      'kept, 32 at once': turns(32, keeping),
      'repeated, 32 at once': turns(32, repetition),
      'junk refused, 32 at once': junkRefused(32),
    },
    calls: { listen: service.listen, age: service.age, tokens: () => live },
    close: service.close,
  }

  function rotation(count: number): Turn {
    service.age()
    const places = take(count)
    const tokens = tokensAt(places)
    return {
      tokens,
      check(fresh) {
        if (fresh.some((token, i) => token === tokens[i])) throw new Error('a session did not rotate')
        keep(places, fresh)
      },
    }
  }

  async function keeping(count: number): Promise<Turn> {
    service.age()
    const places = take(count)
    keep(places, await refreshAll(tokensAt(places)))
    const tokens = tokensAt(places)
    return {
      tokens,
      check(fresh) {
        if (fresh.some((token, i) => token !== tokens[i])) throw new Error('a live token was not kept')
      },
    }
  }

  async function repetition(count: number): Promise<Turn> {
    service.age()
    const places = take(count)
    const tokens = tokensAt(places)
    const successors = await refreshAll(tokens)
    keep(places, successors)
    return {
      tokens,
      check(fresh) {
        if (fresh.some((token, i) => token !== successors[i])) throw new Error('an answer was not repeated')
      },
    }
  }

  /** The next sessions in turn, each once. */
  function take(count: number): number[] {
    if (count > live.length) throw new RangeError('a session rotates once in a turn')
    return Array.from({ length: count }, () => next++ % live.length)
  }

  function tokensAt(places: readonly number[]): string[] {
    return places.map((place) => live[place] ?? '')
  }

  function keep(places: readonly number[], tokens: readonly string[]): void {
    for (const [i, place] of places.entries()) live[place] = tokens[i] ?? ''
  }

  async function refreshAll(tokens: readonly string[]): Promise<string[]> {
    const responses = await Promise.all(tokens.map((token) => service.answer(refreshRequest(token))))
    return Promise.all(responses.map((response) => tokenOf(response, 200)))
  }

  function turns(width: number, begin: (count: number) => Turn | Promise<Turn>): Case {
    let turn: Turn | undefined
    let requests: Request[] = []
    let responses: Response[] = []
    return {
      async prepare(count) {
        turn = await begin(count)
        requests = turn.tokens.map(refreshRequest)
      },
      async run() {
        responses = await inGroups(requests, width)
      },
      async finish() {
        turn?.check(await Promise.all(responses.map((response) => tokenOf(response, 200))))
      },
    }
  }

  function junkRefused(width: number): Case {
    let requests: Request[] = []
    let responses: Response[] = []
    return {
      prepare(count) {
        requests = Array.from({ length: count }, () => refreshRequest(junk()))
      },
      async run() {
        responses = await inGroups(requests, width)
      },
      finish() {
        if (responses.some(({ status }) => status !== 401)) throw new Error('junk was not refused')
      },
    }
  }

  async function inGroups(requests: readonly Request[], width: number): Promise<Response[]> {
    const responses: Response[] = []
    for (let i = 0; i < requests.length; i += width) {
      responses.push(...(await Promise.all(requests.slice(i, i + width).map(service.answer))))
    }
    return responses
  }
}

/** Made as ours are, checksum and all, but sealed under a key that is not ours: what costs most to refuse. */
function createJunk(): () => string {
  const secret = Buffer.from(systemRandom.bytes(32)).toString('base64')
  const sealer = createSealer(parseMasterKeys(`1:${secret}`))
  return () =>
    sealer.seal({ sid: systemRandom.bytes(16), generation: 1, secret: systemRandom.bytes(16) }, sealer.activeKid)
}
