import type { Fetch } from './types.ts'

/** A word that outlives the page. It marks a log-out that the service has not heard of, and holds no secret. */
export interface Flag {
  get(name: string): string | null
  set(name: string, value: string | null): void
}

/**
 * All that the client takes from the world: transport, clocks, waiting, chance. Nothing else in this package touches
 * them, so that a test can stand in for any.
 */
export interface Platform {
  readonly fetch: Fetch
  /** Seconds on a clock that is never set back. It may stand still while the device sleeps. */
  readonly mono: () => number
  /** Seconds since the epoch, as the device believes. It may jump. */
  readonly wall: () => number
  /** Resolves after so many seconds, or when the signal aborts. Bounds waits; never plans a refresh. */
  readonly sleep: (seconds: number, signal?: AbortSignal) => Promise<void>
  /** From 0 up to 1, to spread out retries. */
  readonly random: () => number
  /** The page's own origin; `undefined` where there is no page. */
  readonly origin: string | undefined
  /** What a relative address is relative to, in a page: asked at each use, for both the page and its `base` may change. */
  readonly base: () => string | undefined
  readonly flag: Flag
  /** Told what a listener threw. */
  readonly report: (error: unknown) => void
}

/** The parts of a browser's global object that are asked for. */
interface Page {
  readonly location?: { readonly origin: string; readonly href: string }
  /** A worker has none. */
  readonly document?: { readonly baseURI: string }
  readonly localStorage?: {
    getItem(name: string): string | null
    setItem(name: string, value: string): void
    removeItem(name: string): void
  }
  readonly reportError?: (error: unknown) => void
}

/** The platform that the code runs on: a page, a worker, Node 22 or newer, Deno, Bun. Makes no request and no timer. */
export function defaultPlatform(): Platform {
  const page = globalThis as Page
  return {
    // Looked up at each call, so that a `fetch` that was replaced later (a service worker shim, a test) is the one used.
    fetch: (input, init) => globalThis.fetch(input, init),
    mono: () => performance.now() / 1000,
    wall: () => Date.now() / 1000,
    sleep,
    random: () => Math.random(),
    origin: page.location?.origin,
    base: () => page.document?.baseURI ?? page.location?.href,
    flag: page.location === undefined ? NO_FLAG : pageFlag(page),
    report: (error) => {
      if (page.reportError) page.reportError(error)
      else console.error(error)
    },
  }
}

function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, seconds * 1000)
    signal?.addEventListener('abort', done)
  })
}

const NO_FLAG: Flag = { get: () => null, set: () => undefined }

/** In a sandboxed frame, or with storage blocked, even reading the property throws; the flag is then simply absent. */
function pageFlag(page: Page): Flag {
  return {
    get: (name) => {
      try {
        return page.localStorage?.getItem(name) ?? null
      } catch {
        return null
      }
    },
    set: (name, value) => {
      try {
        if (value === null) page.localStorage?.removeItem(name)
        else page.localStorage?.setItem(name, value)
      } catch {
        // Nothing to keep it in: a log-out without the network then lasts as long as the page.
      }
    },
  }
}
