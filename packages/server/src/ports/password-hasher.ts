/** What a comparison found. `match_outdated`: right, but hashed with weaker parameters than today's. */
export type PasswordMatch = 'match' | 'match_outdated' | 'no_match'

/** Slow on purpose. The text of a hash names its algorithm, parameters and salt (PHC string format). */
export interface PasswordHasher {
  hash(password: string): Promise<string>
  /** @param hash `undefined` costs the same as a real one and never matches: an unknown name must take equal time. */
  verify(password: string, hash: string | undefined): Promise<PasswordMatch>
}
