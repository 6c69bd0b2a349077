import { type AudiencePolicy, grantAudience, narrowAudience } from '../domain/audience.ts'
import { AuthError } from '../domain/errors.ts'
import { ADMIN, grantScopes, narrowScopes, parseScope, type RoleScopes, scopesOf, splitScope } from '../domain/scope.ts'

/** What roles bring, and which services there are. */
export interface GrantPolicy extends AudiencePolicy {
  /** True where each audience has a secret of its own, so that no token is for two. */
  readonly oneAudience: boolean
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
  /**
   * At a refresh, which may only narrow. An audience that the service has no more is gone with the next token, as a scope
   * is that the account may have no more.
   * @throws {AuthError} `scope_not_allowed`, `audience_not_allowed`
   */
  atRefresh(roles: readonly string[], session: { scope: string; audience: string }, wish: Wish): Granted
  /** False when the service has none of the session's audiences any more: such a session can give no token again. */
  isServed(session: { audience: string }): boolean
  /** The refusals of `atRefresh`, by what the session holds alone. */
  checkRefresh(session: { scope: string; audience: string }, wish: Wish): void
}

export function createGrant(policy: GrantPolicy): Grant {
  const served = new Set([policy.issuer, ...policy.audiences])
  const servedOf = (session: { audience: string }) => session.audience.split(' ').filter((name) => served.has(name))

  function atRefresh(allowed: readonly string[], session: { scope: string; audience: string }, wish: Wish): Granted {
    const scope = narrowScopes(readScope(wish), splitScope(session.scope), allowed)
    if (scope === undefined) throw new AuthError('scope_not_allowed')
    const left = servedOf(session)
    // Granted while one token could be for several.
    const usual = policy.oneAudience ? left.slice(0, 1) : left
    const audience = wish.audience === undefined ? usual : narrowAudience(wish.audience, left)
    return { scope, audience: demandAudience(audience) }
  }

  /** Asked before anything changes, for the signing finds the same out when it is too late. */
  function demandAudience(audience: readonly string[] | undefined): readonly string[] {
    const most = policy.oneAudience ? 1 : Number.POSITIVE_INFINITY
    if (audience === undefined || audience.length === 0 || audience.length > most) {
      throw new AuthError('audience_not_allowed')
    }
    return audience
  }

  return {
    atLogin(roles, wish) {
      const scope = grantScopes(readScope(wish), scopesOf(roles, policy.roleScopes, policy.defaultScopes))
      return { scope, audience: demandAudience(grantAudience(wish.audience, scope.includes(ADMIN), policy)) }
    },
    atRefresh: (roles, session, wish) =>
      atRefresh(scopesOf(roles, policy.roleScopes, policy.defaultScopes), session, wish),
    isServed: (session) => servedOf(session).length > 0,
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
