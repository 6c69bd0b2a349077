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

/**
 * What of a text is one of our secrets: for `replaceAll` and `matchAll`. Not for `test`, which goes on where it left off.
 *
 * Whatever stands before it: in a line of JSON a line break is `\n`, in a query `=` is `%3D`, and a pattern that wanted the
 * start of a word would find no secret behind the letter.
 */
export const SECRET_PATTERN: RegExp = /csn_(?:rt|cs|ot)_[0-9A-Za-z]{16,}/g
