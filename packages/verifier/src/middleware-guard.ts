import type { Names } from '@countersign/jwt'
import type { Auth } from './auth.ts'
import type { Authenticator, RequestFacts } from './authenticator.ts'
import { type Admission, createGuardCore, type GuardOptions, type Rejection, requirementWith } from './guard-core.ts'
import type { Requirement } from './requirement.ts'

/**
 * A guard whose verbs are mounted before a handler. Each verb authenticates by itself, so none can be forgotten, and a
 * request is verified once, however many it meets.
 */
export interface MiddlewareGuard<C extends object, Mounted, Anonymous, Context> {
  /** Lets authenticated requests through that meet the requirement. */
  requireAuth(requirement?: Requirement<C>): Mounted
  /** The same, with all of these scopes. */
  requireScope(scope: Names, requirement?: Omit<Requirement<C>, 'scope'>): Mounted
  /** The same, with all of these roles. */
  requireRole(role: Names, requirement?: Omit<Requirement<C>, 'role'>): Mounted
  /** Lets requests without credentials through as well; bad credentials are still refused. */
  optionalAuth(): Anonymous
  /**
   * Who is calling.
   *
   * @throws {TypeError} where no guard of this object has let an authenticated request through
   */
  auth(context: Context): Auth<C>
}

/** Asks whether a request may pass. Never rejects. */
export type Admit<Context, A> = (context: Context) => Promise<Admission<A> | Rejection>

/** What a framework adds: where the request is, and how something stands before a handler. */
export interface Framework<C extends object, Mounted, Anonymous, Context> {
  /** The object that stays the same as long as the request does. */
  readonly keyOf: (context: Context) => object
  readonly factsOf: (context: Context) => RequestFacts
  readonly required: (admit: Admit<Context, Auth<C>>) => Mounted
  readonly optional: (admit: Admit<Context, Auth<C> | undefined>) => Anonymous
}

/** Makes the verbs of a guard whose framework has middleware. */
export function createMiddlewareGuard<C extends object, Mounted, Anonymous, Context>(
  authenticator: Authenticator<C>,
  options: GuardOptions | undefined,
  { keyOf, factsOf, required, optional }: Framework<C, Mounted, Anonymous, Context>,
): MiddlewareGuard<C, Mounted, Anonymous, Context> {
  const core = createGuardCore(authenticator, options)

  function mount(owner: string, requirement: Requirement<C> | undefined): Mounted {
    const demand = core.demand(owner, requirement)
    return required((context) => core.admit(keyOf(context), factsOf(context), demand))
  }

  return Object.freeze({
    requireAuth: (requirement?: Requirement<C>) => mount('requireAuth', requirement),
    requireScope: (scope: Names, requirement?: Omit<Requirement<C>, 'scope'>) =>
      mount('requireScope', requirementWith('requireScope', scope, requirement)),
    requireRole: (role: Names, requirement?: Omit<Requirement<C>, 'role'>) =>
      mount('requireRole', requirementWith('requireRole', role, requirement)),
    optionalAuth: () => optional((context) => core.admitAnyone(keyOf(context), factsOf(context))),
    auth: (context: Context) => core.authOf(keyOf(context)),
  })
}
