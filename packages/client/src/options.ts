import type { ClientOptions } from './types.ts'

/** What of an option is wrong, or `undefined`. */
type Check = (value: unknown) => string | undefined

const CHECKS: Readonly<Record<keyof ClientOptions, Check>> = {
  issuer: faultOfIssuer,
  origins: faultOfOrigins,
  storage: faultOfStorage,
  scope: (value) => (isText(value) ? undefined : 'must be scopes separated by spaces'),
  audience: (value) =>
    isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText))
      ? undefined
      : 'must be a text or a list of texts',
  fetch: (value) => (typeof value === 'function' ? undefined : 'must be a function'),
}

/**
 * Refuses what a developer got wrong, once, when the client is made.
 *
 * @throws {TypeError} naming the option: an unknown one, a missing one, or one with a value that cannot be meant
 */
export function checkOptions(options: ClientOptions): void {
  if (typeof options !== 'object' || options === null) throw new TypeError('createClient takes an object of options')
  if (!('issuer' in options)) throw new TypeError('the option issuer is missing')
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name)) throw new TypeError(`the option ${name} does not exist`)
    const fault = CHECKS[name as keyof ClientOptions](value)
    if (fault) throw new TypeError(`the option ${name} ${fault}`)
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function faultOfIssuer(value: unknown): string | undefined {
  const url = isText(value) ? URL.parse(value) : null
  if (!url) return 'must be a URL'
  // By the text: of an empty query or fragment the parsed URL says nothing, and a path put after it would be lost in it.
  if (/[?#]/.test(String(value)) || url.username !== '' || url.password !== '')
    return 'must be a URL without query, fragment and credentials'
  return isPrivate(url) ? undefined : 'must be https, or http on localhost, 127.0.0.1 or [::1]'
}

/** A password or token must not cross a network in the clear; on the machine itself there is no network. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname))
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

function faultOfOrigins(value: unknown): string | undefined {
  const ok = Array.isArray(value) && value.every(isOrigin)
  return ok ? undefined : 'must list origins as https://api.example.com, without a path, http on loopback alone'
}

function isOrigin(text: unknown): boolean {
  const url = isText(text) ? URL.parse(text) : null
  return url !== null && url.origin === text && isPrivate(url) // RFC 6750 §5.3: a bearer token needs TLS
}

function faultOfStorage(value: unknown): string | undefined {
  // By its tag and not by comparing with the global: in Node, reading `localStorage` warns or throws.
  if (Object.prototype.toString.call(value) === '[object Storage]')
    return 'must not be localStorage or sessionStorage: any script of the page could read the refresh token. Leave storage out in a page; the token is then an HttpOnly cookie'
  const storage = value as Partial<Record<'get' | 'set', unknown>> | null
  return typeof storage === 'object' && typeof storage?.get === 'function' && typeof storage.set === 'function'
    ? undefined
    : 'must have get and set'
}
