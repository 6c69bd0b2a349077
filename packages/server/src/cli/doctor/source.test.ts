import { describe, expect, test } from 'vitest'
import { scanText } from './source.ts'

const found = (line: string): readonly string[] => scanText(line).map(({ check }) => check)
const BEGIN = '-----BEGIN'

describe('a mistake is found, and what looks like it is not', () => {
  test.each<readonly [check: string, bad: readonly string[], good: readonly string[]]>([
    [
      'token in web storage',
      [
        "localStorage.setItem('token', t)",
        'sessionStorage.setItem("my.access_token", t)',
        'window.localStorage.setItem(`auth`, t)',
        "localStorage['jwt'] = t",
        'localStorage.accessToken = t',
      ],
      ["localStorage.setItem('theme', t)", "localStorage.removeItem('token')", "localStorage['theme'] = x"],
    ],
    ['token in a script cookie', ["document.cookie = 'token=' + t"], ["document.cookie = 'theme=dark'"]],
    [
      'private key in the source',
      [`${BEGIN} PRIVATE KEY-----`, `${BEGIN} EC PRIVATE KEY-----`],
      [`${BEGIN} PUBLIC KEY-----`],
    ],
    [
      'secret in the source',
      [
        "const JWT_SECRET = 'correcthorse'",
        'clientSecret: "correcthorse"',
        "jwt.sign({ sub }, 'hunter2')",
        `const t = '${'csn_rt_'}${'a1'.repeat(20)}'`,
      ],
      [
        'const JWT_SECRET = process.env.JWT_SECRET',
        "clientSecret: ''",
        'jwt.sign({ sub }, secret)',
        "const label = 'secret question'",
      ],
    ],
    [
      'token in the source',
      [`const t = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.abcdefghijklmnop'`],
      ["const t = 'eyJ'"],
    ],
    [
      'secret given to the browser',
      ['VITE_JWT_SECRET=x', 'process.env.NEXT_PUBLIC_API_PASSWORD'],
      ['JWT_SECRET=x', 'VITE_API_URL=x'],
    ],
    [
      'issuer and audience unchecked',
      ['jwt.verify(token, key)', 'await jwtVerify(token, keys)', 'audience: unchecked,'],
      ['jwt.verify(token, key, { issuer, audience })', 'jwtVerify(token, keys, expected)', 'verifier.verify(token)'],
    ],
    ['expiry unchecked', ['ignoreExpiration: true', 'allowNoExpiry: true'], ['ignoreExpiration: false']],
    ['unsigned tokens taken', ["algorithms: ['none']", 'algorithm: "none"'], ["algorithms: ['ES256']"]],
    ['token in an address', ["fetch('/x?access_token=' + t)"], ["fetch('/x?page=' + n)"]],
  ])('%s', (check, bad, good) => {
    for (const line of bad) expect(found(line), line).toContain(check)
    for (const line of good) expect(found(line), line).toEqual([])
  })
})

test('a finding names its line and does not repeat it', () => {
  const secret = 'correcthorse'
  const findings = scanText(`a()\n\nconst JWT_SECRET = '${secret}'\n`)
  expect(findings).toMatchObject([{ line: 3, level: 'unsafe' }])
  expect(JSON.stringify(findings)).not.toContain(secret)
})
