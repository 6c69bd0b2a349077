import { Buffer } from 'node:buffer'
import { AuthError } from '../domain/errors.ts'
import { audienceOf, keyLine } from '../domain/key-purpose.ts'
import { keyStates } from '../domain/signing-key.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Audit, By } from './audit.ts'
import type { KeySafe } from './key-safe.ts'

/**
 * The secrets that tokens for an audience are or may be signed with, as JWKs with `kty: "oct"`, the active one first.
 * The issuer's own are never given out: who verifies with a shared secret can also mint, and with the issuer's he would
 * mint administrators.
 *
 * @throws {AuthError} `not_found` for the issuer, and where there are no secrets
 */
export type ExportSecrets = (audience: string, by: By) => Promise<readonly Readonly<Record<string, unknown>>[]>

export function createExportSecrets(dependencies: {
  readonly issuer: string
  readonly keys: KeyStore
  readonly safe: KeySafe
  readonly audit: Pick<Audit, 'record'>
  readonly now: () => number
  /** Milliseconds that a retired key still verifies. */
  readonly keep: number
}): ExportSecrets {
  const { issuer, keys, safe, audit, now, keep } = dependencies

  return async (audience, { actor, caller }) => {
    // Judged in one line with the key pairs, which retire the secrets when the algorithm is changed.
    const line = keyStates(keyLine(await keys.list(), audience), now(), keep)
    const served = line.served.filter((row) => audienceOf(row.purpose) === audience)
    const { active } = line
    if (audience === issuer || served.length === 0) throw new AuthError('not_found')
    const ordered = [...served].sort((a, b) => Number(b === active) - Number(a === active))
    for (const { kid } of ordered) {
      await audit.record({ event: 'key.exported', result: 'ok', actor, subject: kid }, caller)
    }
    return ordered.map((row) => ({
      kty: 'oct',
      kid: row.kid,
      alg: row.alg,
      use: 'sig',
      k: Buffer.from(safe.openSecret(row)).toString('base64url'),
    }))
  }
}
