import type { ProblemFault } from '@countersign/protocol'

/** The most roles of one account: all of them travel in every token. */
export const MOST_ROLES = 32

/** The syntax of a role: 1 to 64 letters, digits and `._:-`, a letter or digit first. */
export function isRole(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(text)
}

/** What is wrong with the roles of a request, each at its own place. */
export function roleFaults(roles: readonly string[], pointer = '/roles'): readonly ProblemFault[] {
  if (roles.length > MOST_ROLES) {
    return [{ pointer, code: 'roles_too_many', detail: `An account has at most ${MOST_ROLES} roles.` }]
  }
  return roles.flatMap((role, index) => (isRole(role) ? [] : [{ pointer: `${pointer}/${index}`, ...ROLE_INVALID }]))
}

const ROLE_INVALID = {
  code: 'role_invalid',
  detail: 'A role has 1 to 64 letters, digits, dots, colons, dashes or underscores.',
}
