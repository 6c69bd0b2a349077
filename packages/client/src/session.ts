import type { TokenResponse } from '@countersign/protocol'
import { createEvents } from './events.ts'
import type { Platform } from './platform.ts'
import type { AuthState, Session, User } from './types.ts'

/** The moment at which a request was sent, on both clocks, in seconds. */
export interface Moment {
  readonly mono: number
  readonly wall: number
}

/** A session with its access token. */
export interface Live<C extends object> {
  readonly token: string
  readonly user: User<C>
  readonly session: Session
  /** Seconds, from `sent`. */
  readonly life: number
  readonly sent: Moment
}

/** What the client knows, and the only place that changes it. */
export interface SessionState<C extends object> {
  /** `undefined`: not known yet. `null`: signed out. */
  readonly live: Live<C> | null | undefined
  readonly state: AuthState<C>
  /** Raised by log-in, log-out and the session's end: an answer to what was asked under an older one is thrown away. */
  readonly epoch: number
  readonly now: () => Moment
  /** Seconds since the token's request was sent. */
  readonly age: (live: Live<C>) => number
  /** The live session, if its token has life left and is not `bad`, the one that an API has just refused. */
  readonly usable: (bad: string | undefined) => Live<C> | undefined
  readonly adopt: (tokens: TokenResponse, sent: Moment) => Live<C>
  readonly end: () => void
  readonly onChange: (listener: (state: AuthState<C>) => void) => () => void
}

export function createSessionState<C extends object>(platform: Platform): SessionState<C> {
  const events = createEvents<AuthState<C>>(platform)
  let live: Live<C> | null | undefined
  let state: AuthState<C> = Object.freeze({ status: 'loading', user: undefined, session: undefined })
  let epoch = 0
  let shownUser = ''

  /**
   * The larger of both clocks' answers: the monotonic one may stand still in a sleeping device, the wall clock may be
   * set. A jump costs one refresh at most. The `exp` of the token is never compared with the local clock.
   */
  const age = ({ sent }: Live<C>): number =>
    Math.max(platform.mono() - sent.mono, Math.abs(platform.wall() - sent.wall))

  const userOf = (tokens: TokenResponse): User<C> => {
    const shown = JSON.stringify(tokens.account)
    if (live && shown === shownUser) return live.user
    shownUser = shown
    const { id, username, email, email_verified, roles, claims } = tokens.account
    return Object.freeze({
      id,
      username,
      email: email ?? undefined,
      emailVerified: email_verified,
      roles: Object.freeze([...roles]),
      claims: claims as Readonly<C>,
    })
  }

  const sessionOf = ({ session_id, refresh_expires_in }: TokenResponse, sent: Moment): Session =>
    Object.freeze({
      id: session_id,
      expiresAt: refresh_expires_in === undefined ? undefined : Math.floor(sent.wall + refresh_expires_in),
    })

  return {
    get live() {
      return live
    },
    get state() {
      return state
    },
    get epoch() {
      return epoch
    },
    now: () => ({ mono: platform.mono(), wall: platform.wall() }),
    age,
    usable: (bad) => (live && live.token !== bad && age(live) < live.life ? live : undefined),
    adopt(tokens, sent) {
      const before = live
      const user = userOf(tokens)
      const session = sessionOf(tokens, sent)
      live = Object.freeze({ token: tokens.access_token, user, session, life: tokens.expires_in, sent })
      if (before?.session.id !== session.id) epoch++
      // An ordinary refresh changes nothing that a page shows, so it makes no noise.
      const same = before?.user === user && before.session.id === session.id
      if (!same || before.session.expiresAt !== session.expiresAt)
        state = Object.freeze({ status: 'signed-in', user, session })
      if (!same) events.tell(state)
      return live
    },
    end() {
      epoch++
      if (live === null) return
      live = null
      state = Object.freeze({ status: 'signed-out', user: null, session: null })
      events.tell(state)
    },
    onChange: events.on,
  }
}
