import { Buffer } from 'node:buffer'
import type { AuditKeys } from '../domain/audit-chain.ts'
import { IV_BYTES, MasterKeyError, openKey, sealedUnder, sealKey } from '../domain/key-wrap.ts'
import type { MasterKeys } from '../domain/master-keys.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { MetaStore } from '../ports/meta-store.ts'
import type { Random } from '../ports/random.ts'

/** What is known of the master keys that this data has seen. */
export interface MasterKeyRegister {
  /**
   * True for the id of a master key that was taken out of use: what it sealed is gone for good. False for one that is
   * held, and for one that this service has not been given yet, which somebody else may hold.
   */
  isDropped(id: number): boolean
  /** The audit key of a master key, also of one that was dropped: old entries must stay verifiable. */
  readonly auditKey: AuditKeys
}

/** One line of the register. Lines are only ever added, so that two services that start together cannot lose one. */
interface Line {
  readonly id: number
  readonly fingerprint: string
  /** Epoch milliseconds. */
  readonly since: number
}

/**
 * Compares the master keys with those that the data has seen, writes new ones down, and keeps the audit key of each,
 * sealed under the active one.
 *
 * Ids are never used twice: an id whose key changed, and a key that is missing though something is sealed under it, stop
 * the start. Making new keys instead would hide the loss.
 *
 * A master key counts as dropped when it is not held and was registered before the active one. One that was registered
 * later is on its way here: keys are added to all services before one of them is made the active one.
 *
 * @throws {MasterKeyError} `key_changed`, `key_missing`, `unreadable`
 */
export async function registerMasterKeys(dependencies: {
  readonly meta: MetaStore
  readonly keys: Pick<KeyStore, 'list'>
  readonly masterKeys: MasterKeys
  readonly random: Random
  /** Epoch milliseconds. */
  readonly now: () => number
}): Promise<MasterKeyRegister> {
  const { meta, keys, masterKeys, random, now } = dependencies
  const held = new Set(masterKeys.ids)

  await refuseMissingKeys()
  const lines = await register()
  const active = lines.findIndex(({ id }) => id === masterKeys.activeId)
  const dropped = new Set(
    lines
      .slice(0, active)
      .filter(({ id }) => !held.has(id))
      .map(({ id }) => id),
  )
  for (const id of dropped) await meta.setOnce(droppedName(id), String(now()))
  const auditKeys = await keepAuditKeys(lines)

  return { isDropped: (id) => dropped.has(id), auditKey: (id) => auditKeys.get(id) }

  async function refuseMissingKeys(): Promise<void> {
    for (const { wrapped } of await keys.list()) {
      const id = sealedUnder(wrapped)
      if (!held.has(id)) throw new MasterKeyError('key_missing', id)
    }
  }

  /** Reads the register to its end and adds the held keys that are not in it, the active one last. */
  async function register(): Promise<readonly Line[]> {
    const found: Line[] = []
    for (;;) {
      const text = await meta.get(lineName(found.length))
      if (text === undefined) break
      found.push(parseLine(text))
    }
    for (const id of [...masterKeys.ids].reverse()) {
      while (!found.some((line) => line.id === id)) {
        const line = JSON.stringify({ id, fingerprint: masterKeys.fingerprint(id), since: now() })
        // Another service may have taken this place: then its line stands here and ours goes to the next.
        found.push(parseLine(await meta.setOnce(lineName(found.length), line)))
      }
    }
    for (const { id, fingerprint } of found) {
      if (held.has(id) && masterKeys.fingerprint(id) !== fingerprint) throw new MasterKeyError('key_changed', id)
    }
    return found
  }

  async function keepAuditKeys(known: readonly Line[]): Promise<ReadonlyMap<number, Uint8Array>> {
    const found = new Map<number, Uint8Array>()
    for (const { id } of known) {
      const text = await meta.get(auditKeyName(id))
      const sealed = text === undefined ? undefined : new Uint8Array(Buffer.from(text, 'base64url'))
      const key = masterKeys.derive(id, 'audit-v1') ?? (sealed === undefined ? undefined : openAuditKey(sealed, id))
      if (key === undefined) continue
      found.set(id, key)
      if (sealed === undefined || sealedUnder(sealed) !== masterKeys.activeId) {
        const anew = sealKey(masterKeys, key, auditSeal(id), random.bytes(IV_BYTES))
        await meta.set(auditKeyName(id), Buffer.from(anew).toString('base64url'))
      }
    }
    return found
  }

  function openAuditKey(sealed: Uint8Array, id: number): Uint8Array | undefined {
    // A service that was not given the newest key yet cannot read what others sealed under it, and need not.
    return held.has(sealedUnder(sealed)) || dropped.has(id) ? openKey(masterKeys, sealed, auditSeal(id)) : undefined
  }
}

const lineName = (place: number): string => `master-key:${place}`
const droppedName = (id: number): string => `master-key-dropped:${id}`
const auditKeyName = (id: number): string => `audit-key:${id}`

/** The data has one issuer, so the seal need not name it. */
const auditSeal = (id: number) => ({ issuer: '', kid: String(id), alg: 'HS256', purpose: 'audit' })

function parseLine(text: string): Line {
  const { id, fingerprint, since } = JSON.parse(text) as Line
  return { id, fingerprint, since }
}
