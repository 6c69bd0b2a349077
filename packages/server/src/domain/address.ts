/** An address of the Internet Protocol, read from its text into bytes, so that no spelling of it is a second address. */
export interface Address {
  /** 4 bytes, or 16. An IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) has 4. */
  readonly bytes: Uint8Array
  /** The one text form: dotted decimal, or RFC 5952. */
  readonly text: string
}

/**
 * Reads an IPv4 or IPv6 address (RFC 4291 §2.2). `::ffff:1.2.3.4` and its hexadecimal form are 1.2.3.4; a zone
 * (RFC 4007 §11), as operating systems write it behind link-local addresses, is dropped.
 *
 * @returns `undefined` for anything else: octets with leading zeros, ports, brackets and names too
 */
export function parseAddress(text: string): Address | undefined {
  if (text.length > LONGEST) return undefined
  const bytes = text.includes(':') ? parseIpv6(text.replace(ZONE, '')) : parseIpv4(text)
  if (bytes === undefined) return undefined
  const own = isMapped(bytes) ? bytes.slice(12) : bytes
  return { bytes: own, text: own.length === 4 ? own.join('.') : formatIpv6(own) }
}

/** What limits are counted by. */
export interface AddressBuckets {
  /** One address of IPv4; one /64 of IPv6, which is what one line or one rented machine gets at the least. */
  readonly host: string
  /** The /48 of IPv6, which is what one site gets. */
  readonly network: string | undefined
}

/** The buckets of an address, made from its bytes. */
export function addressBuckets({ bytes }: Address): AddressBuckets {
  if (bytes.length === 4) return { host: `4:${hex(bytes)}`, network: undefined }
  return { host: `6:${hex(bytes.subarray(0, 8))}`, network: `6:${hex(bytes.subarray(0, 6))}` }
}

/** Whether a text is an address of this very machine: 127.0.0.0/8 (RFC 1122 §3.2.1.3) or `::1`, in any spelling. */
export function isLoopbackAddress(text: string | undefined): boolean {
  const address = text === undefined ? undefined : parseAddress(text)
  return address !== undefined && (address.bytes.length === 4 ? address.bytes[0] === 127 : address.text === '::1')
}

const LONGEST = 64
const ZONE = /%[0-9A-Za-z._~-]{1,16}$/
// A leading zero is octal to some readers and decimal to others: two addresses in one text.
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/
const GROUP = /^[0-9A-Fa-f]{1,4}$/

function parseIpv4(text: string): Uint8Array | undefined {
  const octets = text.split('.')
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && Number(octet) <= 255)) return undefined
  return Uint8Array.from(octets, Number)
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => groupsOf(half, index === halves.length - 1))
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  // "::" stands for at least one group of zeros.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...(tail ?? [])]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]))
}

/** The 16-bit groups of one side of `::`; the last side may end in dotted decimal. */
function groupsOf(text: string, last: boolean): readonly number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const dotted = last && parts.at(-1)?.includes('.') ? parts.pop() : undefined
  if (!parts.every((part) => GROUP.test(part))) return undefined
  const groups = parts.map((part) => Number.parseInt(part, 16))
  if (dotted === undefined) return groups
  const quad = parseIpv4(dotted)
  if (quad === undefined) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = quad
  return [...groups, (a << 8) | b, (c << 8) | d]
}

function isMapped(bytes: Uint8Array): boolean {
  return (
    bytes.length === 16 && bytes[10] === 255 && bytes[11] === 255 && bytes.subarray(0, 10).every((byte) => byte === 0)
  )
}

/** RFC 5952 §4: lower case, no leading zeros, the first longest run of at least two zero groups as `::`. */
function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0))
  let best = { start: 0, length: 1 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')
  if (best.length < 2) return text(groups)
  return `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
