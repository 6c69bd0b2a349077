import { bounded, LATE } from './bounded.ts'
import { ClientError } from './errors.ts'
import type { Platform } from './platform.ts'
import type { TokenStorage } from './types.ts'

/** The application's storage behind a bound: an adapter that hangs or throws is a `storage_failed`, not a hang. */
export interface Vault {
  /** @throws {ClientError} `storage_failed` */
  readonly read: () => Promise<string | null>
  /** @throws {ClientError} `storage_failed` */
  readonly write: (value: string | null) => Promise<void>
}

const STORAGE_BOUND = 8

export function createVault(storage: TokenStorage, platform: Platform): Vault {
  const guarded = async <T>(job: () => T | Promise<T>): Promise<T> => {
    const result = await bounded(platform, STORAGE_BOUND, job).catch((cause: unknown) => {
      throw new ClientError('storage_failed', { cause })
    })
    if (result === LATE) throw new ClientError('storage_failed')
    return result
  }
  return {
    // An empty text is no token either.
    read: async () => (await guarded(() => storage.get())) || null,
    write: (value) => guarded(() => storage.set(value)),
  }
}
