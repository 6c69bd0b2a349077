import { expect, test } from 'vitest'
import { PREFIXES, SECRET_PATTERN } from './index.ts'

const secrets = Object.values(PREFIXES).map((prefix) => `${prefix}${'aZ9'.repeat(10)}`)

test('a secret of ours is found whatever stands around it', () => {
  for (const secret of secrets) {
    const texts = [secret, `"${secret}"`, JSON.stringify(`a\n${secret}\t`), `?x${encodeURIComponent(`=${secret}`)}`]
    for (const text of texts) expect(text.replaceAll(SECRET_PATTERN, '')).toBe(text.replace(secret, ''))
  }
})

test('what only speaks of one is left', () => {
  for (const text of ['csn_rt_', 'a token begins with csn_rt_.', 'csn_xx_0123456789abcdef', 'CSN_RT_0123456789abcdef'])
    expect(text.replaceAll(SECRET_PATTERN, '')).toBe(text)
})
