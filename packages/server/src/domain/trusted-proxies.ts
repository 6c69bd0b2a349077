import { type Address, parseAddress } from './address.ts'

/** Which peers may say whom they speak for. */
export interface TrustedProxies {
  /** Whether an address is one of theirs. */
  includes(address: Address): boolean
}

/**
 * Reads addresses and CIDR ranges (RFC 4632, RFC 4291 §2.3): `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`.
 *
 * @throws {TypeError} for anything else, a range with bits behind its prefix too: who wrote 10.1.2.3/8 meant something
 * that cannot be guessed
 */
export function parseTrustedProxies(entries: readonly string[]): TrustedProxies {
  const ranges = entries.map(parseRange)
  return { includes: ({ bytes }) => ranges.some((range) => contains(range, bytes)) }
}

/** What the connection and the proxies in front of it tell of the client. */
export interface Forwarding {
  /** The address of the TCP peer, as the socket tells it. */
  readonly peer: string | undefined
  /** The header `X-Forwarded-For`, several of them joined by commas. */
  readonly forwardedFor: string | undefined
  /** The header `X-Forwarded-Proto`. */
  readonly forwardedProto: string | undefined
}

/**
 * The client's address: the peer's, unless the peer is a trusted proxy; then the list of `X-Forwarded-For` is read from
 * the right, where our own proxies wrote, until the first address that is none of theirs. What stands left of it was
 * sent by the client and may be anything. No other header is read.
 *
 * Where a proxy passed on something that is no address, the last trusted one stands for the client: all such clients
 * are then counted together, rather than each by a name of its own choice.
 */
export function clientAddress(
  { peer, forwardedFor }: Pick<Forwarding, 'peer' | 'forwardedFor'>,
  proxies: TrustedProxies,
): Address | undefined {
  let client = peer === undefined ? undefined : parseAddress(peer)
  if (client === undefined || forwardedFor === undefined) return client
  for (const entry of forwardedFor.split(',').reverse()) {
    if (!proxies.includes(client)) return client
    const named = parseAddress(withoutPort(entry.trim()))
    if (named === undefined) return client
    client = named
  }
  return client
}

/**
 * How the client reached the outermost trusted proxy: what a trusted peer says in `X-Forwarded-Proto`, of several the
 * last, which our own proxy wrote.
 * @returns `undefined` when no trusted peer said `http` or `https`
 */
export function clientProtocol(
  { peer, forwardedProto }: Pick<Forwarding, 'peer' | 'forwardedProto'>,
  proxies: TrustedProxies,
): 'http' | 'https' | undefined {
  const address = peer === undefined ? undefined : parseAddress(peer)
  if (address === undefined || !proxies.includes(address)) return undefined
  const last = forwardedProto?.split(',').at(-1)?.trim().toLowerCase()
  return last === 'http' || last === 'https' ? last : undefined
}

/** Whether the TCP peer is a trusted proxy. */
export function isTrustedPeer(peer: string | undefined, proxies: TrustedProxies): boolean {
  const address = peer === undefined ? undefined : parseAddress(peer)
  return address !== undefined && proxies.includes(address)
}

interface Range {
  readonly bytes: Uint8Array
  /** How many bits count. */
  readonly prefix: number
}

function parseRange(entry: string): Range {
  const [text = '', length, more] = entry.trim().split('/')
  const address = parseAddress(text)
  if (address === undefined || more !== undefined) throw new TypeError('a trusted proxy is an address or a CIDR range')
  const most = address.bytes.length * 8
  // A mapped range, ::ffff:10.0.0.0/104, counts from where its IPv4 address begins.
  const offset = text.includes(':') && most === 32 ? 96 : 0
  const prefix = length === undefined ? most : /^(?:0|[1-9][0-9]{0,2})$/.test(length) ? Number(length) - offset : -1
  if (prefix < 0 || prefix > most) throw new TypeError('the prefix of a CIDR range is out of bounds')
  const range = { bytes: address.bytes, prefix }
  if (address.bytes.some((byte, index) => (byte & ~maskAt(prefix, index) & 255) !== 0)) {
    throw new TypeError('a CIDR range has no bits behind its prefix')
  }
  return range
}

function contains({ bytes, prefix }: Range, address: Uint8Array): boolean {
  return (
    bytes.length === address.length &&
    bytes.every((byte, index) => (((address[index] ?? 0) ^ byte) & maskAt(prefix, index)) === 0)
  )
}

/** The bits of byte `index` that a prefix covers. */
function maskAt(prefix: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefix - index * 8))
  return (0xff00 >> bits) & 255
}

/** Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  const [, ipv6, ipv4] = /^(?:\[([^\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5})$/.exec(entry) ?? []
  return ipv6 ?? ipv4 ?? entry
}
