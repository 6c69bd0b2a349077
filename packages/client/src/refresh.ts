import { PATHS, SESSION_OVER, type TokenResponse } from '@countersign/protocol'
import type { Cooldown } from './cooldown.ts'
import { ClientError } from './errors.ts'
import type { Platform } from './platform.ts'
import type { Queue } from './queue.ts'
import { type Answer, errorOf, type Service } from './service.ts'
import type { Live, Moment, SessionState } from './session.ts'
import type { Vault } from './storage.ts'
import { isTokenResponse } from './token-response.ts'

/** Seconds. */
const ATTEMPT_BOUND = 8
/** Seconds for attempt and repeat together. A repeat must reach the service inside the window it grants a lost answer. */
const FLIGHT_BOUND = 11
/** Seconds. Below this a repeat has no chance of an answer. */
const SHORTEST_ATTEMPT = 1

/** Statuses that come from a fault of set-up: their code is told, for waiting does not mend it. Nobody is signed out. */
const SETUP_FAULTS: ReadonlySet<number> = new Set([400, 403, 404, 405, 415, 422])

/** Statuses behind which the service may have rotated the token all the same: a proxy lost the answer. */
const AMBIGUOUS: ReadonlySet<number> = new Set([200, 500, 502, 504])

/** What came of one exchange of the refresh token. */
type Outcome =
  | { readonly kind: 'renewed'; readonly tokens: TokenResponse; readonly sent: Moment }
  | { readonly kind: 'over'; readonly presented: string | undefined }
  | { readonly kind: 'later'; readonly answer: Answer }

/** What a refresh is made of. */
export interface RefreshParts<C extends object> {
  readonly platform: Platform
  readonly service: Service
  readonly session: SessionState<C>
  /** Where the refresh token is; `undefined` in a page, where it is a cookie. */
  readonly vault: Vault | undefined
  readonly queue: Queue
  readonly cooldown: Cooldown
}

/**
 * Renews the session: one flight at a time, which every caller shares. Resolves to the live session, or `null` when the
 * service says that it is over.
 *
 * @param bad the token that an API has just refused. A late 401 for a token that was replaced meanwhile gets the new one
 * without another refresh.
 */
export type Refresh<C extends object> = (bad: string | undefined) => Promise<Live<C> | null>

export function createRefresh<C extends object>(parts: RefreshParts<C>): Refresh<C> {
  const { queue, session, cooldown, vault } = parts
  let flight: Promise<Live<C> | null> | undefined

  return (bad) => {
    flight ??= queue(() => fly(bad)).finally(() => {
      flight = undefined
    })
    return flight
  }

  async function fly(bad: string | undefined): Promise<Live<C> | null> {
    // Somebody may have signed in, or out, while this waited for its turn.
    if (session.live === null) return null
    const live = session.usable(bad)
    if (live) return live
    if (cooldown.left() > 0) throw new ClientError('unavailable', { retryAfter: Math.ceil(cooldown.left()) })

    const epoch = session.epoch
    const outcome = await exchange(parts)
    // A log-out happened meanwhile: whatever the answer is, nobody is to be signed in by it.
    if (session.epoch !== epoch) return session.live ?? null
    if (outcome.kind === 'renewed') return renewed(outcome)
    if (outcome.kind === 'over') return over(outcome)
    throw later(outcome.answer)
  }

  async function renewed({ tokens, sent }: Outcome & { kind: 'renewed' }): Promise<Live<C> | null> {
    const epoch = session.epoch
    // Kept before anything is published: a process that dies in between starts again from the same place.
    await vault?.write(tokens.refresh_token ?? null)
    if (session.epoch !== epoch) return session.live ?? null
    cooldown.clear()
    return session.adopt(tokens, sent)
  }

  async function over({ presented }: Outcome & { kind: 'over' }): Promise<null> {
    session.end()
    if (!vault || presented === undefined) return null
    try {
      // Only the refused token is forgotten; another process may have signed in and put its own there.
      if ((await vault.read()) === presented) await vault.write(null)
    } catch {
      // A token that is refused does no harm where it lies.
    }
    return null
  }

  function later(answer: Answer): ClientError {
    const error = errorOf(answer)
    cooldown.begin(error.retryAfter)
    if (answer.kind === 'answered' && SETUP_FAULTS.has(answer.status) && answer.code) return error
    const { retryAfter, requestId } = error
    return new ClientError('unavailable', { retryAfter, requestId })
  }
}

/**
 * Presents the refresh token, and once more when that may mend it: at once after an answer that was lost, for the service
 * repeats itself only within a window that began with the rotation, so a polite pause is what would end an honest
 * session; and after `Retry-After` when that fits.
 */
async function exchange<C extends object>(parts: RefreshParts<C>): Promise<Outcome> {
  const { platform, vault } = parts
  const began = platform.mono()
  const left = (): number => FLIGHT_BOUND - (platform.mono() - began)

  const first = await attempt(parts, ATTEMPT_BOUND)
  if (first.kind === 'over') {
    // Another process on the same storage may have moved on between our reading and the service's answer.
    const moved = first.presented !== undefined && vault && (await vault.read())
    return moved && moved !== first.presented ? attempt(parts, ATTEMPT_BOUND) : first
  }
  const pause = first.kind === 'later' ? pauseBeforeRepeat(first.answer) : undefined
  if (pause === undefined || left() - pause < SHORTEST_ATTEMPT) return first
  if (pause > 0) await platform.sleep(pause)
  return attempt(parts, Math.min(ATTEMPT_BOUND, left()))
}

function pauseBeforeRepeat(answer: Answer): number | undefined {
  if (answer.kind === 'unreachable') return 0
  if (answer.retryAfter !== undefined) return answer.retryAfter
  return AMBIGUOUS.has(answer.status) ? 0 : undefined
}

async function attempt<C extends object>(parts: RefreshParts<C>, bound: number): Promise<Outcome> {
  const { service, session, vault } = parts
  const presented = vault ? await vault.read() : undefined
  // Nothing is kept, so nobody is signed in; the service need not be asked.
  if (presented === null) return { kind: 'over', presented: undefined }

  const sent = session.now()
  const answer = await service.post({
    path: PATHS.refresh,
    bound,
    keepalive: true,
    ...(presented === undefined ? {} : { body: { refresh_token: presented } }),
  })
  if (answer.kind === 'answered') {
    if (answer.status === 200 && isTokenResponse(answer.json, vault !== undefined))
      return { kind: 'renewed', tokens: answer.json, sent }
    if (answer.status === 401 && answer.code && SESSION_OVER.includes(answer.code)) return { kind: 'over', presented }
  }
  return { kind: 'later', answer }
}
