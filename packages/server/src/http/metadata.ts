import { type Metadata, PATHS } from '@countersign/protocol'
import { ADMIN, type RoleScopes } from '../domain/scope.ts'

/** The metadata document (RFC 8414 §2). Only what works: no authorization endpoint, and no token endpoint yet. */
export function metadataOf(
  issuer: string,
  { roleScopes, defaultScopes }: { readonly roleScopes: RoleScopes; readonly defaultScopes: readonly string[] },
): Metadata {
  const scopes = new Set([ADMIN, ...defaultScopes, ...Object.values(roleScopes).flat()])
  return {
    issuer,
    jwks_uri: issuer + PATHS.jwks,
    response_types_supported: [],
    grant_types_supported: [],
    scopes_supported: [...scopes],
    service_documentation: issuer + PATHS.docs,
  }
}
