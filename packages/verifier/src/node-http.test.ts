import { expect, test } from 'vitest'
import { factsOfNode } from './node-http.ts'

test('the value of a header, whatever the case of its name', () => {
  const { method, url, header } = factsOfNode({
    method: 'GET',
    url: '/orders',
    headers: { authorization: 'Bearer a' },
    rawHeaders: ['Host', 'localhost', 'AUTHORIZATION', 'Bearer a'],
  })
  expect([method, url, header('Authorization'), header('dpop')]).toEqual(['GET', '/orders', 'Bearer a', undefined])
})

test('S-B04 Node keeps the first of two lines and drops the other, but the guard sees both', () => {
  const { header } = factsOfNode({
    headers: { authorization: 'Bearer a' },
    rawHeaders: ['authorization', 'Bearer a', 'Authorization', 'Bearer b'],
  })
  expect(header('authorization')).toBe('Bearer a, Bearer b')
})

test('S-B04 a value that is a list, as some platforms give it, is joined', () => {
  expect(factsOfNode({ headers: { authorization: ['Bearer a', 'Bearer b'] } }).header('authorization')).toBe(
    'Bearer a, Bearer b',
  )
})

test('the whole path, where a router of Express has cut it', () => {
  expect(factsOfNode({ url: '/1', originalUrl: '/orders/1', headers: {} }).url).toBe('/orders/1')
})
