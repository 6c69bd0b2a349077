/** What the text of an argon2 hash says of itself (PHC string format, RFC 9106). */
export interface Argon2Hash {
  readonly variant: 'argon2id' | 'argon2i' | 'argon2d'
  readonly version: number
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly lanes: number
  readonly saltLength: number
  readonly outputLength: number
}

/** How costly a hash is made. */
export interface Argon2Cost {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly lanes: number
}

const PHC =
  /^\$(argon2id|argon2i|argon2d)\$v=(16|19)\$m=([0-9]{1,10}),t=([0-9]{1,10}),p=([0-9]{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,172})$/

/** Reads a hash, or gives `undefined` for what is none or would cost too much to check. */
export function parsePhc(text: string): Argon2Hash | undefined {
  const [, variant, version, memory, passes, lanes, salt, output] = PHC.exec(text) ?? []
  if (variant === undefined || salt === undefined || output === undefined) return undefined
  const hash = {
    variant: variant as Argon2Hash['variant'],
    version: Number(version),
    memory: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    saltLength: Math.floor((salt.length * 3) / 4),
    outputLength: Math.floor((output.length * 3) / 4),
  }
  return isBearable(hash) ? hash : undefined
}

// An imported hash chooses what every log-in of its account costs us. These bounds leave room for every advice in use
// (libsodium's "moderate" is 256 MiB and 3 passes) and none for a hash that takes the machine with it.
const MOST_MEMORY = 256 * 1024
const MOST_WORK = 1024 * 1024
const MOST_LANES = 16

function isBearable({ memory, passes, lanes }: Argon2Hash): boolean {
  return (
    memory >= 8 * lanes &&
    memory <= MOST_MEMORY &&
    passes >= 1 &&
    lanes >= 1 &&
    lanes <= MOST_LANES &&
    memory * passes <= MOST_WORK
  )
}

/** True when a hash is weaker in any respect than what `cost` makes today, or made in another way. */
export function isOutdated(hash: Argon2Hash, cost: Argon2Cost): boolean {
  return (
    hash.variant !== 'argon2id' ||
    hash.version !== 19 ||
    hash.memory < cost.memory ||
    hash.passes < cost.passes ||
    hash.lanes !== cost.lanes ||
    hash.saltLength < SALT_LENGTH ||
    hash.outputLength < OUTPUT_LENGTH
  )
}

/** Bytes. */
export const SALT_LENGTH = 16
/** Bytes. */
export const OUTPUT_LENGTH = 32
