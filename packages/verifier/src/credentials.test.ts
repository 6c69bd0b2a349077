import { expect, test } from 'vitest'
import { readBearer } from './credentials.ts'

test.each([undefined, '', 'Basic YTpi', 'Bearerx abc', 'Bearer-Token abc', 'Digest username="a", realm="b"', 'abc'])(
  'S-B01 no bearer token: %s',
  (header) => {
    expect(readBearer(header)).toEqual({ ok: false, code: 'credentials_missing' })
  },
)

test.each([
  'Bearer',
  'bearer',
  'Bearer ',
  'Bearer  a.b.c',
  'Bearer\ta.b.c',
  'Bearer a.b.c ',
  'Bearer a b',
  'Bearer a\tb',
  'Bearer a,b',
  'Bearer a, Bearer b',
  'Bearer, Bearer a',
  'Bearer=a',
  'Basic YTpi, Bearer a',
  'Basic YTpi,bearer',
])('S-B04 malformed: %s', (header) => {
  expect(readBearer(header)).toEqual({ ok: false, code: 'credentials_malformed' })
})

test.each(['Bearer a.b.c', 'bearer a.b.c', 'BEARER a.b.c'])('S-B04 control: %s', (header) => {
  expect(readBearer(header)).toBe('a.b.c')
})
