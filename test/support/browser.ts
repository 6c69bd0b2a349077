import { addressOf, PASSWORD, type TestRequest, type TestService } from './service.ts'

/** One cookie as a browser keeps it. */
export interface StoredCookie {
  readonly value: string
  readonly path: string
  /** The whole `Set-Cookie` line. */
  readonly line: string
}

/**
 * A browser on the issuer's own pages, as far as the service can tell: it keeps cookies by name and path, sends them where
 * their path says, and sends `Origin` and the custom header.
 */
export interface Browser {
  readonly jar: Map<string, StoredCookie>
  /** The `Cookie` header for a path, or `undefined` when nothing would be sent. */
  cookieHeader(path: string): string | undefined
  post(path: string, body?: unknown, init?: TestRequest): Promise<Response>
  login(username: string, more?: object): Promise<Response>
  /** What the one cookie holds whose name begins so. */
  value(prefix: string): string
}

export function createBrowser(service: TestService): Browser {
  const jar = new Map<string, StoredCookie>()

  function cookieHeader(path: string): string | undefined {
    const sent = [...jar].filter(
      ([, cookie]) => path === cookie.path || path.startsWith(cookie.path.replace(/\/?$/, '/')),
    )
    return sent.length === 0 ? undefined : sent.map(([name, { value }]) => `${name}=${value}`).join('; ')
  }

  function keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ')
      const at = pair.indexOf('=')
      const name = pair.slice(0, at)
      const path = attributes.find((one) => one.startsWith('Path='))?.slice('Path='.length) ?? ''
      if (attributes.includes('Max-Age=0')) jar.delete(name)
      else jar.set(name, { value: pair.slice(at + 1), path, line })
    }
  }

  async function post(path: string, body?: unknown, init: TestRequest = {}): Promise<Response> {
    const cookie = cookieHeader(path)
    const headers = {
      origin: service.issuer,
      'x-csn-csrf': '1',
      ...(cookie === undefined ? {} : { cookie }),
      ...(init.headers as Record<string, string> | undefined),
    }
    const response = await service.post(path, body, { ...init, headers })
    keep(response)
    return response
  }

  return {
    jar,
    cookieHeader,
    post,
    login: (username, more = {}) =>
      post('/auth/login', { username, password: PASSWORD, ...more }, { peer: addressOf(username) }),
    value(prefix) {
      const found = [...jar].filter(([name]) => name.startsWith(prefix))
      if (found.length !== 1) throw new Error(`${found.length} cookies begin with ${prefix}`)
      return found[0]?.[1].value ?? ''
    },
  }
}
