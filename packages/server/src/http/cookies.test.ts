import { expect, test } from 'vitest'
import { createBinding } from '../domain/binding.ts'
import { createCookies, readCookies } from './cookies.ts'

const binding = createBinding(new Uint8Array(16).fill(1), new Uint8Array(16).fill(2))
const other = createBinding(new Uint8Array(16).fill(1), new Uint8Array(16).fill(3))

test('S-S01 an https issuer gets prefixes and every attribute', () => {
  const cookies = createCookies('https://auth.example.com')
  expect(cookies.setBinding(binding.text, 60)).toBe(
    `__Host-csn_b=${binding.text}; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Strict`,
  )
  expect(cookies.setRefresh(binding.hash, 'T', 60)).toMatch(
    /^__Secure-csn_rt-[A-Za-z0-9_-]{8}=T; Path=\/auth\/refresh; Max-Age=60; HttpOnly; Secure; SameSite=Strict$/,
  )
  expect(cookies.setDevice('D')).toMatch(
    /^__Secure-csn_device=D; Path=\/auth\/login; Max-Age=15552000; HttpOnly; Secure; SameSite=Strict$/,
  )
})

test('the path is below that of the issuer, and plain http has no prefix', () => {
  expect(createCookies('https://example.com/id').setRefresh(binding.hash, 'T', 1)).toContain('Path=/id/auth/refresh;')
  const local = createCookies('http://localhost:4000').setBinding(binding.text, 1)
  expect(local).toBe(`csn_b=${binding.text}; Path=/; Max-Age=1; HttpOnly; SameSite=Strict`)
})

test('S-S14 only the cookie that the binding names is read', () => {
  const cookies = createCookies('http://localhost:4000')
  const name = cookies.setRefresh(binding.hash, '', 0).split('=')[0]
  const foreign = cookies.setRefresh(other.hash, '', 0).split('=')[0]
  const read = (header: string) => cookies.refresh(readCookies(header))?.token
  expect(read(`csn_b=${binding.text}; ${name}=T`)).toBe('T')
  expect(read(`csn_b=${binding.text}; ${foreign}=T`)).toBeUndefined()
  expect(read(`${name}=T`)).toBeUndefined()
  expect(read(`csn_b=x; ${name}=T`)).toBeUndefined()
  // Twice and different: whoever planted one may have put it first.
  expect(read(`csn_b=${other.text}; csn_b=${binding.text}; ${name}=T`)).toBeUndefined()
  expect(read(`csn_b=${binding.text}; ${name}=P; ${name}=T`)).toBeUndefined()
})
