import { expect, test } from 'vitest'
import { createOriginRule } from './origin.ts'

const rule = createOriginRule('https://auth.example.com', ['https://app.example.com'])
const refused = (check: () => void) => expect(check).toThrow(expect.objectContaining({ code: 'csrf_refused' }))

test('S-C01 S-C02 a request by cookie needs our origin, or its own site where no origin was sent', () => {
  const ask = (headers: Record<string, string>) => () =>
    rule.checkCookieRequest(new Headers({ 'x-csn-csrf': '1', ...headers }))
  for (const good of [
    { origin: 'https://auth.example.com' },
    { origin: 'https://app.example.com', 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'same-origin' },
  ]) {
    expect(ask(good as Record<string, string>)).not.toThrow()
  }
  for (const bad of [
    {},
    { origin: 'null' },
    { origin: 'https://evil.example' },
    { origin: 'https://app.example.com.evil.example' },
    { origin: 'http://app.example.com' },
    { origin: 'https://APP.example.com' },
    { origin: 'https://app.example.com:8443' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'none' },
    { referer: 'https://auth.example.com/' },
  ]) {
    refused(ask(bad as Record<string, string>))
  }
})

test('S-C06 the custom header is 1, once', () => {
  const origin = 'https://app.example.com'
  expect(() => rule.checkCookieRequest(new Headers({ origin, 'x-csn-csrf': '1' }))).not.toThrow()
  refused(() => rule.checkCookieRequest(new Headers({ origin })))
  refused(() => rule.checkCookieRequest(new Headers({ origin, 'x-csn-csrf': '0' })))
  refused(() =>
    rule.checkCookieRequest(
      new Headers([
        ['origin', origin],
        ['x-csn-csrf', '1'],
        ['x-csn-csrf', '1'],
      ]),
    ),
  )
})

test('S-C05 a log-in from a foreign page is refused, one from no page is not', () => {
  expect(() => rule.checkIfSent(new Headers())).not.toThrow()
  expect(() => rule.checkIfSent(new Headers({ origin: 'https://app.example.com' }))).not.toThrow()
  refused(() => rule.checkIfSent(new Headers({ origin: 'https://evil.example' })))
  refused(() => rule.checkIfSent(new Headers({ 'sec-fetch-site': 'cross-site' })))
})
