import { randomBytes } from 'node:crypto'
import { generateSigningKey } from '@countersign/jwt'
import { describe, expect, test } from 'vitest'
import { createMemoryState } from '../adapters/memory/state.ts'
import { createMemoryStores } from '../adapters/memory/stores.ts'
import { MasterKeyError } from '../domain/key-wrap.ts'
import { createMasterKeys } from '../domain/master-keys.ts'
import { createAudit } from './audit.ts'
import { createKeyRing } from './key-ring.ts'
import { createKeySafe } from './key-safe.ts'
import { registerMasterKeys } from './master-key-register.ts'
import { createVerifyAudit } from './verify-audit.ts'

const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }
const SECRETS = new Map([1, 2, 3].map((id) => [id, randomBytes(32)] as const))

function data() {
  const state = createMemoryState()
  const stores = createMemoryStores(() => 1_800_000_000_000, state)
  /** A service starts with these keys, the active one first. */
  async function start(...ids: number[]) {
    const masterKeys = createMasterKeys(new Map(ids.map((id) => [id, SECRETS.get(id) ?? randomBytes(32)])))
    const now = () => 1_800_000_000_000
    const { meta, keys } = stores
    const register = await registerMasterKeys({ meta, keys, masterKeys, random, now })
    const safe = createKeySafe({ masterKeys, random, issuer: 'i', generateKey: (alg) => generateSigningKey(alg) })
    const policy = { algorithm: 'ES256', accessTokenLifetime: 600, keyPeriod: 2_592_000, keyLead: 172_800 }
    const clock = { wall: now, mono: () => 0 }
    await createKeyRing({ issuer: 'i', audiences: [], keys, safe, clock, policy }).refresh()
    const audit = createAudit({ log: stores.audit, masterKeys, random, report: { error() {} } })
    await audit.record({ event: 'service.started', result: 'ok' })
    return { ...register, verify: createVerifyAudit({ log: stores.audit, key: register.auditKey }) }
  }
  return { state, start }
}

async function faultOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'started'
  } catch (error) {
    return error instanceof MasterKeyError ? `${error.fault} ${error.id}` : `other: ${error}`
  }
}

describe('rolling a master key', () => {
  test('added behind, moved to the front, the old one dropped: old audit entries stay verifiable', async () => {
    const { start } = data()
    await start(1)
    const behind = await start(1, 2)
    expect([behind.isDropped(1), behind.isDropped(2)]).toEqual([false, false])
    await start(2, 1)
    const alone = await start(2)
    expect([alone.isDropped(1), alone.isDropped(2)]).toEqual([true, false])
    expect(alone.auditKey(1)).toBeDefined()
    expect(await alone.verify()).toMatchObject({ checked: 4 })
    expect((await alone.verify()).fault).toBeUndefined()
  })

  test('it can be done again and again', async () => {
    const { start } = data()
    for (const ids of [[1], [1, 2], [2, 1], [2], [2, 3], [3, 2], [3]]) await start(...ids)
    const last = await start(3)
    expect([1, 2, 3].map(last.isDropped)).toEqual([true, true, false])
    expect((await last.verify()).fault).toBeUndefined()
  })

  test('a key that others were given already is on its way, not dropped', async () => {
    const { start } = data()
    await start(1)
    await start(1, 2)
    const behind = await start(1)
    expect([behind.isDropped(2), behind.isDropped(3), behind.isDropped(200)]).toEqual([false, false, false])
  })

  test('a dropped key may come back as long as it is the same', async () => {
    const { start } = data()
    for (const ids of [[1], [1, 2], [2, 1], [2]]) await start(...ids)
    expect((await start(2, 1)).isDropped(1)).toBe(false)
  })
})

describe('S-K05 what stops the start', () => {
  test('a key under which signing keys are still sealed is missing', async () => {
    const { start, state } = data()
    await start(1)
    const before = [...state.keys]
    expect(await faultOf(() => start(2))).toBe('key_missing 1')
    expect([...state.keys]).toEqual(before)
    expect(await faultOf(() => start(2, 1))).toBe('started')
  })

  test('an id stands for another key than before', async () => {
    const { start } = data()
    await start(1)
    const first = SECRETS.get(1) ?? randomBytes(32)
    SECRETS.set(1, randomBytes(32))
    expect(await faultOf(() => start(1))).toBe('key_changed 1')
    SECRETS.set(1, first)
    expect(await faultOf(() => start(1))).toBe('started')
  })

  test('the id of a dropped key is used for a new one', async () => {
    const { start } = data()
    for (const ids of [[1], [1, 2], [2, 1], [2]]) await start(...ids)
    const first = SECRETS.get(1) ?? randomBytes(32)
    SECRETS.set(1, randomBytes(32))
    expect(await faultOf(() => start(2, 1))).toBe('key_changed 1')
    SECRETS.set(1, first)
    expect(await faultOf(() => start(2, 1))).toBe('started')
  })

  test('an audit key would be lost', async () => {
    const { start, state } = data()
    for (const ids of [[1], [1, 2], [2, 1]]) await start(...ids)
    const sealedUnderOne = Buffer.concat([Uint8Array.of(1, 1), randomBytes(60)]).toString('base64url')
    const kept = state.meta.get('audit-key:1') ?? ''
    state.meta.set('audit-key:1', sealedUnderOne)
    expect(await faultOf(() => start(2))).toBe('key_missing 1')
    state.meta.set('audit-key:1', kept)
    expect(await faultOf(() => start(2))).toBe('started')
  })
})

test('services that start together register each key once', async () => {
  const { start, state } = data()
  await Promise.all([start(2, 1), start(1, 2), start(2, 1)])
  const lines = [...state.meta].filter(([name]) => /^master-key:\d+$/.test(name)).map(([, text]) => JSON.parse(text).id)
  expect(lines.sort()).toEqual([1, 2])
})

test('the register says nothing of the keys', async () => {
  const { start, state } = data()
  await start(1)
  const told = JSON.stringify([...state.meta])
  for (const form of ['base64', 'base64url', 'hex'] as const) {
    expect(told).not.toContain((SECRETS.get(1) ?? Buffer.alloc(0)).toString(form).slice(0, 12))
  }
})
