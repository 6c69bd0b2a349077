import { PATHS } from '@countersign/protocol'
import { createAuthorizedFetch, sameAccount } from './authorized-fetch.ts'
import { createCooldown } from './cooldown.ts'
import { ClientError } from './errors.ts'
import { createFarewells } from './farewell.ts'
import { checkOptions } from './options.ts'
import { defaultPlatform, type Platform } from './platform.ts'
import { createQueue } from './queue.ts'
import { createRefresh } from './refresh.ts'
import { type Answer, type Call, createService, errorOf } from './service.ts'
import { createSessionState, type Live, type Moment } from './session.ts'
import { createVault } from './storage.ts'
import { isTokenResponse } from './token-response.ts'
import type { Client, ClientOptions, User } from './types.ts'

/** Seconds. A log-in may wait in the service's queue for password hashing. */
const LOGIN_BOUND = 30
/** Seconds. */
const CALL_BOUND = 8

/**
 * Makes the client that keeps one person signed in. Make one per application, at module level: it does nothing until it
 * is used, so importing it on a server that renders pages is safe.
 *
 * The access token lives in memory alone. The refresh token is an HttpOnly cookie in a page, or in `storage` elsewhere.
 * Only the service's own word that the session is over signs anybody out; a dead network, a 5xx, a 429 or a captive
 * portal never does.
 *
 * @throws {TypeError} when an option is unknown, missing or not acceptable
 */
export function createClient<C extends object = object>(options: ClientOptions): Client<C> {
  return createClientOn<C>(defaultPlatform(), options)
}

