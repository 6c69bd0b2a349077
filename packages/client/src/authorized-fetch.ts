import { saysInvalidToken } from './challenge.ts'
import { ClientError } from './errors.ts'
import type { Platform } from './platform.ts'
import type { Live, SessionState } from './session.ts'
import type { Fetch } from './types.ts'

/** What {@link createAuthorizedFetch} is made of. */
export interface AuthorizedFetchParts<C extends object> {
  readonly platform: Platform
  readonly session: SessionState<C>
  /** The origins that get the token. */
  readonly origins: ReadonlySet<string>
  /** The live session, `null` when nobody is signed in; with the token that was just refused, a newer one. */
  readonly obtain: (bad?: string) => Promise<Live<C> | null>
}

/** Seconds. A token this young did not expire, so a refresh would mend nothing and could go round in circles. */
const TOO_YOUNG = 5

/** `fetch` with the access token, for the origins that may have it and for nobody else. */
export function createAuthorizedFetch<C extends object>(parts: AuthorizedFetchParts<C>): Fetch {
  const { platform, session, origins, obtain } = parts

  return async (input, init) => {
    const request = isRequest(input) ? input : undefined
    const headers = new Headers(init?.headers ?? request?.headers)
    const url = URL.parse(request ? request.url : String(input), platform.base())
    if (!url || !origins.has(originOf(url)) || headers.has('authorization')) return platform.fetch(input, init)
    // What was judged is what is sent, and not a text that somebody might resolve to another origin.
    const target = request ?? url.href

    // As in `fetch` itself, null takes the signal of a Request away.
    const signal = init?.signal === undefined ? request?.signal : init.signal
    const began = session.live?.user.id
    const live = sameAccount(began, await abortable(obtain(), signal))
    if (!live) return platform.fetch(target, init)

    const replayable = isReplayable(init?.body)
    // A Request is sent as a copy, so that its body is still there for the second time.
    const response = await send(request ? request.clone() : url.href, live)
    if (!saysInvalidToken(response) || isYoung(live)) return response
    if (!replayable) {
      // This answer goes back as it is, but the next call shall find a good token.
      void obtain(live.token).catch(() => undefined)
      return response
    }
    const fresh = sameAccount(live.user.id, await abortable(obtain(live.token), signal))
    if (!fresh || fresh.token === live.token) return response
    // Nobody reads the refused answer; its connection is given back.
    void response.body?.cancel().catch(() => undefined)
    return send(target, fresh)

    function send(what: string | Request, { token }: Live<C>): Promise<Response> {
      headers.set('authorization', `Bearer ${token}`)
      return platform.fetch(what, { ...init, headers })
    }
  }

  function isYoung(live: Live<C>): boolean {
    return session.age(live) < Math.min(TOO_YOUNG, live.life / 5)
  }
}

/**
 * A request that was begun as one account is never sent as another: somebody may have signed in while it waited, and a
 * write meant for Alice's account would land in Bob's.
 *
 * @throws {ClientError} `account_changed`
 */
export function sameAccount<C extends object>(began: string | undefined, live: Live<C> | null): Live<C> | null {
  if (began !== undefined && live && live.user.id !== began) throw new ClientError('account_changed')
  return live
}

/** By its shape, for a program may bring the Request of another fetch implementation. */
function isRequest(input: string | URL | Request): input is Request {
  return typeof input === 'object' && 'url' in input && 'headers' in input
}

/** The origin of a blob: address is that of the page which made it, so the scheme is asked as well. */
function originOf({ protocol, origin }: URL): string {
  return protocol === 'https:' || protocol === 'http:' ? origin : ''
}

/** False for a stream: it is gone once sent. */
function isReplayable(body: unknown): boolean {
  return (
    body === undefined ||
    body === null ||
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  )
}

/** Aborts this caller's wait, not the refresh that others wait for too. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return work
  signal.throwIfAborted()
  let stop = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
