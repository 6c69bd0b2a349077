import { digest, idInSlot } from '../../packages/server/src/conformance/fixtures.ts'
import type { Chain } from '../../packages/server/src/ports/audit-log.ts'

/** What the parent tells each racer. */
export interface Round {
  readonly act: 'rotate' | 'account' | 'administrator' | 'audit'
  readonly round: number
  /** The time of the store. */
  readonly at: number
}

/** The session of a round, which every process can name. */
export function sidOf(round: number): Uint8Array {
  const bytes = digest(Uint8Array.of(round >> 8, round & 255)).slice(0, 14)
  return idInSlot(7, { int: () => 0, bytes: () => bytes })
}

/** A chain whose entries name the one before by a hash, so that a fork shows. */
export function chainOf(body: string): Chain {
  return (previous, at) => ({
    sequence: (previous?.sequence ?? 0) + 1,
    at,
    body,
    personal: undefined,
    macKid: 1,
    mac: digest(previous?.mac ?? new Uint8Array(32), Buffer.from(body)),
  })
}
