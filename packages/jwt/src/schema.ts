import { isJsonObject } from './json.ts'
import type { SchemaIssue, StandardSchema, UnknownClaims } from './types.ts'

/** The claims that RFC 7519 §4.1 registers: the checks have looked at them, so a schema cannot change them. */
const REGISTERED_CLAIMS = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'] as const

/** The claims as the schema gives them, or what it found wrong. */
export type SchemaOutcome =
  | { readonly claims: UnknownClaims; readonly issues?: undefined }
  | { readonly claims?: undefined; readonly issues: readonly SchemaIssue[] }

/** Reads the option `claims`: a Standard Schema of version 1, or nothing. */
export function checkSchema(owner: string, schema: unknown): StandardSchema<unknown, object> | undefined {
  if (schema === undefined) return undefined
  const isAny = (typeof schema === 'object' && schema !== null) || typeof schema === 'function'
  const standard: unknown = isAny && '~standard' in schema ? schema['~standard'] : undefined
  if (!isJsonObject(standard) || typeof standard.validate !== 'function' || standard.version !== 1) {
    throw new TypeError(`${owner}: "claims" must be a schema by the Standard Schema specification, version 1`)
  }
  return schema as StandardSchema<unknown, object>
}

/**
 * Asks the schema, which must answer at once: an answer that is awaited later would let the token in now. A schema that
 * throws, or waits, is a mistake of the program and not of the token.
 */
export function applySchema(schema: StandardSchema<unknown, object>, payload: UnknownClaims): SchemaOutcome {
  const result = schema['~standard'].validate(payload)
  if (result instanceof Promise) throw new TypeError('the claims schema must answer synchronously')
  if (result.issues !== undefined) return { issues: result.issues.map(copyIssue) }
  if (!isJsonObject(result.value)) throw new TypeError('the claims schema must give an object')

  const registered = REGISTERED_CLAIMS.filter((name) => Object.hasOwn(payload, name))
  return { claims: { ...result.value, ...Object.fromEntries(registered.map((name) => [name, payload[name]])) } }
}

/** The message and the path, and not the received value, which some libraries add. */
function copyIssue(issue: SchemaIssue): SchemaIssue {
  return issue.path === undefined ? { message: issue.message } : { message: issue.message, path: [...issue.path] }
}
