/**
 * The chain of the audit log. Each entry's MAC covers the MAC before it:
 *
 *     mac[n] = HMAC-SHA256(audit key, mac[n-1] ‖ body[n])        mac[0] = 32 zero bytes
 *
 * A plain hash chain could be computed anew by whoever can write to the database. The audit key derives from the master
 * key, which is not there. What a chain alone cannot show is that its end was cut off: that takes a head (sequence and
 * MAC) which was kept elsewhere.
 *
 * The body is JSON, byte for byte as it was written, with the entry's own place and time in it. What belongs to a person
 * stands beside it, and the body holds the SHA-256 of that text, which begins with a salt: once the text is erased the
 * hash tells nothing, and the chain still holds.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { AuditFacts } from './audit.ts'
import { printable } from './printable.ts'

/** An event in the chain. */
export interface AuditEntry {
  readonly sequence: number
  /** Epoch milliseconds. */
  readonly at: number
  /** The text that the MAC covers. */
  readonly body: string
  /** The personal part, or absent once erased. */
  readonly personal: string | undefined
  /** The id of the master key whose audit key made the MAC. */
  readonly macKid: number
  readonly mac: Uint8Array
}

/** What comes after it is chained to it. */
export type ChainHead = Pick<AuditEntry, 'sequence' | 'mac'>

/** Before the first entry. */
export const CHAIN_START: ChainHead = { sequence: 0, mac: new Uint8Array(32) }

/** Random bytes that an entry takes, for the hash of its personal part. */
export const SALT_BYTES = 16

/** What an entry says, read back. Every text in it is fit to be printed. */
export interface AuditRecord {
  readonly event: string
  readonly result: 'ok' | 'refused'
  readonly actor: string | null
  readonly subject: string | null
  readonly requestId: string | null
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
}

interface Body extends AuditRecord {
  readonly v: 1
  readonly sequence: number
  readonly at: number
  readonly key: number
  readonly personal: string | null
}

/**
 * What is wrong with the first bad entry. `changed`: it is not what was written. `missing`: an entry before it is gone.
 * `reordered`: it stands at another's place. `inserted`: it was never written by the service. `unknown_key`: nobody has
 * the key that made its MAC. `cut_off`: the log ends before a head that was kept elsewhere.
 */
export type ChainFault = 'changed' | 'missing' | 'reordered' | 'inserted' | 'unknown_key' | 'cut_off'

/** Gives the audit key that derives from the master key of that id, if it is known. */
export type AuditKeys = (id: number) => Uint8Array | undefined

/** @param salt {@link SALT_BYTES} random bytes */
export function chainEntry(
  facts: AuditFacts,
  to: { readonly previous: ChainHead | undefined; readonly at: number; readonly salt: Uint8Array },
  key: { readonly id: number; readonly bytes: Uint8Array },
): AuditEntry {
  const { mac: previousMac, sequence: last } = to.previous ?? CHAIN_START
  const sequence = last + 1
  const personal = personalText(facts.personal, to.salt)
  const content: Body = {
    v: 1,
    sequence,
    at: to.at,
    key: key.id,
    event: facts.event,
    result: facts.result,
    actor: printableOrNull(facts.actor),
    subject: printableOrNull(facts.subject),
    requestId: printableOrNull(facts.requestId),
    detail: printableDetail(facts.detail),
    personal: personal === undefined ? null : hashOf(personal),
  }
  const body = JSON.stringify(content)
  return { sequence, at: to.at, body, personal, macKid: key.id, mac: macOf(key.bytes, previousMac, body) }
}

/**
 * Looks at the entry that follows `previous`.
 *
 * @param next the one after it, which tells an inserted entry from a changed one
 * @returns what is wrong with it, or `undefined`
 */
export function examineEntry(
  previous: ChainHead,
  entry: AuditEntry,
  next: AuditEntry | undefined,
  keys: AuditKeys,
): ChainFault | undefined {
  if (entry.sequence !== previous.sequence + 1) return 'missing'
  if (keys(entry.macKid) === undefined) return 'unknown_key'
  const body = parseBody(entry.body)
  if (follows(previous, entry, keys)) return body !== undefined && fitsRow(body, entry) ? undefined : 'changed'

  if (body !== undefined && body.sequence !== entry.sequence) {
    const swapped = next !== undefined && parseBody(next.body)?.sequence === entry.sequence
    return body.sequence > entry.sequence && !swapped ? 'missing' : 'reordered'
  }
  return next !== undefined && follows(previous, next, keys) ? 'inserted' : 'changed'
}

/** True when the two are one head: the same place and the same MAC. */
export function isSameHead(a: ChainHead, b: ChainHead): boolean {
  return a.sequence === b.sequence && equal(a.mac, b.mac)
}

/** What an entry says; `undefined` for a body that this service did not write. */
export function readRecord({ body }: AuditEntry): AuditRecord | undefined {
  return parseBody(body)
}

/** The personal part as it was written, with its salt left out; empty once erased. */
export function readPersonal({ personal }: AuditEntry): Readonly<Record<string, string>> {
  if (personal === undefined) return {}
  const content = parseObject(personal)
  const texts = Object.entries(content ?? {}).filter(
    (member): member is [string, string] => typeof member[1] === 'string',
  )
  return Object.fromEntries(texts.filter(([name]) => name !== 'salt'))
}

function follows(previous: ChainHead, entry: AuditEntry, keys: AuditKeys): boolean {
  const key = keys(entry.macKid)
  return key !== undefined && equal(macOf(key, previous.mac, entry.body), entry.mac)
}

/** The columns beside the body repeat it, and are no part of what the MAC covers. */
function fitsRow(body: Body, { sequence, at, macKid, personal }: AuditEntry): boolean {
  const columns = body.sequence === sequence && body.at === at && body.key === macKid
  return columns && (personal === undefined || hashOf(personal) === body.personal)
}

function personalText(facts: AuditFacts['personal'], salt: Uint8Array): string | undefined {
  const { address, userAgent, username } = facts
  const told = Object.entries({ address, userAgent, username }).filter(([, text]) => text !== undefined)
  if (told.length === 0) return undefined
  const texts = told.map(([name, text]) => [name, printable(text ?? '')])
  return JSON.stringify({ salt: Buffer.from(salt).toString('base64url'), ...Object.fromEntries(texts) })
}

function printableDetail(detail: AuditFacts['detail']): AuditFacts['detail'] {
  const entries = Object.entries(detail).map(([name, value]) => [
    name,
    typeof value === 'string' ? printable(value) : value,
  ])
  return Object.fromEntries(entries)
}

function printableOrNull(text: string | undefined): string | null {
  return text === undefined ? null : printable(text)
}

function parseBody(text: string): Body | undefined {
  const body = parseObject(text)
  return body !== undefined && isBody(body) ? body : undefined
}

/** The version vouches for the rest: a body with an authentic MAC was written by this code. */
function isBody(body: object): body is Body {
  return 'v' in body && body.v === 1 && 'sequence' in body && typeof body.sequence === 'number' && 'detail' in body
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function macOf(key: Uint8Array, previous: Uint8Array, body: string): Uint8Array {
  return new Uint8Array(createHmac('sha256', key).update(previous).update(body, 'utf8').digest())
}

function hashOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url')
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
