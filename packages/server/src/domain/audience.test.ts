import { expect, test } from 'vitest'
import { audienceClaim, grantAudience, narrowAudience } from './audience.ts'

const ISSUER = 'https://auth.example'
const policy = { issuer: ISSUER, audiences: ['https://api.example', 'https://files.example'] }

test.each([
  [undefined, false, ['https://api.example']],
  ['https://files.example', false, ['https://files.example']],
  [['https://files.example', 'https://api.example'], false, ['https://files.example', 'https://api.example']],
  [['https://api.example', 'https://api.example'], false, ['https://api.example']],
  ['https://other.example', false, undefined],
  [['https://api.example', 'https://other.example'], false, undefined],
  ['https://api.example/', false, undefined],
  ['', false, undefined],
  [[], false, undefined],
  [ISSUER, false, undefined],
  [undefined, true, [ISSUER]],
  [ISSUER, true, [ISSUER]],
  [[ISSUER], true, [ISSUER]],
  ['https://api.example', true, undefined],
  [[ISSUER, 'https://api.example'], true, undefined],
  [[], true, undefined],
])('a log-in that asks for %j, with admin %s, gets %j', (requested, admin, granted) => {
  expect(grantAudience(requested, admin, policy)).toEqual(granted)
})

test('the issuer is an audience of its own where it is listed', () => {
  expect(grantAudience(ISSUER, false, { issuer: ISSUER, audiences: [ISSUER] })).toEqual([ISSUER])
})

test.each([
  [undefined, ['a', 'b'], ['a', 'b']],
  ['b', ['a', 'b'], ['b']],
  [
    ['b', 'a'],
    ['a', 'b'],
    ['b', 'a'],
  ],
  ['c', ['a', 'b'], undefined],
  [[], ['a', 'b'], undefined],
])('S-R08 a refresh that asks for %j of %j gets %j', (requested, session, granted) => {
  expect(narrowAudience(requested, session)).toEqual(granted)
})

test('RFC 7519 §4.1.3 one audience is a text', () => {
  expect(audienceClaim(['a'])).toBe('a')
  expect(audienceClaim(['a', 'b'])).toEqual(['a', 'b'])
})
