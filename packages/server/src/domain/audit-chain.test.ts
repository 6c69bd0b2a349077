import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AuditFacts } from './audit.ts'
import { type AuditEntry, CHAIN_START, chainEntry, examineEntry, readPersonal, readRecord } from './audit-chain.ts'

const key = { id: 1, bytes: new Uint8Array(32).fill(7) }
const keys = (id: number) => (id === 1 ? key.bytes : undefined)
const salt = new Uint8Array(16).fill(9)
const facts = (change: Partial<AuditFacts> = {}): AuditFacts => ({
  event: 'login.refused',
  result: 'refused',
  actor: undefined,
  subject: 'AAAAAAAAAAAAAAAAAAAAAA',
  requestId: 'req-12345678',
  detail: { why: 'password' },
  personal: { address: '192.0.2.7', userAgent: 'curl/8' },
  ...change,
})

function chainOf(count: number, from: AuditEntry | undefined = undefined): AuditEntry[] {
  const entries: AuditEntry[] = []
  for (let index = 0; index < count; index += 1) {
    const previous = entries.at(-1) ?? from
    entries.push(chainEntry(facts({ detail: { index } }), { previous, at: 1_000 + index, salt }, key))
  }
  return entries
}

/** The place of the first bad entry and what is wrong with it. */
function firstFault(entries: readonly AuditEntry[]): string | undefined {
  let previous: Pick<AuditEntry, 'sequence' | 'mac'> = CHAIN_START
  for (const [index, entry] of entries.entries()) {
    const fault = examineEntry(previous, entry, entries[index + 1], keys)
    if (fault !== undefined) return `${previous.sequence + 1} ${fault}`
    previous = entry
  }
  return undefined
}

const put = (entries: readonly AuditEntry[], at: number, change: Partial<AuditEntry>) =>
  entries.map((entry, index) => (index === at ? { ...entry, ...change } : entry))

test('the MAC is what the description says, over the MAC before it and the body', () => {
  const [first, second] = chainOf(2)
  if (first === undefined || second === undefined) throw new TypeError('no entries')
  const mac = (previous: Uint8Array, body: string) =>
    new Uint8Array(
      createHmac('sha256', key.bytes)
        .update(Buffer.concat([previous, Buffer.from(body)]))
        .digest(),
    )
  expect(first.mac).toEqual(mac(new Uint8Array(32), first.body))
  expect(second.mac).toEqual(mac(first.mac, second.body))
  expect([first.sequence, second.sequence]).toEqual([1, 2])
})

test('an entry says who, when, from where, on what, the result and the request', () => {
  const [entry] = chainOf(1)
  if (entry === undefined) throw new TypeError('no entry')
  expect(readRecord(entry)).toMatchObject({
    event: 'login.refused',
    result: 'refused',
    actor: null,
    subject: 'AAAAAAAAAAAAAAAAAAAAAA',
    requestId: 'req-12345678',
    detail: { index: 0 },
  })
  expect(readPersonal(entry)).toEqual({ address: '192.0.2.7', userAgent: 'curl/8' })
  expect(entry.body).not.toContain('192.0.2.7')
})

describe('S-A04 the first bad entry is named', () => {
  const good = chainOf(6)
  const body = good[2]?.body ?? ''
  const forged = (sequence: number): AuditEntry => ({
    ...chainEntry(facts(), { previous: good[sequence - 2], at: 5, salt }, { id: 1, bytes: new Uint8Array(32) }),
    sequence,
  })
  const renumbered = (entries: readonly AuditEntry[]) =>
    entries.map((entry, index) => ({ ...entry, sequence: index + 1 }))

  test('control: the chain as it was written is whole', () => expect(firstFault(good)).toBeUndefined())

  test.each<[string, readonly AuditEntry[], string]>([
    ['another text', put(good, 2, { body: body.replace('"index":2', '"index":9') }), '3 changed'],
    ['another time in the row', put(good, 2, { at: 1 }), '3 changed'],
    ['a body that is no JSON', put(good, 2, { body: 'x' }), '3 changed'],
    ['another MAC', put(good, 2, { mac: new Uint8Array(32) }), '3 changed'],
    ['a shorter MAC', put(good, 2, { mac: new Uint8Array(16) }), '3 changed'],
    ['another person', put(good, 2, { personal: '{"address":"198.51.100.1"}' }), '3 changed'],
    ['a key that nobody has', put(good, 2, { macKid: 4 }), '3 unknown_key'],
    ['one left out', [...good.slice(0, 2), ...good.slice(3)], '3 missing'],
    ['one left out and the rest renumbered', renumbered([...good.slice(0, 2), ...good.slice(3)]), '3 missing'],
    ['the first left out', good.slice(1), '1 missing'],
    ['one put in', renumbered([...good.slice(0, 2), forged(3), ...good.slice(2)]), '3 inserted'],
    [
      'an older one put in again',
      renumbered([...good.slice(0, 4), ...good.slice(1, 2), ...good.slice(4)]),
      '5 reordered',
    ],
    ['two exchanged', renumbered([0, 1, 3, 2, 4, 5].flatMap((index) => good[index] ?? [])), '3 reordered'],
    ['one added at the end', [...good, forged(7)], '7 changed'],
  ])('%s', (_name, entries, fault) => {
    expect(firstFault(entries)).toBe(fault)
  })

  test('S-A08 an erased person breaks nothing', () => {
    expect(firstFault(put(good, 2, { personal: undefined }))).toBeUndefined()
  })

  test('any change of any entry is found, and nothing before it is blamed', () => {
    const change = fc.record({ at: fc.nat(5), position: fc.nat(400), sign: fc.constantFrom('0', 'x', '"', ' ') })
    fc.assert(
      fc.property(change, ({ at, position, sign }) => {
        const text = good[at]?.body ?? ''
        const place = position % text.length
        const other = text.slice(0, place) + sign + text.slice(place + 1)
        fc.pre(other !== text)
        expect(firstFault(put(good, at, { body: other }))).toMatch(new RegExp(`^${at + 1} `))
      }),
    )
  })
})

test('whoever has the database but not the key cannot continue the chain', () => {
  const good = chainOf(3)
  const other = { id: 1, bytes: new Uint8Array(32).fill(8) }
  const forged = chainEntry(facts(), { previous: good[2], at: 9, salt }, other)
  expect(firstFault([...good, forged])).toBe('4 changed')
  expect(firstFault([...good, ...chainOf(1, good[2])])).toBeUndefined()
})

test('S-A03 what is recorded can neither break a line nor the JSON', () => {
  const hostile = 'x"}\n{"event":"admin\u001b[2J'
  const entry = chainEntry(
    facts({ requestId: hostile, detail: { why: hostile }, personal: { userAgent: hostile } }),
    { previous: undefined, at: 1, salt },
    key,
  )
  for (const text of [entry.body, entry.personal ?? '']) {
    expect(text).not.toMatch(/[\p{Cc}]/u)
    expect(() => JSON.parse(text)).not.toThrow()
  }
  expect(readRecord(entry)?.detail).toEqual({ why: 'x"}\\u{a}{"event":"admin\\u{1b}[2J' })
})

test('without anything personal there is nothing beside the chain', () => {
  const entry = chainEntry(facts({ personal: {} }), { previous: undefined, at: 1, salt }, key)
  expect(entry.personal).toBeUndefined()
  expect(readPersonal(entry)).toEqual({})
})
