import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createMemoryState } from '../adapters/memory/state.ts'
import { createMemoryStores } from '../adapters/memory/stores.ts'
import { AUDIT_EVENTS, type AuditEventName } from '../domain/audit.ts'
import { AuthError } from '../domain/errors.ts'
import { createMasterKeys } from '../domain/master-keys.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { LogFields } from '../ports/log.ts'
import { createAudit } from './audit.ts'
import { createListAudit } from './list-audit.ts'
import { createVerifyAudit } from './verify-audit.ts'

const masterKeys = createMasterKeys(new Map([[3, randomBytes(32)]]))
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }
const CALLER = { requestId: 'req-12345678', address: '192.0.2.7', userAgent: 'curl/8\n' }
const ID = 'AAAAAAAAAAAAAAAAAAAAAA'

function setUp(change: Partial<AuditLog> = {}) {
  const state = createMemoryState()
  const { audit: store } = createMemoryStores(() => 1_800_000_000_500, state)
  const log = { ...store, ...change }
  const told: LogFields[] = []
  const report = { error: (_message: string, _error: unknown, fields: LogFields = {}) => void told.push(fields) }
  const audit = createAudit({ log, masterKeys, random, report })
  const verify = createVerifyAudit({ log, key: (id) => masterKeys.derive(id, 'audit-v1') })
  return { audit, state, told, verify, list: createListAudit({ log }) }
}

const DOWN = { append: () => Promise.reject(new Error('disk full')) }

test('S-A02 every event has a sentence, and each can be recorded, listed and verified', async () => {
  const { audit, list, verify } = setUp()
  const names = Object.keys(AUDIT_EVENTS) as AuditEventName[]
  for (const event of names) await audit.record({ event, result: 'ok', actor: ID, detail: { n: 1 } }, CALLER)
  const rows = await list({ limit: 200 })
  expect(rows.map(({ event }) => event)).toEqual([...names].reverse())
  expect(rows[0]).toMatchObject({
    sequence: names.length,
    at: 1_800_000_000,
    actor: ID,
    requestId: 'req-12345678',
    personal: { address: '192.0.2.7', userAgent: 'curl/8\\u{a}' },
  })
  expect(await verify()).toMatchObject({ checked: names.length, erased: 0 })
  for (const { doc } of Object.values(AUDIT_EVENTS)) expect(doc).toMatch(/^[A-Z].+\.$/)
})

test('pages go backward through the log without a gap', async () => {
  const { audit, list } = setUp()
  for (let n = 0; n < 7; n += 1) await audit.record({ event: 'login.succeeded', result: 'ok', detail: { n } })
  const first = await list({ limit: 3 })
  const second = await list({ limit: 3, before: first.at(-1)?.sequence })
  const third = await list({ limit: 3, before: second.at(-1)?.sequence })
  expect([...first, ...second, ...third].map(({ sequence }) => sequence)).toEqual([7, 6, 5, 4, 3, 2, 1])
})

test('S-A02 a name is recorded only beside the account whose name it is', async () => {
  const { audit, state, list } = setUp()
  await audit.record({ event: 'login.refused', result: 'refused', username: 'hunter2 my password' }, CALLER)
  expect(JSON.stringify(state.audit)).not.toContain('hunter2')
  await audit.record({ event: 'login.refused', result: 'refused', subject: ID, username: 'alice' }, CALLER)
  expect((await list({ limit: 1 }))[0]?.personal).toMatchObject({ username: 'alice' })
})

test('S-A05 entries written at once stand in one order, without a fork', async () => {
  const { audit, verify } = setUp()
  await Promise.all(
    Array.from({ length: 50 }, (_, n) => audit.record({ event: 'login.succeeded', result: 'ok', detail: { n } })),
  )
  expect(await verify()).toMatchObject({ checked: 50 })
})

