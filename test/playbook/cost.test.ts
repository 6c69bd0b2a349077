import { createHmac } from 'node:crypto'
import { createVerifier, decode, importSecret, importVerificationKey, JwtError } from '@countersign/jwt'
import { describe, expect, test } from 'vitest'
import { mutations } from './cases/text.ts'
import {
  AUDIENCE,
  attach,
  b64,
  CLAIMS,
  forge,
  genuine,
  headerOf,
  ISSUER,
  inputOf,
  NOW,
  OWNERS,
  spkiPem,
} from './forge.ts'

const keys = importSecret(OWNERS.HS256.secret ?? Buffer.alloc(0), 'HS256')
const parties = { keys, issuer: ISSUER, audience: AUDIENCE, clock: () => NOW }
const { tryVerify } = createVerifier(parties)
const limitless = createVerifier({ ...parties, maxTokenLength: 100_000_000 })

const milliseconds = (act: () => void): number => {
  const start = performance.now()
  act()
  return performance.now() - start
}

describe('a refusal is cheap', () => {
  test.each([
    ['F01', 'ten million characters without a dot', 'A'.repeat(10_000_000)],
    [
      'F01',
      'ten million characters in the right shape',
      attach(inputOf(headerOf('HS256'), 'A'.repeat(7_500_000)), 'AAAA'),
    ],
    ['F02', 'five million dots', '.'.repeat(5_000_000)],
    [
      'F03',
      'a header of five megabytes',
      forge(headerOf('HS256', { x: 'A'.repeat(5_000_000) }), CLAIMS, OWNERS.HS256.sign),
    ],
    [
      'F03',
      'a header of 100,000 members',
      forge(
        headerOf('HS256', Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`m${i}`, i]))),
        CLAIMS,
        OWNERS.HS256.sign,
      ),
    ],
  ])('%s: %s', (_id, _title, token) => {
    expect(tryVerify(genuine(OWNERS.HS256))).toMatchObject({ ok: true })
    let result: unknown
    const best = Math.min(...Array.from({ length: 5 }, () => milliseconds(() => (result = tryVerify(token)))))
    expect(result).toEqual({ ok: false, code: 'jwt_too_large' })
    expect(best).toBeLessThan(5)
    expect(() => decode(token)).toThrow(JwtError)
  })

  test('F01: the limit is exact', () => {
    const token = genuine(OWNERS.HS256)
    expect(createVerifier({ ...parties, maxTokenLength: token.length }).tryVerify(token)).toMatchObject({ ok: true })
    expect(createVerifier({ ...parties, maxTokenLength: token.length - 1 }).tryVerify(token)).toMatchObject({
      ok: false,
    })
  })

  test.each([50_000, 1_000_000])('F04: JSON nested %i deep is refused or read, but never a crash', (depth) => {
    const deep = '['.repeat(depth) + ']'.repeat(depth)
    const header = `{"alg":"HS256","typ":"at+jwt","x":${deep}}`
    const payload = JSON.stringify(CLAIMS).replace('}', `,"x":${deep}}`)
    for (const token of [
      forge(header, CLAIMS, OWNERS.HS256.sign),
      forge(headerOf('HS256'), payload, OWNERS.HS256.sign),
    ]) {
      const result = limitless.tryVerify(token)
      expect(result.ok || result.code).toSatisfy((outcome) =>
        [true, 'jwt_header_invalid', 'jwt_payload_invalid'].includes(outcome),
      )
    }
    const unclosed = forge(headerOf('HS256'), '{"x":'.repeat(depth), OWNERS.HS256.sign)
    expect(limitless.tryVerify(unclosed)).toEqual({ ok: false, code: 'jwt_payload_invalid' })
    expect(limitless.tryVerify(genuine(OWNERS.HS256))).toMatchObject({ ok: true })
  })

  test('F05: the signature comes before the payload', () => {
    // Both are refused: with a wrong MAC for the MAC alone, so nobody has looked at what is no JSON.
    const text = `{"x":${JSON.stringify('x'.repeat(100_000))}`
    const wrong = forge(headerOf('HS256'), text, () => Buffer.alloc(32))
    expect(limitless.tryVerify(wrong)).toEqual({ ok: false, code: 'jwt_signature_invalid' })
    expect(limitless.tryVerify(forge(headerOf('HS256'), text, OWNERS.HS256.sign))).toEqual({
      ok: false,
      code: 'jwt_payload_invalid',
    })
  })
})

