/**
 * How our secrets begin. One list serves minting, redaction in logs and secret scanners: whoever finds such a text in a
 * repository or a log knows at once what leaked.
 */
export const PREFIXES = {
  /** A refresh token. */
  refreshToken: 'csn_rt_',
  /** The secret of an OAuth client. */
  clientSecret: 'csn_cs_',
  /** A one-time link or code. */
  oneTime: 'csn_ot_',
} as const

/** What a text that holds one of our secrets matches. */
export const SECRET_PATTERN: RegExp = /\bcsn_(?:rt|cs|ot)_[0-9A-Za-z]{16,}/g
