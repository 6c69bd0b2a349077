import { clientAddress, isTrustedPeer, parseTrustedProxies } from '../domain/trusted-proxies.ts'

/** Who sent a request, seen through the trusted proxies. */
export type ResolveClient = (
  peer: string | undefined,
  headers: Headers,
) => { readonly address: string | undefined; readonly throughTrustedProxy: boolean }

/**
 * Where nobody told of a peer, there is no address. A peer that is no address of the internet, such as a socket in the
 * file system, is one all the same: `unknown`, with the limits of one address.
 *
 * @param trustedProxies addresses and ranges; nobody else is believed what he forwards
 */
export function createClientResolver(trustedProxies: readonly string[]): ResolveClient {
  const proxies = parseTrustedProxies(trustedProxies)
  const addressOf = (peer: string, forwardedFor: string | undefined): string =>
    clientAddress({ peer, forwardedFor }, proxies)?.text ?? 'unknown'
  return (peer, headers) => ({
    address: peer === undefined ? undefined : addressOf(peer, headers.get('x-forwarded-for') ?? undefined),
    throughTrustedProxy: isTrustedPeer(peer, proxies),
  })
}
