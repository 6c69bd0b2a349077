/**
 * The life of signing keys. A key has no stored state: what it may do follows from the times in its row and from the
 * rows beside it, so that any number of services agree without a coordinator.
 *
 *     publishAt ──── lead ────▶ activateAt ──── period ────▶ successor active ── keep ──▶ gone
 *       published                 active                       retiring                    removed
 *
 * (1) The active key is the newest that has started. It stays active until a successor is, whatever was planned.
 * (2) A key that has a started successor never signs again, even if that successor is revoked.
 * (3) A retired key verifies for `keep` after its successor started, so its last token expires before it goes.
 * (4) A revoked key neither signs nor verifies.
 * (5) A key made to start at once (`activateAt` is `publishAt`) always takes over. A scheduled one takes over only from
 *     a key of its own algorithm: when the algorithm was changed meanwhile, the old algorithm's waiting successor must
 *     not take the signing back. It is left alone and comes to nothing.
 *
 * All times here are epoch milliseconds, all lengths milliseconds.
 */

import type { KeyBody } from '@countersign/protocol'

/** What of a key's row its state depends on. */
export interface KeyTimes {
  readonly kid: string
  readonly alg: string
  readonly epoch: number
  readonly publishAt: number
  readonly activateAt: number
  readonly revokedAt: number | undefined
}

export type KeyState = KeyBody['state']

/** What the keys of one line may do at one moment. */
export interface KeyStates<K extends KeyTimes> {
  /** The one that signs. Absent when there is none yet, or when the newest is revoked: then nobody signs. */
  readonly active: K | undefined
  /** Those whose signatures count, and that a JWK Set shows: published, active and retiring ones. */
  readonly served: readonly K[]
  /** The state of each, by `kid`. */
  readonly states: ReadonlyMap<string, KeyState>
  /** Until when this stands, if no row changes: the next moment at which a key changes its state. */
  readonly until: number
}

/** A key that should exist and does not. */
export interface PlannedKey {
  readonly alg: string
  readonly epoch: number
  readonly rev: number
  readonly publishAt: number
  readonly activateAt: number
}

export interface KeyPlan {
  /** The algorithm that new tokens are to be signed with. */
  readonly alg: string
  /** How long a key signs. */
  readonly period: number
  /** How long a key is published before a scheduled use. */
  readonly lead: number
  /** When this service started, and so when its setting of the algorithm was made. */
  readonly since: number
}

/**
 * How far the start of a first key is dated back: a second service whose clock is a little behind, and which finds that
 * key, must see it as started, or it would be without a key.
 */
const BACKDATE = 1_000

/**
 * The states of the keys that stand in one line: those that could sign for the same audience.
 *
 * @param keep how long a retired key still verifies: at least the longest life of a token, the allowed clock difference
 * and the time in which every service has read the rows again
 */
export function keyStates<K extends KeyTimes>(keys: readonly K[], now: number, keep: number): KeyStates<K> {
  const line = succession(keys.filter((key) => key.publishAt <= now && key.activateAt <= now))
  const retiredAt = new Map(
    line.map((key, index) => [key.kid, line[index + 1]?.activateAt ?? Number.POSITIVE_INFINITY]),
  )

  const stateOf = (key: K): KeyState => {
    if (key.revokedAt !== undefined) return 'revoked'
    if (key.activateAt > now || key.publishAt > now) return 'published'
    const end = retiredAt.get(key.kid)
    if (end === undefined) return 'removed' // (5) it was passed over
    if (end > now) return 'active'
    return now < end + keep ? 'retiring' : 'removed'
  }

  const states = new Map(keys.map((key) => [key.kid, stateOf(key)]))
  const changes = keys
    .flatMap((key) => [key.publishAt, key.activateAt, (retiredAt.get(key.kid) ?? 0) + keep])
    .filter((moment) => moment > now)
  return {
    active: keys.find((key) => states.get(key.kid) === 'active'),
    served: keys.filter((key) => key.publishAt <= now && isServed(states.get(key.kid))),
    states,
    until: Math.min(Number.POSITIVE_INFINITY, ...changes),
  }
}

