import { generateKeyPairSync, sign as nodeSign, randomBytes } from 'node:crypto'
import {
  bytesOf,
  CLAIMS,
  certificate,
  forge,
  headerOf,
  hs256,
  hs512,
  modulus,
  OWNERS,
  pkcs1Pem,
  spkiPem,
  sshText,
} from '../forge.ts'
import { type AttackCase, attack, named } from './attack.ts'

const { HS256, RS256, PS256, ES256, EdDSA } = OWNERS

const FRONTS = [
  ' ',
  '\n',
  '\t',
  '\uFEFF',
  '\u00A0',
  '\u200B',
  '"',
  "'",
  '\0',
  '# comment\n',
  'Bag Attributes\n    friendlyName: key\n',
]

/** B: keys and key confusion. */
export function keyCases(): AttackCase[] {
  const hmacBy = (keys: readonly (string | Buffer)[]): Record<string, unknown> =>
    named(keys.map((key, index) => [`key ${index}`, forge(headerOf('HS256'), CLAIMS, hs256(key))]))
  const shapes = (pem: string): string[] => [
    pem,
    pem.trim(),
    pem.replaceAll('\n', '\r\n'),
    `${pem}\n`,
    pem.replaceAll('\n', ''),
    pem.replaceAll(/-----[A-Z ]+-----|\n/g, ''),
  ]
  const n = bytesOf(modulus())
  const jwk = JSON.stringify(RS256.publicKey?.export({ format: 'jwk' }))
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const otherEc = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return [
    attack('B01', 'HMAC by the PEM of the RSA key', 'RS256', hmacBy(shapes(spkiPem(RS256)))),
    attack('B02', 'HMAC by the PKCS #1 PEM', 'RS256', hmacBy(shapes(pkcs1Pem()))),
    attack(
      'B03',
      'HMAC by a PEM with something in front',
      'RS256',
      hmacBy(FRONTS.flatMap((front) => [front + spkiPem(RS256), front + pkcs1Pem()])),
    ),
    attack('B04', 'HMAC by the certificate', 'RS256', hmacBy(shapes(certificate()))),
    attack('B05', 'HMAC by the PEM of the EC key', 'ES256', hmacBy(shapes(spkiPem(ES256)))),
    attack('B05', 'HMAC by the PEM of the Ed25519 key', 'EdDSA', hmacBy(shapes(spkiPem(EdDSA)))),
    attack('B06', 'HMAC by the OpenSSH text', 'RS256', hmacBy([sshText(), `${sshText()} user@host`, ` ${sshText()}`])),
    attack('B07', 'HMAC by the JWK as text', 'RS256', hmacBy([jwk, ` ${jwk}`, `{"keys":[${jwk}]}`])),
    attack(
      'B09',
      'HMAC by the PEM and by the bytes of n',
      'RS256',
      hmacBy([spkiPem(RS256), n, Buffer.concat([Buffer.from([0]), n]), n.toString('base64url')]),
    ),
    attack('B10', 'an HS256 header where the key is public', 'ES256', hmacBy([spkiPem(ES256), ''])),
    attack('B11', 'HMAC by nothing', 'HS256', hmacBy(['', '\0', 'undefined', 'null', '{}', '[object Object]'])),
    attack('B14', 'a PSS signature under the name RS256, and the reverse', 'RS256', {
      PSS: forge(headerOf('RS256'), CLAIMS, PS256.sign),
    }),
    attack('B14', 'a PKCS #1 signature under the name PS256', 'PS256', {
      'PKCS #1': forge(headerOf('PS256'), CLAIMS, RS256.sign),
    }),
    attack('B21', 'another key of the same kind', 'RS256', {
      RSA: forge(headerOf('RS256'), CLAIMS, (input) => nodeSign('sha256', Buffer.from(input), other.privateKey)),
    }),
    attack('B21', 'another key of the same kind', 'ES256', {
      EC: forge(headerOf('ES256'), CLAIMS, (input) =>
        nodeSign('sha256', Buffer.from(input), { key: otherEc.privateKey, dsaEncoding: 'ieee-p1363' }),
      ),
    }),
    attack('B21', 'another secret', 'HS256', {
      HMAC: forge(headerOf('HS256'), CLAIMS, hs256(randomBytes(64))),
      longer: forge(headerOf('HS256'), CLAIMS, hs512(HS256.secret ?? '')),
    }),
  ]
}
