import { type Alg, attach, CLAIMS, forge, genuine, headerOf, hs256, inputOf, OWNERS, partsOf, rs512 } from '../forge.ts'
import { type AttackCase, attack, each, macHeader, named } from './attack.ts'

const { PS256, EdDSA } = OWNERS

const NONE = ['none', 'None', 'NONE', 'nOnE', ' none', 'none ', 'none\0', 'none\n', 'ｎｏｎｅ']
const noneHeaders: readonly (object | string)[] = [
  ...NONE.map((alg) => headerOf(alg)),
  '{"alg":"n\\u006fne","typ":"at+jwt"}',
]
const STRANGE = [
  null,
  0,
  1,
  true,
  [],
  ['HS256'],
  [['HS256']],
  {},
  { alg: 'HS256' },
  '',
  'toString',
  'constructor',
  '__proto__',
  'hasOwnProperty',
]
const UNKNOWN = ['HS257', 'HS1', 'RS1', 'MD5', 'sha256', 'foo']

/** A: "alg". */
export function algCases(): AttackCase[] {
  const unsigned = (header: object | string): string => `${inputOf(header, CLAIMS)}.`
  const leftOver = (alg: Alg): string => partsOf(genuine(OWNERS[alg])).signature.toString('base64url')
  return [
    ...(['HS256', 'RS256', 'ES256'] as const).flatMap((alg) => [
      attack('A01', `"none" in ten spellings against ${alg}`, alg, each(noneHeaders, unsigned)),
      attack(
        'A02',
        `"none" without a list of algorithms against ${alg}`,
        alg,
        each([...noneHeaders, headerOf(undefined)], unsigned),
      ),
      attack('A03', `"none" with a signature, two parts, an empty signature against ${alg}`, alg, {
        junk: attach(inputOf(headerOf('none'), CLAIMS), 'anVuaw'),
        'left over': attach(inputOf(headerOf('none'), CLAIMS), leftOver(alg)),
        'two parts': inputOf(headerOf('none'), CLAIMS),
        'two parts, own alg': inputOf(headerOf(alg), CLAIMS),
        'empty signature': attach(inputOf(headerOf(alg), CLAIMS), ''),
      }),
    ]),
    attack('A07', '"alg" is no text, or the name of a method', 'HS256', {
      ...each(STRANGE, (alg) => macHeader(headerOf(alg))),
      absent: macHeader({ typ: 'at+jwt' }),
      ...named(STRANGE.map((alg) => [`unsigned ${JSON.stringify(alg)}`, unsigned(headerOf(alg))])),
    }),
    attack('A08', 'unknown algorithms', 'HS256', {
      ...each(UNKNOWN, (alg) => macHeader(headerOf(alg))),
      ...named(UNKNOWN.map((alg) => [`unsigned ${alg}`, unsigned(headerOf(alg))])),
      ...named(UNKNOWN.map((alg) => [`empty key ${alg}`, forge(headerOf(alg), CLAIMS, hs256(''))])),
    }),
    attack(
      'A09',
      'another case, or blanks',
      'HS256',
      each(['hs256', 'Hs256', 'HS256 ', 'HS256\0', ' HS256'], (alg) => macHeader(headerOf(alg))),
    ),
    attack('A11', 'RS512 and PS256 for RS256', 'RS256', {
      RS512: forge(headerOf('RS512'), CLAIMS, rs512),
      PS256: forge(headerOf('PS256'), CLAIMS, PS256.sign),
    }),
    attack('A11', 'HS512 for HS256', 'HS256', { HS512: forge(headerOf('HS512'), CLAIMS, OWNERS.HS512.sign) }),
    attack('A11', 'EdDSA for ES256', 'ES256', { EdDSA: forge(headerOf('EdDSA'), CLAIMS, EdDSA.sign) }),
  ]
}
