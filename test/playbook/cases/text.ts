import { attach, b64, CLAIMS, genuine, headerOf, OWNERS, partsOf } from '../forge.ts'
import { type AttackCase, attack, each, named } from './attack.ts'

const { HS256 } = OWNERS

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The texts that a lenient decoder takes for the same bytes: other spare bits in the last character. */
function sameBytes(part: string): string[] {
  const last = DIGITS.indexOf(part.at(-1) ?? '')
  const spare = part.length % 4 === 2 ? 16 : part.length % 4 === 3 ? 4 : 1
  return Array.from({ length: spare - 1 }, (_, bits) => part.slice(0, -1) + DIGITS[last ^ (bits + 1)])
}

/** C: the text of the token. */
export function textCases(): AttackCase[] {
  const inserted = ['=', '==', '+', '/', ' ', '\n', '\t', '?', '\0', 'ü', '=QUJD', '%3D']
  const macText = (input: string): string => attach(input, HS256.sign(input))
  const [header, payload] = [b64(JSON.stringify(headerOf('HS256'))), b64(JSON.stringify(CLAIMS))]
  const token = genuine(HS256)
  const parts = partsOf(token)
  const strange = [' ', '####', '=', '\n', '?', '\0']
  const places = (part: string): string[] =>
    strange.flatMap((text) => [text + part, part.slice(0, 4) + text + part.slice(4), part + text])
  return [
    ...(['HS256', 'ES256', 'EdDSA'] as const).map((alg) => {
      const own = partsOf(genuine(OWNERS[alg]))
      return attack(
        'C10',
        `spare bits of the last character for ${alg}`,
        alg,
        each(sameBytes(b64(own.signature)), (signature) => attach(own.input, signature)),
        {
          control: attach(own.input, own.signature),
        },
      )
    }),
    attack('C11', 'foreign characters in the signature', 'HS256', {
      ...each(inserted, (text) => attach(parts.input, b64(parts.signature) + text)),
      ...named(
        inserted.map((text) => [
          `inside ${JSON.stringify(text)}`,
          attach(parts.input, `${b64(parts.signature).slice(0, 9)}${text}${b64(parts.signature).slice(9)}`),
        ]),
      ),
      base64: attach(parts.input, Buffer.concat([parts.signature]).toString('base64')),
    }),
    attack(
      'C12',
      'foreign characters in header or payload under a right MAC',
      'HS256',
      {
        ...each(places(header), (text) => macText(`${text}.${payload}`)),
        ...named(places(payload).map((text, index) => [`payload ${index}`, macText(`${header}.${text}`)])),
      },
      { control: macText(`${header}.${payload}`) },
    ),
    attack(
      'C13',
      'text around the token',
      'HS256',
      {
        ...each([' ', '\n', '\0', '\uFEFF', 'Bearer ', '"', '#'], (text) => text + token),
        ...named(
          [' ', '\n', '\0', '\uFEFF', '"', '#', '.', '.x', `,${token}`].map((text) => [
            `behind ${JSON.stringify(text).slice(0, 8)}`,
            token + text,
          ]),
        ),
      },
      { control: token },
    ),
    attack(
      'C14',
      'not a text',
      'HS256',
      {
        object: { token },
        parts: token.split('.'),
        number: 1,
        undefined: undefined,
        null: null,
        true: true,
        bytes: Buffer.from(token),
        'JSON text': JSON.stringify({
          protected: parts.header,
          payload: parts.payload,
          signature: b64(parts.signature),
        }),
        'JSON serialization': { protected: parts.header, payload: parts.payload, signature: b64(parts.signature) },
        boxed: Object(token),
        'false split': { length: token.length, split: () => token.split('.'), indexOf: () => 1, toString: () => token },
        both: `{"protected":"${parts.header}","payload":"","signature":"${token}"}`,
      },
      { control: token },
    ),
    attack('C16', 'parts of two tokens, empty parts', 'HS256', {
      'other payload': attach(`${header}.${b64(JSON.stringify({ ...CLAIMS, sub: 'admin' }))}`, parts.signature),
      'empty payload': macText(`${header}.`),
      'empty header': macText(`.${payload}`),
      dots: '..',
      'one dot': '.',
      nothing: '',
    }),
  ]
}

/** Every single-character change. A change of spare bits counts too. */
export function mutations(token: string): string[] {
  return Array.from({ length: token.length }, (_, at) => {
    const old = token[at] ?? ''
    const replacement = old === 'A' ? 'B' : 'A'
    return token.slice(0, at) + replacement + token.slice(at + 1)
  })
}
export const mutationCases = (): AttackCase[] =>
  (['HS256', 'ES256', 'EdDSA'] as const).map((alg) => {
    const token = genuine(OWNERS[alg])
    return attack(
      'C15',
      `every single-character change for ${alg}`,
      alg,
      each(mutations(token), (text) => text),
      { control: token },
    )
  })