/**
 * What is missing among the keys of one line: a key that signs, made to start at once where there is none or where the
 * algorithm was changed; and always a successor, published at least the lead before its scheduled start, so that an
 * emergency can start it at once when every verifier has long had it.
 *
 * Services whose settings name different algorithms would each put the other's key out of use for ever. So a service
 * changes the algorithm only of a key that was active when it started: whoever started last wins, and the others follow.
 *
 * The epoch is one more than the highest there is: services that read the same rows plan the same epoch, and the store
 * takes it once.
 */
export function planKeys(keys: readonly KeyTimes[], now: number, plan: KeyPlan): readonly PlannedKey[] {
  const { active } = keyStates(keys, now, 0)
  const { alg } = plan

  const follows = active !== undefined && active.alg !== alg && active.activateAt > plan.since
  if (follows) return []

  const planned: PlannedKey[] = []
  let signing = active
  if (signing === undefined || signing.alg !== alg) {
    const started = keys.filter((key) => key.activateAt <= now).map((key) => key.activateAt + 1)
    const activateAt = Math.max(now - BACKDATE, ...started)
    const first = { alg, epoch: nextEpoch(keys), rev: 0, publishAt: activateAt, activateAt }
    planned.push(first)
    signing = { ...first, kid: '', revokedAt: undefined }
  }
  const waiting = keys.some((key) => key.alg === alg && key.revokedAt === undefined && key.activateAt > now)
  if (!waiting) planned.push(planSuccessor([...keys, signing], signing, now, plan))
  return planned
}

/** The key that follows `predecessor`: published now, started when the predecessor's period is over. */
export function planSuccessor(
  keys: readonly KeyTimes[],
  predecessor: { readonly alg: string; readonly activateAt: number },
  now: number,
  { period, lead }: { readonly period: number; readonly lead: number },
): PlannedKey {
  const activateAt = Math.max(predecessor.activateAt + period, now + lead)
  return { alg: predecessor.alg, epoch: nextEpoch(keys), rev: 0, publishAt: now, activateAt }
}

/** The key that waits to follow the active one, soonest first. */
export function successorOf<K extends KeyTimes>(keys: readonly K[], active: K, now: number): K | undefined {
  const waiting = keys.filter((key) => key.alg === active.alg && key.revokedAt === undefined && key.activateAt > now)
  return waiting.sort(byStart)[0]
}

/**
 * The rows that nobody can need any more: a key that started after them has itself been in use for `keep` and `rest`.
 * In the order in which they may be deleted one by one: those that never signed, then the oldest first, so that no
 * deletion brings another key back to life.
 */
export function disposableKeys<K extends KeyTimes>(
  keys: readonly K[],
  now: number,
  keep: number,
  rest: number,
): readonly K[] {
  const line = succession(keys.filter((key) => key.publishAt <= now && key.activateAt <= now))
  const settled = line.filter((key) => key.activateAt + keep + rest < now).at(-1)
  if (settled === undefined) return []
  const old = keys.filter((key) => key.activateAt < settled.activateAt)
  const signed = new Set(line.map((key) => key.kid))
  return [...old.filter((key) => !signed.has(key.kid)), ...old.filter((key) => signed.has(key.kid)).sort(byStart)]
}

/** The started keys that took over from one another, oldest first. */
function succession<K extends KeyTimes>(started: readonly K[]): readonly K[] {
  const line: K[] = []
  for (const key of [...started].sort(byStart)) {
    const before = line.at(-1)
    const takesOver = before === undefined || before.alg === key.alg || key.activateAt === key.publishAt
    if (takesOver) line.push(key)
  }
  return line
}

/** By the moment of the start; a tie goes by `kid`, so that all services see the same one as the newer. */
function byStart(a: KeyTimes, b: KeyTimes): number {
  return a.activateAt - b.activateAt || (a.kid < b.kid ? -1 : 1)
}

function nextEpoch(keys: readonly KeyTimes[]): number {
  return Math.max(-1, ...keys.map((key) => key.epoch)) + 1
}

function isServed(state: KeyState | undefined): boolean {
  return state === 'published' || state === 'active' || state === 'retiring'
}
