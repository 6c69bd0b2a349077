import { AuthError } from '../domain/errors.ts'
import { audienceOf, keyLine } from '../domain/key-purpose.ts'
import { disposableKeys, planSuccessor, successorOf } from '../domain/signing-key.ts'
import type { KeyStore, StoredKey } from '../ports/key-store.ts'
import type { Audit, By } from './audit.ts'
import type { KeyPolicy } from './key-policy.ts'
import type { KeyRing } from './key-ring.ts'
import type { KeySafe } from './key-safe.ts'
import { viewKeys } from './key-view.ts'

export interface RotateOptions {
  /**
   * Takes a successor that was not published for the whole lead. A verifier that has not fetched it yet refuses new
   * tokens until it does.
   */
  readonly now?: boolean | undefined
}

/**
 * Starts the waiting successor at once and publishes another, in one transaction; with shared secrets, that of every
 * audience. Of several that rotate at the same moment one does, and the others find it done.
 *
 * Scheduled rotation needs none of this: the successor's row says when it starts.
 *
 * @returns the `kid`s of the keys that sign now
 * @throws {AuthError} `key_too_young`; `service_busy` when there is nothing to rotate; `store_unavailable` when it could
 * not be put in the audit log, and then nothing was done
 */
export type RotateKeys = (options: RotateOptions, by: By) => Promise<readonly string[]>

interface Move {
  readonly line: readonly StoredKey[]
  readonly active: StoredKey
  readonly successor: StoredKey
}

export function createRotateKeys(dependencies: {
  readonly keys: KeyStore
  readonly ring: KeyRing
  readonly safe: KeySafe
  readonly audit: Pick<Audit, 'record'>
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Seconds. */
  readonly policy: Pick<KeyPolicy, 'keyPeriod' | 'keyLead'>
}): RotateKeys {
  const { keys: store, ring, safe, audit, now, policy } = dependencies
  const { audiences, keep } = ring
  const period = policy.keyPeriod * 1000
  const lead = policy.keyLead * 1000

  return async ({ now: atOnce = false }, by) => {
    await ring.refresh() // a successor waits for every key from here on
    const rows = await store.list()
    const at = now()
    const moves = planMoves(rows, at)
    if (!atOnce && moves.some(({ successor }) => at - successor.publishAt < lead)) throw new AuthError('key_too_young')

    for (const move of moves) await carryOut(move, at, atOnce, by)
    await ring.refresh()
    const { active } = viewKeys(await store.list(), audiences, now(), keep)
    return [...new Set([...active.values()].flatMap((row) => row?.kid ?? []))]
  }

  /** One for each key that signs: a key pair signs for all audiences and moves once. */
  function planMoves(rows: readonly StoredKey[], at: number): readonly Move[] {
    const moves = new Map<string, Move>()
    for (const [audience, active] of viewKeys(rows, audiences, at, keep).active) {
      const line = keyLine(rows, audience)
      const successor = active === undefined ? undefined : successorOf(line, active, at)
      if (active === undefined || successor === undefined) {
        throw new AuthError('service_busy', { retryAfter: 1, reason: 'signing keys' })
      }
      moves.set(active.kid, { line, active, successor })
    }
    return [...moves.values()]
  }

  async function carryOut({ line, active, successor }: Move, at: number, atOnce: boolean, by: By): Promise<void> {
    const activateAt = Math.max(at, active.activateAt + 1)
    const planned = planSuccessor(line, { alg: successor.alg, activateAt }, at, { period, lead })
    const further = await safe.make(successor.purpose, planned)
    // Before the act, so that it cannot happen unseen.
    const detail = { alg: successor.alg, from: active.kid, now: atOnce, audience: audienceOf(active.purpose) ?? null }
    const event = { event: 'key.rotated', result: 'ok', actor: by.actor, subject: successor.kid, detail } as const
    await audit.record(event, by.caller)
    if (await store.activate(successor.kid, successor.activateAt, activateAt, further)) return
    await audit.record({ ...event, result: 'refused', detail: { why: 'overtaken' } }, by.caller)
  }
}

/**
 * Deletes the keys that nobody can need any more: gone for a whole period. What is not there cannot leak.
 *
 * @returns how many
 */
export async function disposeKeys(dependencies: {
  readonly keys: KeyStore
  readonly ring: Pick<KeyRing, 'audiences' | 'keep'>
  readonly audit: Pick<Audit, 'record'>
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Seconds. */
  readonly policy: Pick<KeyPolicy, 'keyPeriod'>
}): Promise<number> {
  const { keys: store, ring, audit, now, policy } = dependencies
  const { audiences, keep } = ring
  const rows = await store.list()
  const rest = policy.keyPeriod * 1000
  const old = audiences.map((audience) => disposableKeys(keyLine(rows, audience), now(), keep, rest))
  const deleted = new Set<string>()
  for (const line of old) {
    for (const row of line) {
      // In the order of its line, and only as far as no other audience's line still needs the key.
      const needed = audienceOf(row.purpose) === undefined && !old.every((other) => other.includes(row))
      if (needed) break
      if (deleted.has(row.kid)) continue
      deleted.add(row.kid)
      await store.remove(row.kid)
      const detail = { alg: row.alg }
      await audit.record({ event: 'key.deleted', result: 'ok', actor: 'system', subject: row.kid, detail })
    }
  }
  return deleted.size
}
