import { expect, test } from 'vitest'
import { createPinoLog } from './log.ts'

const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'
const SECRET = `csn_rt_${'0'.repeat(79)}`

function logged(level: 'info' | 'warn' = 'info') {
  const lines: string[] = []
  return { lines, log: createPinoLog(level, { write: (line: string) => void lines.push(line) }, () => 0) }
}

test('a line is one JSON object with time, level, message and fields', () => {
  const { lines, log } = logged()
  log.info('request', { status: 200, route: '/auth/me' })
  log.debug('not asked for')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: 'info', time: '1970-01-01T00:00:00.000Z', status: 200, route: '/auth/me', msg: 'request' },
  ])
})

test.each(['', ' ', '\n', '\t', '=', 'x', '"', '\\'])(
  'S-A01 no token and no secret gets out, behind %j either',
  (before) => {
    const { lines, log } = logged()
    log.info(`a${before}${JWT} b${before}${SECRET}`)
    log.error('failed', new Error(`c${before}${SECRET}`, { cause: new Error(`${before}${JWT}`) }), { d: before + JWT })
    const text = lines.join('')
    expect(text).toContain('[token]')
    expect(text).toContain('[secret]')
    for (const leak of [JWT, JWT.slice(-10), SECRET, SECRET.slice(-20)]) expect(text).not.toContain(leak)
  },
)

test('S-A03 what was sent breaks no line and no field', () => {
  const { lines, log } = logged()
  log.info('request', { address: '1.2.3.4"\n{"level":"error"}\u001b[31m' })
  expect(lines).toHaveLength(1)
  expect(lines[0]?.trimEnd()).toMatch(/^\P{Cc}*$/u)
  expect(JSON.parse(lines[0] ?? '').address).toContain('"level":"error"')
})

test('of an error only what we wrote is kept', () => {
  const { lines, log } = logged()
  log.error('failed', Object.assign(new Error('why'), { code: 'E_WHY', password: 'seven purple lanterns drift' }))
  log.error('failed', 'a text that was thrown')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ error: 'Error', detail: 'why', code: 'E_WHY' })
  expect(lines.join('')).not.toMatch(/lanterns|was thrown/)
})
