import { PATHS } from '@countersign/protocol'
import type { Flag } from './platform.ts'
import type { Service } from './service.ts'

/** A session that ended here and that the service may not know of yet. */
export interface Farewell {
  /** `undefined` when the log-out came before anybody asked whose session it is. */
  readonly sessionId: string | undefined
  /** Where the refresh token travels in the body. */
  readonly refreshToken: string | undefined
}

/**
 * The log-outs that the service has not heard of. No script can delete an HttpOnly cookie, so in a page a log-out without
 * the network would be undone by the next page load; a flag outlives the page and is the only thing ever written to its
 * storage. It holds the session's id, which alone opens nothing, so that the late word ends that session and no newer
 * one. A program has deleted its refresh token and keeps it here in memory, to be told while the process lives.
 */
export interface Farewells {
  /**
   * Noted before the service is told, so that a page which is closed in between does not sign in again. Returns what to
   * call when the service knows.
   */
  readonly note: (farewell: Farewell) => () => void
  /** True while the cookie of an ended session may still be there: until it is gone nobody is signed in. */
  readonly barred: () => boolean
  /** Tells the service. True when nothing is left to tell. */
  readonly settle: () => Promise<boolean>
  /** A log-in has replaced the browser's session, so the cookie in question is gone. */
  readonly replaced: () => void
}

/** Seconds. */
const FAREWELL_BOUND = 8
/** The flag's value when the session's id is not known. */
const UNKNOWN = '1'

export function createFarewells(service: Service, issuer: string, flag: Flag): Farewells {
  return service.transport === 'cookie' ? inFlag(service, `csn:${issuer}`, flag) : inMemory(service)
}

function inFlag(service: Service, name: string, flag: Flag): Farewells {
  // Also here, for a page whose storage is blocked.
  let noted: string | null = null
  const read = (): string | null => flag.get(name) ?? noted
  const write = (value: string | null): void => {
    noted = value
    flag.set(name, value)
  }
  return {
    note({ sessionId }) {
      write(sessionId ?? UNKNOWN)
      return () => write(null)
    },
    barred: () => read() !== null,
    async settle() {
      const sessionId = read()
      if (sessionId === null) return true
      const told = await tell(service, sessionId === UNKNOWN ? undefined : { session_id: sessionId })
      if (told) write(null)
      return told
    },
    replaced: () => write(null),
  }
}

function inMemory(service: Service): Farewells {
  const untold = new Set<Farewell>()
  return {
    note(farewell) {
      if (farewell.refreshToken !== undefined) untold.add(farewell)
      return () => untold.delete(farewell)
    },
    barred: () => false,
    async settle() {
      for (const farewell of untold) {
        if (!(await tell(service, { refresh_token: farewell.refreshToken }))) return false
        untold.delete(farewell)
      }
      return true
    },
    replaced: () => undefined,
  }
}

/** Any generation of the session's token is accepted there, and an ended or unknown one is no error (as RFC 7009 §2.2). */
async function tell(service: Service, body: object | undefined): Promise<boolean> {
  const call = { path: PATHS.refreshRevoke, bound: FAREWELL_BOUND, keepalive: true }
  const answer = await service.post(body ? { ...call, body } : call)
  return answer.kind === 'answered' && answer.status === 204
}
