import type { JwkSetJson } from '@countersign/jwt'
import type { KeyBody } from '@countersign/protocol'
import type { By } from './audit.ts'
import type { ExportSecrets } from './export-key.ts'
import type { KeyRing } from './key-ring.ts'
import type { RotateKeys, RotateOptions } from './rotate-keys.ts'

/** What administrators do with the signing keys; `/admin/keys` and the command line are doors to it. */
export interface Keys {
  /** Every key, with its state and times, as the rows are now. */
  list(): Promise<readonly KeyBody[]>
  /** What the JWK Set document shows. */
  jwkSet(): JwkSetJson
  /** See {@link RotateKeys}. @returns the `kid`s of the keys that sign now */
  rotate(options: RotateOptions, by: By): Promise<readonly string[]>
  /** See {@link ExportSecrets}. */
  readonly exportSecrets: ExportSecrets
}

export function createKeys(dependencies: {
  readonly ring: KeyRing
  readonly rotate: RotateKeys
  readonly exportSecrets: ExportSecrets
}): Keys {
  const { ring, rotate, exportSecrets } = dependencies
  return {
    async list() {
      await ring.refresh()
      return ring.list()
    },
    jwkSet: ring.jwkSet,
    rotate,
    exportSecrets,
  }
}
