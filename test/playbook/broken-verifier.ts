import { createHmac, createPublicKey, type JsonWebKey, type KeyObject, verify as nodeVerify } from 'node:crypto'
import { AUDIENCE, ISSUER, NOW, type Owner } from './forge.ts'

/*
 * A verifier with the faults of ten years, broken on purpose: it takes "alg" from the token, trusts the key in the
 * header, ignores "crit", reads lenient base64, compares claims with ==, and checks only what is there. The playbook
 * must find it.
 */

/** Whether this verifier accepts the token. It may also throw anything. */
export function brokenVerify(token: unknown, owner: Owner): boolean {
  const parts = String(token).trim().split('.')
  const [encodedHeader = '', encodedPayload = '', encodedSignature = ''] = parts
  const header = JSON.parse(Buffer.from(encodedHeader, 'base64url').toString())
  const claims = JSON.parse(Buffer.from(encodedPayload, 'base64url').toString())
  const signature = Buffer.from(encodedSignature, 'base64url')
  const input = `${encodedHeader}.${encodedPayload}`

  const alg = String(header.alg).trim().toUpperCase()
  const key: KeyObject | undefined = header.jwk
    ? createPublicKey({ key: header.jwk as JsonWebKey, format: 'jwk' })
    : owner.publicKey
  if (alg !== 'NONE' && !signatureFits(alg, key, owner, input, signature)) return false

  // biome-ignore-start lint/suspicious/noDoubleEquals: the fault is the point
  if (claims.iss && claims.iss != ISSUER) return false
  if (claims.aud && claims.aud != AUDIENCE && !String(claims.aud).includes(AUDIENCE)) return false
  // biome-ignore-end lint/suspicious/noDoubleEquals: the fault is the point
  if (claims.exp && claims.exp < NOW) return false
  return !(claims.nbf && claims.nbf > NOW)
}

function signatureFits(
  alg: string,
  key: KeyObject | undefined,
  owner: Owner,
  input: string,
  signature: Buffer,
): boolean {
  const hash = `sha${alg.slice(2)}`
  if (alg.startsWith('HS')) {
    const secret = owner.secret ?? String(key?.export({ type: 'spki', format: 'pem' }))
    const mac = createHmac(hash, secret).update(input).digest()
    return mac.subarray(0, signature.length).equals(signature) && signature.length > 0
  }
  if (key === undefined) return false
  const data = Buffer.from(input)
  if (alg.startsWith('ES')) {
    return (['ieee-p1363', 'der'] as const).some((dsaEncoding) =>
      nodeVerify(hash, data, { key, dsaEncoding }, signature),
    )
  }
  return nodeVerify(alg === 'EDDSA' ? null : hash, data, key, signature)
}
