import type { KeyBody } from '@countersign/protocol'
import { audienceOf, keyLine } from '../domain/key-purpose.ts'
import { type KeyState, keyStates } from '../domain/signing-key.ts'
import type { StoredKey } from '../ports/key-store.ts'

/** What all keys may do at one moment, over all audiences. */
export interface KeyView {
  /** The key that signs for each audience. */
  readonly active: ReadonlyMap<string, StoredKey | undefined>
  /** Those whose signatures count. */
  readonly served: readonly StoredKey[]
  /** By `kid`. */
  readonly states: ReadonlyMap<string, KeyState>
  /** Epoch milliseconds: the next moment at which a state changes, if no row does. */
  readonly until: number
}

/** A key pair serves several audiences: what it may do for one of them it may do. */
const BY_RANK: readonly KeyState[] = ['active', 'retiring', 'published', 'removed', 'revoked']

/**
 * Looks at the rows audience by audience. Secrets of an audience that is no longer configured have a state, so that they
 * can be listed, but they count for nothing.
 */
export function viewKeys(rows: readonly StoredKey[], audiences: readonly string[], now: number, keep: number): KeyView {
  const active = new Map<string, StoredKey | undefined>()
  const served = new Set<StoredKey>()
  const states = new Map<string, KeyState>()
  let until = Number.POSITIVE_INFINITY

  for (const audience of audiences) {
    const line = keyStates(keyLine(rows, audience), now, keep)
    active.set(audience, line.active)
    for (const row of line.served) served.add(row)
    for (const [kid, state] of line.states) states.set(kid, higher(states.get(kid), state))
    until = Math.min(until, line.until)
  }
  for (const row of rows) {
    const audience = audienceOf(row.purpose)
    if (states.has(row.kid) || audience === undefined) continue
    const { states: own } = keyStates(keyLine(rows, audience), now, keep)
    states.set(row.kid, own.get(row.kid) ?? 'removed')
  }
  return { active, served: rows.filter((row) => served.has(row)), states, until }
}

function higher(a: KeyState | undefined, b: KeyState): KeyState {
  return a === undefined || BY_RANK.indexOf(b) < BY_RANK.indexOf(a) ? b : a
}

/** Every row as an administrator sees it. */
export function describeKeys(
  rows: readonly StoredKey[],
  audiences: readonly string[],
  now: number,
  keep: number,
): readonly KeyBody[] {
  const { states } = viewKeys(rows, audiences, now, keep)
  return rows.map((row) => toKeyBody(row, states))
}

export function toKeyBody(
  { kid, alg, purpose, publishAt, activateAt }: StoredKey,
  states: ReadonlyMap<string, KeyState>,
): KeyBody {
  const audience = audienceOf(purpose)
  return {
    kid,
    alg,
    ...(audience === undefined ? {} : { audience }),
    state: states.get(kid) ?? 'removed',
    published_at: Math.floor(publishAt / 1000),
    activates_at: Math.floor(activateAt / 1000),
  }
}