/** The same on a platform of the caller's: his clocks, his transport. */
export function createClientOn<C extends object = object>(given: Platform, options: ClientOptions): Client<C> {
  checkOptions(options)
  const platform: Platform = options.fetch ? { ...given, fetch: options.fetch } : given
  const { issuer, storage } = options

  const service = createService(platform, issuer, storage ? 'body' : 'cookie')
  const vault = storage ? createVault(storage, platform) : undefined
  const session = createSessionState<C>(platform)
  const queue = createQueue()
  const cooldown = createCooldown(platform)
  const farewells = createFarewells(service, issuer, platform.flag)
  const refresh = createRefresh<C>({ platform, service, session, vault, queue, cooldown })
  const origins = new Set([new URL(issuer).origin, ...(options.origins ?? [])])
  // A sandboxed page has the opaque origin "null", which every other such page has too.
  if (platform.origin !== undefined && platform.origin !== 'null') origins.add(platform.origin)
  const fetch = createAuthorizedFetch<C>({ platform, session, origins, obtain })

  return {
    login,
    changePassword,
    logout,
    logoutEverywhere,
    fetch,
    accessToken: async () => (await obtain())?.token ?? null,
    get user() {
      return session.state.user
    },
    get session() {
      return session.state.session
    },
    get state() {
      return session.state
    },
    onChange: session.onChange,
    async ready() {
      if (session.live === undefined) await obtain()
      return session.state
    },
  }

  /** The live session; `null` when nobody is signed in. With the token that an API refused, a session with a newer one. */
  async function obtain(bad?: string): Promise<Live<C> | null> {
    requirePlace()
    if (farewells.barred() && !(await queue(settle))) {
      session.end()
      return null
    }
    const { live } = session
    if (live === null) return null
    const usable = session.usable(bad)
    if (!usable) return refresh(bad)
    // Ahead of time, in the background, because of a use: no timer, which sleep and throttled tabs would make a lie.
    if (usable.life - session.age(usable) < usable.life / 5) void refresh(usable.token).catch(() => undefined)
    return usable
  }

  async function login(credentials: { readonly username: string; readonly password: string }): Promise<User<C>> {
    requirePlace()
    const { username, password } = credentials
    const { scope, audience } = options
    const body = {
      username,
      password,
      transport: service.transport,
      ...(scope === undefined ? {} : { scope }),
      ...(audience === undefined ? {} : { audience }),
    }
    return queue(async () => {
      const replaced = await vault?.read()
      const sent = session.now()
      const answer = await service.post({ path: PATHS.login, body, bound: LOGIN_BOUND })
      const user = await signIn(answer, sent)
      // In a page the service ends the session that the cookie named; a program says itself which one it replaces.
      if (replaced) farewells.note({ sessionId: undefined, refreshToken: replaced })
      void queue(settle).catch(() => undefined)
      return user
    })
  }

  async function changePassword(passwords: {
    readonly currentPassword: string
    readonly newPassword: string
  }): Promise<User<C>> {
    const body = { current_password: passwords.currentPassword, new_password: passwords.newPassword }
    return asCaller({ path: PATHS.passwordChange, body, bound: LOGIN_BOUND }, signIn)
  }

  async function logoutEverywhere(): Promise<void> {
    await asCaller({ path: PATHS.logoutAll, bound: CALL_BOUND }, async (answer) => {
      if (answer.kind !== 'answered' || answer.status !== 204) throw errorOf(answer)
      session.end()
      await vault?.write(null)
    })
  }

  async function logout(): Promise<void> {
    requirePlace()
    const before = session.live
    // First of all, whatever comes of the rest: from here on no request carries the token.
    session.end()
    await queue(async () => {
      // A log-in that was under way when this was called has made a session of its own.
      const live = session.live ?? before
      session.end()
      const { token: refreshToken, fault } = await forget()
      if (live === null && refreshToken === undefined) return
      const told = farewells.note({ sessionId: live?.session.id, refreshToken })
      if (live && session.age(live) < live.life && (await tellByBearer(live))) told()
      else await farewells.settle()
      if (fault) throw fault
    })
  }

  /** Takes the refresh token out of the storage. */
  async function forget(): Promise<{ token?: string; fault?: unknown }> {
    let token: string | null | undefined
    try {
      token = await vault?.read()
      if (token) await vault?.write(null)
      return token ? { token } : {}
    } catch (fault) {
      return token ? { token, fault } : { fault }
    }
  }

  async function tellByBearer(live: Live<C>): Promise<boolean> {
    const answer = await service.post({ path: PATHS.logout, bearer: live.token, bound: CALL_BOUND, keepalive: true })
    return answer.kind === 'answered' && answer.status === 204
  }

  async function settle(): Promise<boolean> {
    if (cooldown.left() > 0) return false
    const settled = await farewells.settle()
    if (!settled) cooldown.begin(undefined)
    return settled
  }

  /** Becomes the account of a log-in's answer. Runs in the queue. */
  async function signIn(answer: Answer, sent: Moment): Promise<User<C>> {
    if (answer.kind !== 'answered' || answer.status !== 200 || !isTokenResponse(answer.json, vault !== undefined))
      throw errorOf(answer)
    const tokens = answer.json
    try {
      await vault?.write(tokens.refresh_token ?? null)
    } catch (fault) {
      // A session that cannot be kept is not left open either.
      farewells.note({ sessionId: tokens.session_id, refreshToken: tokens.refresh_token })
      throw fault
    }
    farewells.replaced()
    cooldown.clear()
    return session.adopt(tokens, sent).user
  }

  /**
   * Calls a route of the service that asks who is calling, with one refresh and one repeat after an expired token. The
   * answer is taken in before anything else gets its turn, for it may hold a new session.
   */
  async function asCaller<T>(call: Call, take: (answer: Answer, sent: Moment) => Promise<T>): Promise<T> {
    const began = session.live?.user.id
    const live = sameAccount(began, await obtain())
    if (!live) throw new ClientError('token_missing')
    const first = await send(live)
    if ('taken' in first) return first.taken
    const fresh = sameAccount(live.user.id, await obtain(live.token))
    if (!fresh) throw new ClientError('token_missing')
    const second = await send(fresh)
    if ('taken' in second) return second.taken
    throw errorOf(second.refused)

    function send({ token }: Live<C>): Promise<{ readonly taken: T } | { readonly refused: Answer }> {
      return queue(async () => {
        const sent = session.now()
        const answer = await service.post({ ...call, bearer: token })
        if (answer.kind === 'answered' && answer.invalidToken) return { refused: answer }
        return { taken: await take(answer, sent) }
      })
    }
  }

  /** Without a page there is no cookie jar, and a session that cannot be refreshed would only seem to work. */
  function requirePlace(): void {
    if (!storage && !options.fetch && platform.origin === undefined)
      throw new TypeError('outside a page the client needs the option storage, to keep the refresh token')
  }
}
