import { generateKeyPairSync, sign as nodeSign, randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { attach, b64, CLAIMS, certificate, forge, genuine, headerOf, hs256, inputOf, NOW, OWNERS } from '../forge.ts'
import { type AttackCase, attack, each, macHeader, macPayload } from './attack.ts'

const { HS256, ES256 } = OWNERS

/** D: header and JSON. */
export function headerCases(): AttackCase[] {
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
