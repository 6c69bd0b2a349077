/** Algorithms of shared secrets: who verifies can also sign (RFC 7518 §3.2). */
export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const

/** Algorithms of key pairs (RFC 7518 §3.1, RFC 8037, RFC 9864), the default first. */
export const KEY_PAIR_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
] as const
