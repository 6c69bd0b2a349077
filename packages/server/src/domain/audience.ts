/** Whom tokens may be for. */
export interface AudiencePolicy {
  /** The issuer of the service. */
  readonly issuer: string
  /** The allowed audiences, the default first. */
  readonly audiences: readonly string[]
}

/**
 * The audience of a log-in: those asked for, each once, or the first of the allowed. With the scope `admin` it is the
 * issuer alone, so that no other service ever holds a token that opens `/admin`.
 *
 * @param admin whether the scope `admin` is granted
 * @returns `undefined` when the request names another, or none at all
 */
export function grantAudience(
  requested: string | readonly string[] | undefined,
  admin: boolean,
  policy: AudiencePolicy,
): readonly string[] | undefined {
  const allowed = admin ? [policy.issuer] : policy.audiences
  return requested === undefined ? allowed.slice(0, 1) : within(requested, allowed)
}

/**
 * The audience of a refresh: the session's, or those asked for of it. Never wider (RFC 8707 §2.2).
 * @returns `undefined` when the request names another, or none at all
 */
export function narrowAudience(
  requested: string | readonly string[] | undefined,
  session: readonly string[],
): readonly string[] | undefined {
  return requested === undefined ? session : within(requested, session)
}

function within(requested: string | readonly string[], allowed: readonly string[]): readonly string[] | undefined {
  const names = [...new Set(typeof requested === 'string' ? [requested] : requested)]
  return names.length > 0 && names.every((name) => allowed.includes(name)) ? names : undefined
}

/** The claim `aud`: a text where there is one audience, an array where there are several (RFC 7519 §4.1.3). */
export function audienceClaim(audience: readonly string[]): string | readonly string[] {
  const [only, ...others] = audience
  return only !== undefined && others.length === 0 ? only : audience
}
