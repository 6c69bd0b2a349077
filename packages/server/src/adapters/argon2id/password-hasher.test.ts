import { randomBytes } from 'node:crypto'
import { hash as argon2Hash } from '@node-rs/argon2'
import { describe, expect, test } from 'vitest'
import { ARGON2_COST, createPasswordHasher, type PasswordHasherOptions } from './password-hasher.ts'
import { isOutdated, parsePhc } from './phc.ts'

const CHEAP = { memory: 64, passes: 1, lanes: 1 }
const PASSWORD = 'correct horse battery staple'

const hasher = (options: Partial<PasswordHasherOptions> = {}) =>
  createPasswordHasher({
    clock: { wall: () => 0, mono: () => performance.now() },
    random: { bytes: (length) => randomBytes(length) },
    cores: 2,
    ...options,
  })

test('S-P06 argon2id m=19456 t=2 p=1, a salt of 16 bytes, parameters in the text', async () => {
  const { hash, verify } = hasher()
  const stored = await hash(PASSWORD)
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(parsePhc(stored)).toMatchObject({ saltLength: 16, outputLength: 32 })
  expect(await hash(PASSWORD)).not.toBe(stored)
  expect(await verify(PASSWORD, stored)).toBe('match')
  expect(await verify(`${PASSWORD} `, stored)).toBe('no_match')
})

test('S-P05 passwords that differ after 72 bytes or after a NUL are two', async () => {
  const { hash, verify } = hasher({ cost: CHEAP })
  for (const start of ['x'.repeat(80), 'a\0']) {
    const stored = await hash(`${start}1`)
    expect(await verify(`${start}1`, stored)).toBe('match')
    expect(await verify(`${start}2`, stored)).toBe('no_match')
  }
})

test('S-N01 an unknown account costs what a known one does and never matches', async () => {
  const { hash, verify } = hasher()
  const stored = await hash(PASSWORD)
  const time = async (against: string | undefined) => {
    const times: number[] = []
    for (let round = 0; round < 7; round++) {
      const start = performance.now()
      expect(await verify('wrong password here', against)).toBe('no_match')
      times.push(performance.now() - start)
    }
    return Math.min(...times)
  }
  const known = await time(stored)
  const unknown = await time(undefined)
  // Wide, since the machine is noisy; a version without the dummy hash takes under a hundredth.
  expect(unknown).toBeGreaterThan(known / 3)
  expect(unknown).toBeLessThan(known * 3)
})

describe('S-P11 imported hashes', () => {
  const imported: readonly (readonly [string, Parameters<typeof argon2Hash>[1]])[] = [
    ['fewer passes', { memoryCost: 19_456, timeCost: 1 }],
    ['less memory', { memoryCost: 8_192, timeCost: 3 }],
    ['more lanes', { memoryCost: 19_456, timeCost: 2, parallelism: 2 }],
    ['argon2i', { algorithm: 1, memoryCost: 19_456, timeCost: 2 }],
    ['version 16', { version: 0, memoryCost: 19_456, timeCost: 2 }],
    ['a short salt', { memoryCost: 19_456, timeCost: 2, salt: randomBytes(8) }],
    ['a short output', { memoryCost: 19_456, timeCost: 2, outputLen: 16 }],
  ]
  test.each(imported)('%s matches as outdated', async (_, options) => {
    const stored = await argon2Hash(PASSWORD, options)
    const { verify } = hasher()
    expect(await verify(PASSWORD, stored)).toBe('match_outdated')
    expect(await verify('wrong password here', stored)).toBe('no_match')
  })

  test('a stronger hash is left as it is', async () => {
    const stored = await argon2Hash(PASSWORD, { memoryCost: 32_768, timeCost: 3 })
    expect(await hasher().verify(PASSWORD, stored)).toBe('match')
  })

  const real = '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$'
  test.each([
    ['memory of 4 TiB', '$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$'],
    ['a billion passes', '$argon2id$v=19$m=64,t=1000000000,p=1$c2FsdHNhbHRzYWx0c2FsdA$'],
    ['255 lanes', '$argon2id$v=19$m=65536,t=1,p=255$c2FsdHNhbHRzYWx0c2FsdA$'],
    ['much of both', '$argon2id$v=19$m=262144,t=16,p=1$c2FsdHNhbHRzYWx0c2FsdA$'],
    ['no memory', '$argon2id$v=19$m=0,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$'],
    ['no passes', '$argon2id$v=19$m=64,t=0,p=1$c2FsdHNhbHRzYWx0c2FsdA$'],
    ['a short salt', '$argon2id$v=19$m=64,t=1,p=1$c2Fs$'],
    ['another algorithm', '$2b$12$'],
    ['nothing', ''],
  ])('%s is refused without being tried', async (_, head) => {
    const stored = `${head}${'A'.repeat(43)}`
    expect(parsePhc(stored)).toBeUndefined()
    expect(await hasher({ cost: CHEAP }).verify(PASSWORD, stored)).toBe('no_match')
    // The control: the same text with bearable parameters is read.
    expect(parsePhc(`${real}${'A'.repeat(43)}`)).toBeDefined()
  })

  test('today’s own parameters are not outdated', () => {
    const own = parsePhc(`$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`)
    expect(own !== undefined && isOutdated(own, ARGON2_COST)).toBe(false)
  })
})

test('S-L09 a lone surrogate is neither hashed nor matched', async () => {
  const { hash, verify } = hasher({ cost: CHEAP })
  await expect(hash('lone \ud800')).rejects.toThrow(TypeError)
  const stored = await hash('lone \ufffd')
  expect(await verify('lone \ud800', stored)).toBe('no_match')
  expect(await verify('lone \ufffd', stored)).toBe('match')
})

test('S-P07 a storm beyond the queue is refused and the rest is served', async () => {
  const { hash, verify } = hasher({ cost: CHEAP, maxWaiting: 10 })
  const stored = await hash(PASSWORD)
  const results = await Promise.allSettled(Array.from({ length: 50 }, () => verify(PASSWORD, stored)))
  const served = results.filter((result) => result.status === 'fulfilled')
  const refused = results.filter((result) => result.status === 'rejected')
  expect(served).toHaveLength(11)
  expect(refused.every(({ reason }) => reason.code === 'service_busy' && reason.retryAfter >= 1)).toBe(true)
})
