import { createHash, generateKeyPairSync, sign as nodeSign, randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import {
  type Alg,
  attach,
  b64,
  bytesOf,
  CLAIMS,
  certificate,
  der,
  ED25519_ORDER,
  forge,
  fromLittleEndian,
  genuine,
  headerOf,
  hs256,
  hs512,
  inputOf,
  littleEndian,
  modulus,
  NOW,
  OWNERS,
  P256_ORDER,
  partsOf,
  pkcs1Pem,
  rs512,
  rsaRaw,
  spkiPem,
  sshText,
  toInteger,
} from './forge.ts'

/** One attack of the playbook in all its forms. Each form must be refused while the control is accepted. */
export interface AttackCase {
  readonly id: string
  readonly title: string
  readonly alg: Alg
  readonly control: unknown
  readonly forms: Readonly<Record<string, unknown>>
  /** Settings of the verifier beyond the usual ones. */
  readonly settings?: { readonly maxTokenAge?: number; readonly maxTokenLength?: number }
}

const ALGS: readonly Alg[] = ['HS256', 'RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']
const { HS256, RS256, PS256, ES256, EdDSA } = OWNERS
const named = (forms: readonly (readonly [string, unknown])[]): Record<string, unknown> => Object.fromEntries(forms)
const each = <T>(values: readonly T[], token: (value: T, index: number) => unknown): Record<string, unknown> =>
  named(
    values.map((value, index) => [
      `${index}: ${JSON.stringify(value) ?? String(value)}`.slice(0, 60),
      token(value, index),
    ]),
  )

function attack(
  id: string,
  title: string,
  alg: Alg,
  forms: AttackCase['forms'],
  more: Partial<AttackCase> = {},
): AttackCase {
  return { id, title, alg, control: genuine(OWNERS[alg]), forms, ...more }
}
/** A header or a payload of our own under a right MAC. */
const macHeader = (header: object | string | Buffer): string => forge(header, CLAIMS, HS256.sign)
const macPayload = (payload: object | string | Buffer): string => forge(headerOf('HS256'), payload, HS256.sign)
const macClaims = (claims: object): string => genuine(HS256, {}, claims)
/** A token without some of its claims. */
function macWithout(name: string): string {
  const rest = Object.entries(CLAIMS).filter(([claim]) => claim !== name)
  return macPayload(Object.fromEntries(rest))
}

// ---- A: "alg"

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

function algCases(): AttackCase[] {
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

// ---- B: keys and key confusion

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

function keyCases(): AttackCase[] {
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

// ---- C: the signature and the text of the token

function signatureCases(): AttackCase[] {
  const withSignature = (alg: Alg, change: (signature: Buffer) => Buffer | string): string => {
    const { input, signature } = partsOf(genuine(OWNERS[alg]))
    return attach(input, change(signature))
  }
  const toDer = (signature: Buffer): Buffer => {
    const half = signature.length / 2
    const integer = (bytes: Buffer): Buffer => {
      const value = bytesOf(toInteger(bytes))
      return der(0x02, (value[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), value]) : value)
    }
    return der(0x30, integer(signature.subarray(0, half)), integer(signature.subarray(half)))
  }
  const zero = Buffer.from([0])
  const halves = (signature: Buffer): [Buffer, Buffer] => [
    signature.subarray(0, signature.length / 2),
    signature.subarray(signature.length / 2),
  ]
  const edges = [0n, 1n, P256_ORDER - 1n, P256_ORDER, P256_ORDER + 1n, 2n ** 256n - 1n]
  const curves = [
    ['ES256', 64],
    ['ES384', 96],
    ['ES512', 132],
  ] as const
  const lengths: Record<string, (signature: Buffer) => Buffer> = {
    'zero behind': (s) => Buffer.concat([s, zero]),
    'zero in front': (s) => Buffer.concat([zero, s]),
    'one byte short': (s) => s.subarray(0, -1),
    half: (s) => halves(s)[0],
    twice: (s) => Buffer.concat([s, s]),
    'halves padded': (s) => Buffer.concat([zero, halves(s)[0], zero, halves(s)[1]]),
  }
  const changed = (alg: Alg, changes: Record<string, (signature: Buffer) => Buffer>): Record<string, unknown> =>
    named(Object.entries(changes).map(([label, change]) => [label, withSignature(alg, change)]))
  const size = 256
  const number = modulus()
  const digestInfo = (input: string): Buffer =>
    Buffer.concat([
      Buffer.from('3031300d060960864801650304020105000420', 'hex'),
      createHash('sha256').update(input).digest(),
    ])
  const padded = (build: (info: Buffer) => Buffer): string => {
    const input = inputOf(headerOf('RS256'), CLAIMS)
    return attach(input, rsaRaw(build(digestInfo(input))))
  }
  const block = (info: Buffer, padding: number, tail = 0): Buffer =>
    Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(padding, 255), zero, info, Buffer.alloc(tail, 0x61)])
  const good = size - 3 - 51

  return [
    ...curves.map(([alg, length]) =>
      attack('C01', `r = s = 0 for ${alg}`, alg, {
        raw: withSignature(alg, () => Buffer.alloc(length)),
        DER: withSignature(alg, () => Buffer.from('3006020100020100', 'hex')),
      }),
    ),
    attack(
      'C02',
      'r and s out of {0, 1, n-1, n, n+1, 2^256-1}',
      'ES256',
      named(
        edges.flatMap((r, i) =>
          edges.map(
            (s, j) =>
              [`${i},${j}`, withSignature('ES256', () => Buffer.concat([bytesOf(r, 32), bytesOf(s, 32)]))] as const,
          ),
        ),
      ),
    ),
    ...curves.map(([alg]) =>
      attack('C03', `a right signature in DER for ${alg}`, alg, { DER: withSignature(alg, toDer) }),
    ),
    ...curves.map(([alg]) => attack('C04', `lengths for ${alg}`, alg, changed(alg, lengths))),
    attack(
      'C06',
      'Ed25519 edges (RFC 8032 §5.1.7)',
      'EdDSA',
      changed('EdDSA', {
        'S + L': (s) =>
          Buffer.concat([
            s.subarray(0, 32),
            littleEndian((fromLittleEndian(s.subarray(32)) + ED25519_ORDER) % 2n ** 256n),
          ]),
        'top bits of S': (s) => Buffer.concat([s.subarray(0, 63), Buffer.from([(s[63] ?? 0) | 0xe0])]),
        zeros: () => Buffer.alloc(64),
        'identity, S = 0': () => Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]),
        '63 bytes': (s) => s.subarray(0, 63),
        '65 bytes': (s) => Buffer.concat([s, zero]),
      }),
    ),
    attack(
      'C07',
      'MAC cut or stretched',
      'HS256',
      changed('HS256', {
        ...Object.fromEntries([1, 8, 16, 31].map((bytes) => [`${bytes} bytes`, (s: Buffer) => s.subarray(0, bytes)])),
        'no bytes': () => Buffer.alloc(0),
        '33 bytes': (s) => Buffer.concat([s, zero]),
        twice: (s) => Buffer.concat([s, s]),
      }),
    ),
    attack(
      'C08',
      'RSA lengths and edges',
      'RS256',
      changed('RS256', {
        '00 before': (s) => Buffer.concat([zero, s]),
        '00 after': (s) => Buffer.concat([s, zero]),
        'one byte short': (s) => s.subarray(1),
        zeros: () => Buffer.alloc(size),
        one: () => bytesOf(1n, size),
        n: () => bytesOf(number, size),
        'n - 1': () => bytesOf(number - 1n, size),
        's + n': (s) => bytesOf(toInteger(s) + number),
      }),
    ),
    attack(
      'C09',
      'PKCS #1 v1.5 blocks with bad padding',
      'RS256',
      {
        'garbage behind the hash': padded((info) => block(info, good - 20, 20)),
        'short padding': padded((info) => block(info, 8, good - 8)),
        'wrong block type': padded((info) => Buffer.concat([Buffer.from([0, 2]), block(info, good).subarray(2)])),
        'no separator': padded((info) => Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(good + 1, 255), info])),
        'no digest info': padded((info) => block(info.subarray(19), good + 19)),
      },
      { control: padded((info) => block(info, good)) },
    ),
  ]
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The texts that a lenient decoder takes for the same bytes: other spare bits in the last character. */
function sameBytes(part: string): string[] {
  const last = DIGITS.indexOf(part.at(-1) ?? '')
  const spare = part.length % 4 === 2 ? 16 : part.length % 4 === 3 ? 4 : 1
  return Array.from({ length: spare - 1 }, (_, bits) => part.slice(0, -1) + DIGITS[last ^ (bits + 1)])
}