describe('junk', () => {
  /** A small generator of our own, so that each run sees the same junk (Marsaglia 2003, xorshift). */
  function numbers(seed: number): (below: number) => number {
    let state = seed
    return (below) => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return (state >>> 0) % below
    }
  }

  test('G10: decode of 20,000 malformed texts gives our error or a value', () => {
    const below = numbers(20_260_101)
    const seeds = [
      genuine(OWNERS.HS256),
      'a.b.c',
      '{"alg":"none"}',
      '..',
      'eyJhbGciOiJIUzI1NiJ9.e30.AA',
      '\u0000\uD800\uFFFF',
    ]
    let refused = 0
    for (let round = 0; round < 20_000; round++) {
      const seed = seeds[below(seeds.length)] ?? ''
      const at = below(seed.length + 1)
      const text =
        seed.slice(0, at) + String.fromCharCode(below(round % 2 === 0 ? 128 : 65_536)) + seed.slice(at + below(4))
      try {
        decode(text)
      } catch (error) {
        if (!(error instanceof JwtError)) throw error
        refused++
      }
    }
    expect(refused).toBeGreaterThan(10_000)
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(decode(genuine(OWNERS.HS256)).unverifiedClaims.sub).toBe('alice')
  })

  test('G11: 5,000 mutated tokens are never accepted', () => {
    const below = numbers(424_242)
    const es256 = createVerifier({ ...parties, keys: importVerificationKey(spkiPem(OWNERS.ES256), 'ES256') })
    const subjects = [
      [genuine(OWNERS.HS256), tryVerify],
      [genuine(OWNERS.ES256), es256.tryVerify],
    ] as const
    for (let round = 0; round < 5000; round++) {
      const [token, verify] = subjects[round % 2] ?? subjects[0]
      const at = below(token.length)
      const kinds = [
        () => token.slice(0, at) + String.fromCharCode(below(128)) + token.slice(at + 1),
        () => token.slice(0, at) + token.slice(at + 1 + below(8)),
        () => token.slice(0, at) + token.slice(below(token.length)),
        () => mutations(token.slice(at))[0] ?? '',
      ]
      const text = kinds[below(kinds.length)]?.() ?? ''
      if (text !== token) expect(verify(text)).toMatchObject({ ok: false })
    }
    for (const [token, verify] of subjects) expect(verify(token)).toMatchObject({ ok: true })
  })
})

test('T01: a MAC that is wrong in its first byte takes as long as one that is wrong in its last', () => {
  const input = inputOf(headerOf('HS256'), CLAIMS)
  const mac = createHmac('sha256', OWNERS.HS256.secret ?? '')
    .update(input)
    .digest()
  const flip = (at: number): string => {
    const wrong = Buffer.from(mac)
    wrong[at] = (wrong[at] ?? 0) ^ 0x01
    return attach(input, b64(wrong))
  }
  const [first, last] = [flip(0), flip(31)]
  const rounds = 3000
  const samples: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      samples[which].push(milliseconds(() => void tryVerify(which === 0 ? first : last)))
    }
  }
  // The lower halves: what the scheduler adds is no property of the comparison.
  const lower = samples.map((times) => times.toSorted((a, b) => a - b).slice(0, rounds / 2))
  const mean = (times: readonly number[]): number => times.reduce((sum, time) => sum + time, 0) / times.length
  const [one = [], other = []] = lower
  expect(Math.abs(mean(one) - mean(other)) / mean(one)).toBeLessThan(0.2)
  expect(tryVerify(first)).toEqual(tryVerify(last))
  expect(tryVerify(attach(input, mac))).toMatchObject({ ok: true })
})
