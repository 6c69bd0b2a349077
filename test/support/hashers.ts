import { createPasswordHasher } from '../../packages/server/src/adapters/argon2id/password-hasher.ts'
import { systemClock } from '../../packages/server/src/adapters/system/clock.ts'
import { systemRandom } from '../../packages/server/src/adapters/system/random.ts'
import type { PasswordHasher } from '../../packages/server/src/ports/password-hasher.ts'

/** The service's own hasher at a hundredth of its cost, for tests that are about something else. */
export function cheapHasher(more: { readonly maxWaiting?: number; readonly cores?: number } = {}): PasswordHasher {
  const cost = { memory: 256, passes: 1, lanes: 1 }
  return createPasswordHasher({ clock: systemClock, random: systemRandom, cores: 2, cost, ...more })
}

/** A hasher that can be made to keep one verdict for a while. */
export interface HeldHasher extends PasswordHasher {
  /** Keeps the verdict of the next check, and of no other. */
  holdNext(): { readonly reached: Promise<void>; release(): void }
  /** How many passwords were checked. */
  checks(): number
}

export function heldHasher(inner: PasswordHasher): HeldHasher {
  let next: { readonly reach: () => void; readonly released: Promise<void> } | undefined
  let checks = 0
  return {
    hash: (password) => inner.hash(password),
    async verify(password, hash) {
      checks += 1
      const holding = next
      next = undefined
      const match = await inner.verify(password, hash)
      holding?.reach()
      await holding?.released
      return match
    },
    holdNext() {
      const reached = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      next = { reach: reached.resolve, released: released.promise }
      return { reached: reached.promise, release: released.resolve }
    },
    checks: () => checks,
  }
}
