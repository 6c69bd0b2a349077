/**
 * What a key is for. A key pair signs for every audience: whoever verifies cannot sign. A shared secret signs for one
 * audience alone, since whoever verifies with it can also mint.
 */

const ACCESS = 'access'
const SECRET_ALGORITHM = /^HS(?:256|384|512)$/

/** True for an algorithm of shared secrets (RFC 7518 §3.2). */
export function isSecretAlgorithm(alg: string): boolean {
  return SECRET_ALGORITHM.test(alg)
}

/**
 * The one name under which an algorithm is stored, published and written into tokens. `Ed25519` (RFC 9864) is what
 * `EdDSA` means here; a JWK Set that says the one and a token that says the other find no verifier.
 */
export function canonicalAlgorithm(alg: string): string {
  return alg === 'Ed25519' ? 'EdDSA' : alg
}

/** The purpose of a key of that algorithm for that audience. */
export function purposeOf(alg: string, audience: string): string {
  return isSecretAlgorithm(alg) ? `${ACCESS}:${audience}` : ACCESS
}

/** The one audience of a shared secret's purpose, or `undefined` for that of a key pair. */
export function audienceOf(purpose: string): string | undefined {
  return purpose.startsWith(`${ACCESS}:`) ? purpose.slice(ACCESS.length + 1) : undefined
}

/**
 * The keys that can sign for an audience: its secrets and the key pairs, in one line. So a change from secrets to key
 * pairs, or back, retires the one by the other, as any rotation does.
 */
export function keyLine<K extends { readonly purpose: string }>(keys: readonly K[], audience: string): readonly K[] {
  return keys.filter((key) => key.purpose === ACCESS || key.purpose === `${ACCESS}:${audience}`)
}
