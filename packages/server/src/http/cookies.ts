import { PATHS } from '@countersign/protocol'
import { bindingName, readBinding } from '../domain/binding.ts'

/** The cookies of a request: name to value, without those that came twice with different values. */
export interface CookieJar {
  get(name: string): string | undefined
}

/**
 * Reads a `Cookie` header. A name that comes twice is ambiguous, since whoever plants a second one may put it first, so
 * it counts as missing.
 */
export function readCookies(header: string | null): CookieJar {
  const values = new Map<string, string | undefined>()
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (at < 1) continue
    const name = trim(pair.slice(0, at))
    const value = trim(pair.slice(at + 1))
    values.set(name, values.has(name) && values.get(name) !== value ? undefined : value)
  }
  return { get: (name) => values.get(name) }
}

/**
 * Blank and tab, and nothing else (RFC 6265 §5.2). `String.trim` also takes a no-break space, so a sibling subdomain could
 * plant one before `__Host-`: to the browser a name without the prefix, to us the real one.
 */
function trim(text: string): string {
  return text.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '')
}

/** What the service's cookies are called and where they go. Decided by the issuer, never by a request. */
export interface Cookies {
  /** What the request's binding cookie holds. */
  binding(jar: CookieJar): string | undefined
  /** The hash of the request's own binding: what the cookie to clear at the next log-in is named by. */
  previousBind(jar: CookieJar): Uint8Array | undefined
  device(jar: CookieJar): string | undefined
  /** The refresh cookie that the request's own binding names, and no other. */
  refresh(jar: CookieJar): { readonly token: string; readonly bind: Uint8Array } | undefined
  setBinding(text: string, maxAge: number): string
  setDevice(text: string): string
  setRefresh(bind: Uint8Array, token: string, maxAge: number): string
  clearRefresh(bind: Uint8Array): string
}

const DEVICE_LIFETIME = 180 * 86_400

/** @param issuer an `https` issuer gets the prefixes and `Secure`; plain http is a developer's own machine */
export function createCookies(issuer: string): Cookies {
  const { protocol, pathname } = new URL(issuer)
  const secure = protocol === 'https:'
  const base = pathname === '/' ? '' : pathname
  const bindingCookie = secure ? '__Host-csn_b' : 'csn_b'
  const deviceCookie = secure ? '__Secure-csn_device' : 'csn_device'
  const refreshCookie = (bind: Uint8Array) => `${secure ? '__Secure-' : ''}csn_rt-${bindingName(bind)}`

  const write = (name: string, value: string, path: string, maxAge: number) =>
    `${name}=${value}; Path=${path}; Max-Age=${maxAge}; HttpOnly; ${secure ? 'Secure; ' : ''}SameSite=Strict`

  return {
    binding: (jar) => jar.get(bindingCookie),
    previousBind: (jar) => readBinding(jar.get(bindingCookie) ?? '')?.hash,
    device: (jar) => jar.get(deviceCookie),
    refresh(jar) {
      const binding = readBinding(jar.get(bindingCookie) ?? '')
      const token = binding && jar.get(refreshCookie(binding.hash))
      return binding === undefined || token === undefined || token === '' ? undefined : { token, bind: binding.hash }
    },
    setBinding: (text, maxAge) => write(bindingCookie, text, '/', maxAge),
    setDevice: (text) => write(deviceCookie, text, base + PATHS.login, DEVICE_LIFETIME),
    setRefresh: (bind, token, maxAge) => write(refreshCookie(bind), token, base + PATHS.refresh, maxAge),
    clearRefresh: (bind) => write(refreshCookie(bind), '', base + PATHS.refresh, 0),
  }
}
