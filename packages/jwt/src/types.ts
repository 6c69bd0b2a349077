/** The algorithms of HMAC with SHA-2 (RFC 7518 §3.2). Who verifies with them can also sign. */
export type HmacAlgorithm = 'HS256' | 'HS384' | 'HS512'
/** The RSA algorithms: PKCS #1 v1.5 (RFC 7518 §3.3) and PSS (RFC 7518 §3.5). */
export type RsaAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512'
/** The algorithms with a public half. `Ed25519` (RFC 9864) counts as equal to `EdDSA`, which is what is written. */
export type AsymmetricAlgorithm = RsaAlgorithm | 'ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'Ed25519'
/** Every algorithm of this library. There is none for an unsigned token. */
export type Algorithm = HmacAlgorithm | AsymmetricAlgorithm

/** One name, or several but never none. */
export type Names = string | readonly [string, ...string[]]

/** A JSON Web Key (RFC 7517). */
export interface Jwk {
  readonly kty: string
  readonly [member: string]: unknown
}

/** A JWK Set (RFC 7517 §5) as it travels. */
export interface JwkSetJson {
  readonly keys: readonly Jwk[]
}

/** What JSON can say: no Date, no function, no NaN. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
/** A JSON object. A member that is `undefined` is left out. */
export type JsonObject = { readonly [name: string]: JsonValue | undefined }

/** Claims of which nothing is known beyond their names. */
export type UnknownClaims = { readonly [claim: string]: unknown }

/** The registered claims (RFC 7519 §4.1). Times are seconds since the epoch. */
export interface RegisteredClaims {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly exp?: number
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
}

/** The claims that every verified token has. An access token (`at+jwt`) has a subject too (RFC 9068 §2.2). */
export type RequiredClaims<T extends string> = {
  readonly iss: string
  readonly aud: string | readonly string[]
  readonly exp: number
} & (T extends 'at+jwt' ? { readonly sub: string } : unknown)

/** One fault that a claims schema found. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** A schema by the Standard Schema specification, version 1 (zod, valibot, arktype and others). */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema answers: a value, or what it found wrong. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** A JOSE header as it is handed to callers. */
export interface JwtHeader {
  readonly alg: Algorithm
  readonly kid?: string
  readonly [name: string]: unknown
}
