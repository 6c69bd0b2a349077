import type { Names, Refusal } from '@countersign/jwt'
import type { Auth, NoClaims } from './auth.ts'
import { refusalOf, type VerifierErrorCode } from './errors.ts'
import { checkFunction, checkNames, checkOptionNames } from './options.ts'

/** What a route asks of its caller, beyond being somebody. All of it must hold. */
export interface Requirement<C extends object = NoClaims> {
  /** One scope or several, all of them needed (RFC 6749 §3.3). */
  readonly scope?: Names
  /** One role or several, all of them needed. */
  readonly role?: Names
  /** Asked last. Only the value `true` lets the request through; one that throws refuses it with 503. */
  readonly check?: (auth: Auth<C>) => boolean | Promise<boolean>
}

/** A requirement that has been read and found in order. */
export interface Demand<C extends object> {
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly check: Requirement<C>['check']
}

/** `scope-token` of RFC 6749 §3.3: printable ASCII without space, quote and backslash, so it needs no escaping. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Reads a requirement when the route is made, so that a misspelt one never becomes a route that asks for nothing. */
export function readRequirement<C extends object>(owner: string, requirement: Requirement<C> = {}): Demand<C> {
  checkOptionNames(owner, requirement, ['scope', 'role', 'check'])
  const { scope, role, check } = requirement
  const scopes = scope === undefined ? [] : checkNames(owner, 'scope', scope)
  if (!scopes.every((name) => SCOPE_TOKEN.test(name))) {
    throw new TypeError(`${owner}: a scope is printable ASCII without space, quote and backslash, one name each`)
  }
  const roles = role === undefined ? [] : checkNames(owner, 'role', role)
  checkFunction(owner, 'check', check)
  return Object.freeze({ scopes, roles, check })
}

/** The first part of the demand that the caller does not meet, or undefined. */
export async function unmet<C extends object>(
  { scopes, roles, check }: Demand<C>,
  auth: Auth<C>,
): Promise<Refusal<VerifierErrorCode> | undefined> {
  if (!scopes.every((scope) => auth.scopes.has(scope))) return refusalOf('scope_insufficient')
  if (!roles.every((role) => auth.roles.has(role))) return refusalOf('role_insufficient')
  // `true` and nothing that merely looks like it: a check that forgot its `return`, or answers with a row, refuses.
  if (check !== undefined && (await check(auth)) !== true) return refusalOf('check_refused')
  return undefined
}