function textCases(): AttackCase[] {
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
const mutationCases = (): AttackCase[] =>
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

// ---- D: header and JSON

function headerCases(): AttackCase[] {
  const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = attacker.publicKey.export({ format: 'jwk' })
  const byAttacker = (input: string): Buffer =>
    nodeSign('sha256', Buffer.from(input), { key: attacker.privateKey, dsaEncoding: 'ieee-p1363' })
  const own = (text: string): string => `{"alg":"HS256","typ":"at+jwt",${text}}`
  const oct = randomBytes(32)
  const crit = (value: unknown, more: object = {}): string => macHeader(headerOf('HS256', { crit: value, ...more }))
  const raw = { alg: 'HS256', typ: 'at+jwt', b64: false, crit: ['b64'] }
  const rawInput = `${b64(JSON.stringify(raw))}.${JSON.stringify(CLAIMS).replaceAll('.', '')}`
  const jwe = `${b64('{"alg":"dir","enc":"A256GCM"}')}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA`
  return [
    attack(
      'D01',
      'the key in the header',
      'ES256',
      {
        jwk: forge(headerOf('ES256', { jwk }), CLAIMS, byAttacker),
        'jwk of the same kid': forge(headerOf('ES256', { jwk: { ...jwk, kid: 'k' }, kid: 'k' }), CLAIMS, byAttacker),
        x5c: forge(
          headerOf('ES256', { x5c: [certificate().replaceAll(/-----[A-Z ]+-----|\n/g, '')] }),
          CLAIMS,
          byAttacker,
        ),
        'oct jwk': forge(headerOf('HS256', { jwk: { kty: 'oct', k: b64(oct) } }), CLAIMS, hs256(oct)),
      },
      { control: genuine(ES256, { jwk }) },
    ),
    attack('D04', 'a critical extension', 'HS256', {
      unknown: crit(['x'], { x: 1 }),
      URL: crit(['https://example.com/ext'], { 'https://example.com/ext': true }),
      exp: crit(['exp'], { exp: NOW }),
    }),
    attack(
      'D05',
      'a malformed "crit"',
      'HS256',
      each([[], 'x', {}, true, [1], [''], [null], ['alg'], ['kid'], ['absent'], ['x', 'x']], (value) =>
        crit(value, { x: 1 }),
      ),
    ),
    attack(
      'D05b',
      'a "crit" that is not true',
      'HS256',
      each([null, 0, false, ''], (value) => crit(value)),
    ),
    attack('D06', '"b64" (RFC 7797)', 'HS256', {
      raw: attach(rawInput, HS256.sign(rawInput)),
      encoded: macHeader(raw),
      text: macHeader({ ...raw, b64: 'false' }),
    }),
    attack('D07', '"b64" without "crit"', 'HS256', { false: macHeader(headerOf('HS256', { b64: false })) }),
    attack(
      'D08',
      'a name twice in the header',
      'HS256',
      {
        alg: macHeader('{"alg":"none","typ":"at+jwt","alg":"HS256"}'),
        kid: macHeader(own('"kid":"a","kid":"b"')),
        escaped: macHeader(own('"kid":"a","k\\u0069d":"b"')),
        nested: macHeader(own('"x":{"a":1,"a":2}')),
        'in a list': macHeader(own('"x":[{"a":"}","a":2}]')),
      },
      { control: macHeader(own('"kid":"a","x":[{"a":":{"},{"a":"a"}],"y":"kid"')) },
    ),
    attack(
      'D12',
      'a header that is no object',
      'HS256',
      each(
        [
          '[]',
          '"alg"',
          '1',
          'null',
          'true',
          '{',
          '{"alg":"HS256"',
          '{"alg":"HS256"/**/}',
          "{'alg':'HS256'}",
          '{"alg":"HS256"}x',
          '[{"alg":"HS256"}]',
        ],
        macHeader,
      ),
    ),
    attack(
      'D13',
      'a payload that is no object',
      'HS256',
      each(['[]', '["sub"]', '"alice"', '1', 'null', 'true', '{', `[${JSON.stringify(CLAIMS)}]`], macPayload),
    ),
    attack(
      'D14',
      'invalid UTF-8',
      'HS256',
      {
        header: macHeader(
          Buffer.concat([Buffer.from('{"alg":"HS256","typ":"at+jwt","x":"'), Buffer.from([0xff]), Buffer.from('"}')]),
        ),
        ...each([[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf5, 0x80, 0x80, 0x80]], (bytes) =>
          macPayload(
            Buffer.concat([
              Buffer.from(`${JSON.stringify(CLAIMS).slice(0, -1)},"n":"`),
              Buffer.from(bytes),
              Buffer.from('"}'),
            ]),
          ),
        ),
      },
      { control: macPayload(Buffer.from(`${JSON.stringify(CLAIMS).slice(0, -1)},"n":"ü€😀"}`)) },
    ),
    attack('D15', 'a byte order mark', 'HS256', {
      header: macHeader(`\uFEFF${JSON.stringify(headerOf('HS256'))}`),
      payload: macPayload(`\uFEFF${JSON.stringify(CLAIMS)}`),
    }),
    attack('D16', 'another kind of token', 'HS256', {
      ...each(
        ['JWT', 'dpop+jwt', 'id+jwt', '', ['at+jwt'], null, 1, 'at+jwt ', 'application/application/at+jwt'],
        (typ) => macHeader({ alg: 'HS256', typ }),
      ),
      absent: macHeader({ alg: 'HS256' }),
    }),
    attack(
      'D16',
      'other spellings of the same kind are fine',
      'HS256',
      { JWT: macHeader({ alg: 'HS256', typ: 'JWT' }) },
      { control: macHeader({ alg: 'HS256', typ: 'application/AT+JWT' }) },
    ),
    attack('D17', 'an id token and a logout token are no access tokens', 'HS256', {
      'id token': forge({ alg: 'HS256', typ: 'JWT' }, { ...CLAIMS, nonce: 'n', auth_time: NOW }, HS256.sign),
      'logout token': forge({ alg: 'HS256', typ: 'logout+jwt' }, { ...CLAIMS, events: {} }, HS256.sign),
    }),
    attack('D18', 'a compressed payload', 'HS256', {
      zip: forge(headerOf('HS256', { zip: 'DEF' }), deflateRawSync(JSON.stringify(CLAIMS)), HS256.sign),
    }),
    attack('D19', 'a JWE', 'HS256', {
      compact: jwe,
      'around an unsigned JWT': `${b64('{"alg":"dir","enc":"A256GCM","cty":"JWT"}')}..${b64(Buffer.alloc(12))}.${b64(`${inputOf(headerOf('none'), CLAIMS)}.`)}.${b64(Buffer.alloc(16))}`,
    }),
  ]
}

// ---- E: claims

function claimCases(): AttackCase[] {
  const wrongTimes = ['9999999999', '', null, true, [], [9_999_999_999], {}, '2030-01-01']
  const inPayload = (name: string, text: string): string =>
    macPayload(JSON.stringify(CLAIMS).replace(`"${name}":${CLAIMS[name as 'exp']}`, `"${name}":${text}`))
  const slashed = `${CLAIMS.iss}/`
  return [
    attack(
      'E01',
      '"exp" is no number',
      'HS256',
      each(wrongTimes, (exp) => macClaims({ exp })),
    ),
    attack(
      'E02',
      'expired',
      'HS256',
      each([NOW - 1, 0, -1, -0, NOW - 0.5, -1e10], (exp) => macClaims({ exp })),
      { control: macClaims({ exp: NOW + 0.5 }) },
    ),
    attack(
      'E03',
      '"exp" beyond every clock',
      'HS256',
      each(['1e400', '1e308', '9007199254740993', '-1e400', '1e17'], (text) => inPayload('exp', text)),
      { control: inPayload('exp', '9007199254740991') },
    ),
    attack('E04', '"exp" is now', 'HS256', { now: macClaims({ exp: NOW }) }, { control: macClaims({ exp: NOW + 1 }) }),
    attack('E05', 'no "exp"', 'HS256', { absent: macWithout('exp') }),
    attack(
      'E06',
      '"nbf" malformed or ahead',
      'HS256',
      each([...wrongTimes, NOW + 1, NOW + 1e6], (nbf) => macClaims({ nbf })),
      { control: macClaims({ nbf: NOW }) },
    ),
    attack(
      'E07',
      '"iat" far ahead or malformed',
      'HS256',
      each([...wrongTimes, NOW + 31, NOW + 1e9], (iat) => macClaims({ iat })),
      { control: macClaims({ iat: NOW + 30 }) },
    ),
    attack(
      'E08',
      'older than the greatest age',
      'HS256',
      {
        absent: macWithout('iat'),
        text: macClaims({ iat: `${NOW}` }),
        future: macClaims({ iat: NOW + 100 }),
        old: macClaims({ iat: NOW - 61 }),
        null: macClaims({ iat: null }),
      },
      {
        settings: { maxTokenAge: 60 },
        control: macClaims({ iat: NOW - 60 }),
      },
    ),
    attack(
      'E09',
      '"aud" is not ours',
      'HS256',
      {
        ...each(
          [
            '',
            [],
            {},
            null,
            1,
            [[CLAIMS.aud]],
            CLAIMS.aud.slice(0, -1),
            `${CLAIMS.aud}/`,
            CLAIMS.aud.toUpperCase(),
            { 0: CLAIMS.aud },
            [CLAIMS.aud, 1],
            ['other'],
            CLAIMS.aud.slice(8),
            true,
          ],
          (aud) => macClaims({ aud }),
        ),
        absent: macWithout('aud'),
      },
      { control: macClaims({ aud: ['other', CLAIMS.aud] }) },
    ),
    attack('E10', '"iss" is not ours', 'HS256', {
      ...each(
        [[CLAIMS.iss], CLAIMS.iss.slice(0, -1), slashed, CLAIMS.iss.toUpperCase(), {}, null, 1, `x${CLAIMS.iss}`, ''],
        (iss) => macClaims({ iss }),
      ),
      absent: macWithout('iss'),
    }),
    attack('E11', '"sub" is absent', 'HS256', { absent: macWithout('sub') }),
    attack(
      'E16',
      '"sub", "jti" and "iss" are no text',
      'HS256',
      named(
        ['sub', 'jti', 'iss'].flatMap((name) =>
          [1, {}, ['alice'], true].map(
            (value) => [`${name} ${JSON.stringify(value)}`, macClaims({ [name]: value })] as const,
          ),
        ),
      ),
    ),
    attack(
      'E17',
      'a required claim is null',
      'HS256',
      each(['iss', 'sub', 'aud', 'exp'], (name) => macClaims({ [name]: null })),
    ),
  ]
}

/** Every attack on a single token, in the order of the playbook. */
export const CASES: readonly AttackCase[] = [
  ...algCases(),
  ...keyCases(),
  ...signatureCases(),
  ...textCases(),
  ...mutationCases(),
  ...headerCases(),
  ...claimCases(),
]

/** The tokens of their owners, by algorithm. */
export const GENUINE: readonly (readonly [Alg, string])[] = ALGS.map((alg) => [alg, genuine(OWNERS[alg])])
