/** The scope that opens `/admin`, and the role that may ask for it. Neither can be had in any other way. */
export const ADMIN = 'admin'

/** Scope tokens that a role brings. */
export type RoleScopes = Readonly<Record<string, readonly string[]>>

/**
 * Reads the `scope` of a request: tokens separated by single spaces (RFC 6749 §3.3), each named once in the result.
 * @returns `undefined` for a text that breaks the syntax, the empty one too
 */
export function parseScope(text: string): readonly string[] | undefined {
  const tokens = text.split(' ')
  return tokens.every(isScopeToken) ? [...new Set(tokens)] : undefined
}

/** RFC 6749 §3.3, `scope-token`. */
export function isScopeToken(text: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text)
}

/** The scope of a stored session or a token. The empty text is no scope. */
export function splitScope(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ')
}

/**
 * All that an account with `roles` may have: the default scopes, then those of its roles. `admin` comes from the role
 * `admin` alone, whatever the tables say: a mapping of some clerk's role must not open `/admin` by accident.
 */
export function scopesOf(
  roles: readonly string[],
  roleScopes: RoleScopes,
  defaultScopes: readonly string[],
): readonly string[] {
  const fromRoles = roles.flatMap((role) => (Object.hasOwn(roleScopes, role) ? (roleScopes[role] ?? []) : []))
  const scopes = new Set([...defaultScopes, ...fromRoles])
  scopes.delete(ADMIN)
  if (roles.includes(ADMIN)) scopes.add(ADMIN)
  return [...scopes]
}

/**
 * What a log-in gets: without a request all that is allowed except `admin`, with one the intersection, in the order
 * asked for. So no token ever opens `/admin` by default.
 */
export function grantScopes(requested: readonly string[] | undefined, allowed: readonly string[]): readonly string[] {
  if (requested === undefined) return allowed.filter((scope) => scope !== ADMIN)
  return requested.filter((scope) => allowed.includes(scope))
}

/**
 * What a refresh gets: of the session's scope, or of the narrower one asked for, what the account may still have.
 * @returns `undefined` when the request names something beyond the session's scope (RFC 6749 §6)
 */
export function narrowScopes(
  requested: readonly string[] | undefined,
  session: readonly string[],
  allowed: readonly string[],
): readonly string[] | undefined {
  const wanted = requested ?? session
  if (!wanted.every((scope) => session.includes(scope))) return undefined
  return wanted.filter((scope) => allowed.includes(scope))
}
