import { type AudiencePolicy, grantAudience, narrowAudience } from '../domain/audience.ts'
import { AuthError } from '../domain/errors.ts'
import { ADMIN, grantScopes, narrowScopes, parseScope, type RoleScopes, scopesOf, splitScope } from '../domain/scope.ts'

/** What roles bring, and which services there are. */
export interface GrantPolicy extends AudiencePolicy {
  readonly roleScopes: RoleScopes
  readonly defaultScopes: readonly string[]
}

/** What a request asks for; absent means "what there is". */
export interface Wish {
  /** Space-separated (RFC 6749 §3.3). */
  readonly scope: string | undefined
  readonly audience: string | readonly string[] | undefined
}

export interface Granted {
  readonly scope: readonly string[]
  readonly audience: readonly string[]
}

/** Decides which scopes and audiences a token gets. */
export interface Grant {
  /** At log-in. @throws {AuthError} `scope_not_allowed` (no scope at all), `audience_not_allowed` */
  atLogin(roles: readonly string[], wish: Wish): Granted
  /** At a refresh, which may only narrow. @throws {AuthError} `scope_not_allowed`, `audience_not_allowed` */
  atRefresh(roles: readonly string[], session: { scope: string; audience: string }, wish: Wish): Granted
  /** The refusals of `atRefresh`, by what the session holds alone. */
  checkRefresh(session: { scope: string; audience: string }, wish: Wish): void
}

export function createGrant(policy: GrantPolicy): Grant {
  function atRefresh(allowed: readonly string[], session: { scope: string; audience: string }, wish: Wish): Granted {
    const scope = narrowScopes(readScope(wish), splitScope(session.scope), allowed)
    if (scope === undefined) throw new AuthError('scope_not_allowed')
    const audience = narrowAudience(wish.audience, session.audience.split(' '))
    if (audience === undefined) throw new AuthError('audience_not_allowed')
    return { scope, audience }
  }

  return {
    atLogin(roles, wish) {
      const scope = grantScopes(readScope(wish), scopesOf(roles, policy.roleScopes, policy.defaultScopes))
      const audience = grantAudience(wish.audience, scope.includes(ADMIN), policy)
      if (audience === undefined) throw new AuthError('audience_not_allowed')
      return { scope, audience }
    },
    atRefresh: (roles, session, wish) =>
      atRefresh(scopesOf(roles, policy.roleScopes, policy.defaultScopes), session, wish),
    checkRefresh(session, wish) {
      atRefresh(splitScope(session.scope), session, wish)
    },
  }
}

function readScope({ scope }: Wish): readonly string[] | undefined {
  if (scope === undefined) return undefined
  const tokens = parseScope(scope)
  if (tokens === undefined) throw new AuthError('scope_not_allowed')
  return tokens
}
