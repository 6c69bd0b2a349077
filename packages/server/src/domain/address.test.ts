import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressBuckets, isLoopbackAddress, parseAddress } from './address.ts'

describe('S-T06 an address is its bytes', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['::1', '::1'],
    ['::', '::'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['fe80::1%eth0', 'fe80::1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is %s', (text, canonical) => {
    expect(parseAddress(text)?.text).toBe(canonical)
    expect(parseAddress(canonical)?.text).toBe(canonical)
  })

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '0x1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4:80',
    '[::1]',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1:2:3:4::5:6:7:8',
    '12345::',
    'g::1',
    '::1.2.3',
    '1.2.3.4::',
    '::1%',
    '1.2.3.4%eth0',
    'localhost',
    'unknown',
    ':1:2:3:4:5:6:7',
    '1'.repeat(1000),
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })
})

describe('S-T06 buckets', () => {
  const buckets = (text: string) => {
    const address = parseAddress(text)
    return address && addressBuckets(address)
  }

  test('addresses of one /64 share one, those of one /48 the wider one', () => {
    const first = buckets('2001:db8:1:2::1')
    expect(buckets('2001:DB8:1:2:ffff:ffff:ffff:ffff')).toEqual(first)
    expect(buckets('2001:db8:1:3::1')?.host).not.toBe(first?.host)
    expect(buckets('2001:db8:1:3::1')?.network).toBe(first?.network)
    expect(buckets('2001:db8:2:2::1')?.network).not.toBe(first?.network)
  })

  test('a mapped address counts as IPv4, in either form', () => {
    const plain = buckets('192.0.2.1')
    expect(plain?.network).toBeUndefined()
    expect(buckets('::ffff:192.0.2.1')).toEqual(plain)
    expect(buckets('::ffff:c000:0201')).toEqual(plain)
    expect(buckets('192.0.2.2')).not.toEqual(plain)
  })
})

test.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['0:0:0:0:0:0:0:1', true],
  ['::ffff:127.0.0.1', true],
  ['::ffff:7f00:1', true],
  ['128.0.0.1', false],
  ['0.0.0.0', false],
  ['::', false],
  ['::2', false],
  ['localhost', false],
  [undefined, false],
])('%s is this machine: %s', (text, loopback) => {
  expect(isLoopbackAddress(text)).toBe(loopback)
})

test('the canonical text of any address names the same bytes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const address = parseAddress(text)
      expect(address).toBeDefined()
      expect(parseAddress(address?.text ?? '')).toEqual(address)
      expect(parseAddress(text.toUpperCase())).toEqual(address)
    }),
    { numRuns: 1_000 },
  )
})
