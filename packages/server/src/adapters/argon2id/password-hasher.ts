import { type Algorithm, hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2'
import type { Clock } from '../../ports/clock.ts'
import type { PasswordHasher, PasswordMatch } from '../../ports/password-hasher.ts'
import type { Random } from '../../ports/random.ts'
import { createHashQueue } from './hash-queue.ts'
import { type Argon2Cost, isOutdated, OUTPUT_LENGTH, parsePhc, SALT_LENGTH } from './phc.ts'

export interface PasswordHasherOptions {
  readonly clock: Clock
  /** Where salts come from. */
  readonly random: Random
  /** The processor cores of the machine: all but one hash, at least one. */
  readonly cores: number
  /** How many may wait for their hash. Default 128. */
  readonly maxWaiting?: number
  /** The longest expected wait, in milliseconds, beyond which `service_busy` is the answer. Default 5,000. */
  readonly maxWait?: number
  /** Default {@link ARGON2_COST}. Less is for tests alone. */
  readonly cost?: Argon2Cost
}

/** The first of the equally strong settings of the OWASP Password Storage Cheat Sheet. */
export const ARGON2_COST: Argon2Cost = { memory: 19_456, passes: 2, lanes: 1 }

const ARGON2ID: Algorithm = 2
/** Milliseconds that one hash takes on a slow core; the queue measures it from then on. */
const FIRST_GUESS = 50

/**
 * Passwords hashed by argon2id (RFC 9106), behind a bounded queue. A comparison against an unknown account, against a
 * text that no hash ever covered, and against a stored hash of absurd cost all take as long as a real one and never
 * match.
 *
 * What stays visible: the hash of an imported account with other parameters takes its own time until its first log-in
 * upgrades it.
 *
 * Both methods reject with `AuthError` `service_busy` when too many wait.
 */
export function createPasswordHasher(options: PasswordHasherOptions): PasswordHasher {
  const { clock, random, cores, maxWaiting = 128, maxWait = 5_000, cost = ARGON2_COST } = options
  const queue = createHashQueue({
    clock,
    concurrency: Math.max(1, Math.floor(cores) - 1),
    maxWaiting,
    maxWait,
    firstGuess: FIRST_GUESS,
  })
  const dummy = dummyHash(random, cost)

  async function hash(password: string): Promise<string> {
    // UTF-8 has no lone surrogates: two texts that differ in them alone would get one hash.
    if (!password.isWellFormed()) throw new TypeError('a password is well-formed Unicode')
    return await queue.run(() =>
      argon2Hash(password, {
        algorithm: ARGON2ID,
        memoryCost: cost.memory,
        timeCost: cost.passes,
        parallelism: cost.lanes,
        outputLen: OUTPUT_LENGTH,
        salt: random.bytes(SALT_LENGTH),
      }),
    )
  }

  async function verify(password: string, stored: string | undefined): Promise<PasswordMatch> {
    const parsed = stored === undefined || !password.isWellFormed() ? undefined : parsePhc(stored)
    const right = await queue.run(() => argon2Verify(parsed === undefined ? dummy : (stored ?? dummy), password))
    if (!right || parsed === undefined) return 'no_match'
    return isOutdated(parsed, cost) ? 'match_outdated' : 'match'
  }

  return { hash, verify }
}

/** A hash that no password has: its output was drawn, not computed. It costs what a real one does. */
function dummyHash(random: Random, { memory, passes, lanes }: Argon2Cost): string {
  const text = (length: number) => Buffer.from(random.bytes(length)).toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$${text(SALT_LENGTH)}$${text(OUTPUT_LENGTH)}`
}