describe('S-A06 when the log cannot be written', () => {
  test.each(Object.entries(AUDIT_EVENTS))('%s', async (name, { administrative }) => {
    const { audit, told } = setUp(DOWN)
    const event = name as AuditEventName
    const outcome = await audit.record({ event, result: 'ok' }, CALLER).catch((error: unknown) => error)
    if (administrative) {
      expect(outcome).toBeInstanceOf(AuthError)
      expect(outcome).toMatchObject({ code: 'store_unavailable', retryAfter: 2 })
    } else {
      expect(outcome).toBeUndefined()
    }
    expect(audit.lost()).toBe(administrative ? 0 : 1)
    expect(told).toEqual([{ event, request_id: 'req-12345678', refused: administrative, lost: administrative ? 0 : 1 }])
    const control = setUp()
    await control.audit.record({ event, result: 'ok' })
    expect(control.told).toEqual([])
  })

  test('people can log in and out, administrators act only where it shows', () => {
    const open = Object.entries(AUDIT_EVENTS).filter(([, { administrative }]) => !administrative)
    expect(open.map(([name]) => name)).toEqual(
      expect.arrayContaining(['login.succeeded', 'session.ended', 'session.reused']),
    )
    const closed: AuditEventName[] = [
      'account.created',
      'account.disabled',
      'account.password_reset',
      'key.rotated',
      'key.exported',
    ]
    for (const name of closed) expect(AUDIT_EVENTS[name].administrative).toBe(true)
  })
})

describe('verify', () => {
  async function written(count: number) {
    const set = setUp()
    for (let n = 0; n < count; n += 1) {
      await set.audit.record({ event: 'login.succeeded', result: 'ok', actor: ID, detail: { n } }, CALLER)
    }
    return set
  }

  test('an empty log is whole', async () => {
    expect(await setUp().verify()).toEqual({ checked: 0, erased: 0 })
  })

  test('a log of many pages is walked to its end, and the progress is told', async () => {
    const { verify } = await written(1_203)
    const heard: number[] = []
    const verdict = await verify({ progress: (checked) => heard.push(checked) })
    expect(verdict).toMatchObject({ checked: 1_203, head: { sequence: 1_203 } })
    expect(heard).toEqual([500, 1_000, 1_203])
  })

  test.each([499, 500, 501, 1_000])('S-A04 a changed entry is named, at the seam of two pages too: %i', async (at) => {
    const { verify, state } = await written(1_002)
    const entry = state.audit[at - 1]
    if (entry === undefined) throw new TypeError('no entry')
    state.audit[at - 1] = { ...entry, body: entry.body.replace('"ok"', '"refused"') }
    expect(await verify()).toMatchObject({ checked: at - 1, fault: { sequence: at, problem: 'changed' } })
  })

  test('S-A04 a cut-off end, or an older backup, shows against a head that was kept elsewhere', async () => {
    const { verify, state, audit } = await written(5)
    const { head } = await verify()
    if (head === undefined) throw new TypeError('no head')
    expect((await verify({ anchor: head })).fault).toBeUndefined()
    await audit.record({ event: 'login.succeeded', result: 'ok' })
    expect((await verify({ anchor: head })).fault).toBeUndefined()

    state.audit.splice(3)
    expect((await verify()).fault).toBeUndefined()
    expect((await verify({ anchor: head })).fault).toEqual({ sequence: 4, problem: 'cut_off' })
    await audit.record({ event: 'login.succeeded', result: 'ok' })
    await audit.record({ event: 'login.succeeded', result: 'ok' })
    expect((await verify()).fault).toBeUndefined()
    expect((await verify({ anchor: head })).fault).toEqual({ sequence: 5, problem: 'changed' })
  })

  test('S-A08 erased persons are counted', async () => {
    const { verify, state } = await written(4)
    const entry = state.audit[1]
    if (entry === undefined) throw new TypeError('no entry')
    state.audit[1] = { ...entry, personal: undefined }
    expect(await verify()).toMatchObject({ checked: 4, erased: 1 })
  })

  test('a row that somebody wrote by hand keeps nobody from reading the others', async () => {
    const { list, state } = await written(2)
    const entry = state.audit[0]
    if (entry === undefined) throw new TypeError('no entry')
    state.audit[0] = { ...entry, body: 'x', personal: 'x' }
    expect((await list({ limit: 9 })).map(({ event }) => event)).toEqual(['login.succeeded', 'unreadable'])
  })
})
