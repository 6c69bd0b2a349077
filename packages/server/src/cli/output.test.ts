import { expect, test } from 'vitest'
import { createOutput, formatTable, formatTime } from './output.ts'

function written(json: boolean) {
  const texts = { out: '', err: '' }
  const output = createOutput(
    json,
    (text) => {
      texts.out += text
    },
    (text) => {
      texts.err += text
    },
  )
  return { output, texts }
}

test('a table has columns as wide as they must be', () => {
  expect(
    formatTable(
      ['a', 'bb'],
      [
        ['xyz', 1],
        ['Zoë', undefined],
        [null, ['p', 'q']],
        [true, []],
      ],
    ),
  ).toBe(['A    BB', 'xyz  1', 'Zoë  -', '-    p, q', 'yes  -'].join('\n'))
  expect(formatTable(['a', 'b'], [])).toBe('A  B')
})

test('what somebody else chose cannot steer the terminal', () => {
  const table = formatTable(['name'], [['a\u001b[2Jb\nc\u202Ed\u2028']])
  expect(table).toBe('NAME\na\ufffd[2Jb\ufffdc\ufffdd\ufffd')
})

test('people get tables, programs one line of JSON', () => {
  const people = written(false)
  people.output.table(['a'], [['x']], { a: 'x' })
  people.output.say('done', { done: true })
  people.output.warn('mind')
  expect(people.texts).toEqual({ out: 'A\nx\ndone\n', err: 'mind\n' })

  const programs = written(true)
  programs.output.table(['a'], [['x']], { a: 'x' })
  programs.output.say('done', { done: true })
  expect(programs.texts).toEqual({ out: '{"a":"x"}\n{"done":true}\n', err: '' })
})

test('no token of ours is ever printed', () => {
  const token = `csn_rt_${'a1'.repeat(20)}`
  for (const json of [false, true]) {
    const { output, texts } = written(json)
    output.table(['a'], [[token]], { a: token })
    output.say(token, { a: token })
    output.warn(token)
    expect(texts.out + texts.err).not.toContain(token)
    expect(texts.out).toContain('[secret]')
  }
})

test('times are told in UTC', () => {
  expect(formatTime(1_800_000_000)).toBe('2027-01-15 08:00:00Z')
})
