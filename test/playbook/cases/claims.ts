import { CLAIMS, NOW } from '../forge.ts'
import { type AttackCase, attack, each, macClaims, macPayload, macWithout, named } from './attack.ts'

/** E: claims. */
export function claimCases(): AttackCase[] {
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
