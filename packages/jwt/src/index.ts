export { decode, type UnverifiedJwt } from './decode.ts'
export {
  JwtError,
  type JwtErrorCode,
  type JwtErrorDetails,
  type JwtSignErrorCode,
  type JwtVerifyErrorCode,
} from './errors.ts'
export { exportJwk, exportJwkSet, exportPem, exportPrivateJwk, exportPrivatePem, exportSecret } from './export-keys.ts'
export {
  type ImportOptions,
  importSecret,
  importSigningKey,
  importVerificationKey,
  type SecretMaterial,
} from './import-keys.ts'
export { createJwkSet, type JwkSet, type JwkSetOptions } from './jwk-set.ts'
export type { KeyMaterial } from './key-material.ts'
export {
  generateSecret,
  generateSigningKey,
  type HasPublicHalf,
  type Secret,
  type SigningKey,
  type VerificationKey,
} from './keys.ts'
export type { Finding, LintCode } from './payload-rules.ts'
export type { Refusal } from './refusals.ts'
export { createRemoteJwkSet, type RemoteJwkSet, type RemoteJwkSetOptions } from './remote-jwk-set.ts'
export {
  type AsyncJwtSigner,
  type ClaimsToSign,
  createAsyncSigner,
  createSigner,
  type ExternalKey,
  type JwtSigner,
  type Lifetime,
  type SignerOptions,
} from './sign.ts'
export { thumbprint } from './thumbprint.ts'
export type {
  Algorithm,
  AsymmetricAlgorithm,
  HmacAlgorithm,
  JsonObject,
  JsonValue,
  Jwk,
  JwkSetJson,
  JwtHeader,
  Names,
  RegisteredClaims,
  RequiredClaims,
  RsaAlgorithm,
  SchemaIssue,
  SchemaResult,
  StandardSchema,
  UnknownClaims,
} from './types.ts'
export { type LenientVerifierOptions, type LocalKeys, unchecked, type VerifierOptions } from './verifier-options.ts'
export {
  type AsyncJwtVerifier,
  createAsyncVerifier,
  createLenientVerifier,
  createVerifier,
  type JwtVerifier,
  type LenientJwt,
  type LenientVerifier,
  type VerifiedJwt,
} from './verify.ts'
