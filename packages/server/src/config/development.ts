/**
 * Development means exactly this: the issuer is plain http on this machine. Short lifetimes and the like are allowed
 * there and nowhere else.
 */
export function isDevelopment(issuer: string): boolean {
  return new URL(issuer).protocol === 'http:' && isLoopback(issuer)
}

/** True for an issuer on `localhost`, `127.0.0.1` or `[::1]`, with or without TLS. */
export function isLoopback(issuer: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(issuer).hostname)
}
