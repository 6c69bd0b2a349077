import { isIP } from 'node:net'

/*
 * Rules that single settings are held to. Each answers why a text does not fit, or `undefined`; the answer completes
 * "NAME …" and never repeats the text.
 */

/**
 * An issuer identifier: an absolute http or https URL without query and fragment (RFC 8414 §2), and without what two
 * parties may write differently. Verifiers compare it as a string (RFC 8414 §3.3), so one spelling is allowed alone.
 */
export function issuerRule(text: string): string | undefined {
  const url = parseUrl(text)
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return 'is not an http or https URL'
  if (url.username !== '' || url.password !== '') return 'holds a user name or a password'
  if (text.includes('?') || text.includes('#')) return 'has a query or a fragment'
  if (text.endsWith('/')) return 'ends in a slash'
  if (url.href !== text && url.href !== `${text}/`) {
    return 'is not in its normal form: lower-case host, no default port, no dots or odd characters in the path'
  }
  return undefined
}

/** An origin as a browser sends it (RFC 6454 §6.2): compared as a string, so nothing but that form can ever match. */
export function originRule(text: string): string | undefined {
  if (text === '*') return 'has *, which would let any page read access tokens; name the origins'
  const url = parseUrl(text)
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.origin !== text) {
    return 'has an entry that is no exact origin: scheme, host and, if it is not the default, port'
  }
  return undefined
}

/** An audience: sessions keep theirs separated by spaces. */
export function audienceRule(text: string): string | undefined {
  return /^[\x21-\x7e]{1,256}$/.test(text) ? undefined : 'has an entry that is not 1 to 256 signs without spaces'
}

/** A scope (RFC 6749 §3.3): printable ASCII without space, `"` and `\`. */
export function scopeRule(text: string): string | undefined {
  if (!/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(text)) return 'has a scope that RFC 6749 does not allow'
  if (text === 'admin') return 'gives the scope admin, which comes with the role admin alone'
  return undefined
}

export function rolesRule(role: string, scopes: readonly string[]): string | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(role)) {
    return 'has a role that is not 1 to 64 letters, digits, dots, colons, dashes or underscores'
  }
  if (new Set(scopes).size < scopes.length) return 'names a scope twice for one role'
  return scopes.map(scopeRule).find((why) => why !== undefined)
}

/** Names of accounts: 1 to 64 characters without `@`, spaces and controls, as at registration. */
export function usernameRule(text: string): string | undefined {
  const length = [...text].length
  return length <= 64 && /^[^\s@\p{C}]+$/u.test(text)
    ? undefined
    : 'is not 1 to 64 characters without @, spaces and control characters'
}

/** An empty password is none: a variable that a deployment leaves blank asks for the random one. */
export function passwordRule(text: string): string | undefined {
  return [...text].length <= 256 ? undefined : 'is longer than 256 characters'
}

/** Where to listen: a name or an address, nothing else. */
export function hostRule(text: string): string | undefined {
  return isIP(text) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text)
    ? undefined
    : 'is not a host name or an IP address'
}

export function dataDirRule(text: string): string | undefined {
  return text.includes('\0') ? 'is not a path' : undefined
}

export function databaseRule(text: string): string | undefined {
  if (/^postgres(ql)?:/i.test(text))
    return 'names PostgreSQL, which is not supported yet by this version; use sqlite:PATH'
  if (text === 'sqlite::memory:') return 'names no file; accounts kept in memory would be gone at the next start'
  return /^sqlite:[^\0]+$/.test(text) ? undefined : 'is not sqlite:PATH'
}

/**
 * Master keys: `2:base64,1:base64`. Ids are 1 to 255 because one byte of each refresh token holds them; a key has at
 * least 32 bytes. Whether they are the keys that the data was made with is asked when it is opened.
 */
export function masterKeysRule(entries: readonly string[]): string | undefined {
  const shape = 'is not ID:KEY,ID:KEY with ids from 1 to 255 and keys of at least 32 bytes in base64'
  if (entries.length === 0) return shape
  const ids = new Set<number>()
  for (const entry of entries) {
    const match = /^([1-9]\d{0,2}):([A-Za-z0-9+/_-]{43,}={0,2})$/.exec(entry)
    if (match === null || Number(match[1]) > 255) return shape
    // A random key has almost as many different bytes as bytes; one of a few is a word, a pattern or zeros.
    if (new Set(Buffer.from(match[2] ?? '', 'base64')).size < 8) return 'has a key that is not random'
    ids.add(Number(match[1]))
  }
  return ids.size < entries.length ? 'has one id twice' : undefined
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
