/** The service with the password hashing that it has. */
import { openBenchService, PASSWORD, signUpAll, tokenOf, usernames } from '../harness/service.ts'
import type { OpenStand } from '../harness/stand.ts'

export interface LoginSetup {
  readonly accounts: number
  readonly sessionsEach: number
}

export const open: OpenStand<LoginSetup> = async ({ accounts, sessionsEach }) => {
  const service = await openBenchService({})
  const names = usernames(accounts)
  /** The live token of each session, the one that waited longest first. */
  const live = await signUpAll(service, accounts, sessionsEach)

  return {
    cases: {
      login: {
        async run(count) {
          for (let i = 0; i < count; i++) {
            const credentials = { username: names[i % names.length], password: PASSWORD, transport: 'body' }
            await tokenOf(await service.answer(service.post('/auth/login', credentials)), 200)
          }
        },
      },
    },
    calls: {
      listen: service.listen,
      age: service.age,
      usernames: () => names,
      tokens: () => live,
      /** Takes the answers to the first tokens: their sessions go to the end of the line. */
      keep(bodies: readonly string[]) {
        const fresh = bodies.map((body) => (JSON.parse(body) as { refresh_token: string }).refresh_token)
        if (fresh.some((token, i) => token === live[i])) throw new Error('a session did not rotate')
        live.splice(0, fresh.length)
        live.push(...fresh)
      },
    },
    close: service.close,
  }
}
