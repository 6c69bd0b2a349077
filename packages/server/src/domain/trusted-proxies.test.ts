import { describe, expect, test } from 'vitest'
import { parseAddress } from './address.ts'
import { clientAddress, clientProtocol, isTrustedPeer, parseTrustedProxies } from './trusted-proxies.ts'

const proxies = parseTrustedProxies(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '2001:db8:0:8000::/49'])

describe('ranges', () => {
  test.each([
    ['10.0.0.1', true],
    ['10.255.255.255', true],
    ['11.0.0.1', false],
    ['::ffff:10.1.2.3', true],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['fd12::1', true],
    ['fe80::1', false],
    ['2001:db8:0:8001::1', true],
    ['2001:db8:0:7fff::1', false],
  ])('%s: %s', (text, included) => {
    const address = parseAddress(text)
    expect(address !== undefined && proxies.includes(address)).toBe(included)
    expect(isTrustedPeer(text, proxies)).toBe(included)
  })

  test('everybody, and nobody', () => {
    expect(isTrustedPeer('203.0.113.9', parseTrustedProxies(['0.0.0.0/0']))).toBe(true)
    expect(isTrustedPeer('2001:db8::1', parseTrustedProxies(['0.0.0.0/0']))).toBe(false)
    expect(isTrustedPeer('10.0.0.1', parseTrustedProxies(['::ffff:10.0.0.0/104']))).toBe(true)
    expect(isTrustedPeer('10.0.0.1', parseTrustedProxies([]))).toBe(false)
    expect(isTrustedPeer(undefined, proxies)).toBe(false)
    expect(isTrustedPeer('', proxies)).toBe(false)
  })

  test.each([
    '',
    'proxy.example',
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10/8',
    'fd00::/129',
  ])('%j is a mistake of the caller', (entry) => {
    expect(() => parseTrustedProxies([entry])).toThrow(TypeError)
  })
})

describe('S-T07 X-Forwarded-For', () => {
  test.each([
    ['no header', '203.0.113.9', undefined, '203.0.113.9'],
    ['an untrusted peer', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['a trusted peer', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['a mapped trusted peer', '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['a spoofed value on the left', '10.0.0.1', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['a spoofed value that looks trusted', '10.0.0.1', '10.9.9.9, 198.51.100.1', '198.51.100.1'],
    ['two trusted proxies', '10.0.0.1', '198.51.100.1, 192.0.2.7', '198.51.100.1'],
    ['trusted ones alone', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['no spaces', '10.0.0.1', '1.1.1.1,198.51.100.1', '198.51.100.1'],
    ['a port', '10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['an IPv6 client', '10.0.0.1', '2001:DB8:1::1', '2001:db8:1::1'],
    ['an IPv6 client in brackets', '10.0.0.1', '[2001:db8:1::1]:4711', '2001:db8:1::1'],
    ['something that is no address', '10.0.0.1', '198.51.100.1, unknown', '10.0.0.1'],
    ['nothing', '10.0.0.1', '', '10.0.0.1'],
    ['something that is no address behind a second proxy', '10.0.0.1', 'junk, 192.0.2.7', '192.0.2.7'],
    ['many values', '10.0.0.1', `${'1.1.1.1, '.repeat(1000)}198.51.100.1`, '198.51.100.1'],
  ])('%s', (_, peer, forwardedFor, client) => {
    expect(clientAddress({ peer, forwardedFor }, proxies)?.text).toBe(client)
  })

  test('without a peer there is no address, whatever a header says', () => {
    expect(clientAddress({ peer: undefined, forwardedFor: '198.51.100.1' }, proxies)).toBeUndefined()
    expect(clientAddress({ peer: '/run/socket', forwardedFor: '198.51.100.1' }, proxies)).toBeUndefined()
  })
})

describe('S-X03 X-Forwarded-Proto', () => {
  test.each([
    ['10.0.0.1', 'https', 'https'],
    ['10.0.0.1', 'HTTP', 'http'],
    ['10.0.0.1', 'http, https', 'https'],
    ['10.0.0.1', 'wss', undefined],
    ['10.0.0.1', undefined, undefined],
    ['203.0.113.9', 'https', undefined],
    [undefined, 'https', undefined],
  ])('from %s: %s is %s', (peer, forwardedProto, protocol) => {
    expect(clientProtocol({ peer, forwardedProto }, proxies)).toBe(protocol)
  })
})
