import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, generateSigningKey } from '@countersign/jwt'
import { afterAll, expect, test } from 'vitest'
import type { SqlDriver } from '../adapters/sql/driver.ts'
import { createSqlStores } from '../adapters/sql/stores.ts'
import { openSqlite } from '../adapters/sqlite/open.ts'
import { systemTimers } from '../adapters/system/timers.ts'
import { createMasterKeys } from '../domain/master-keys.ts'
import { createAudit } from './audit.ts'
import { createKeyRing } from './key-ring.ts'
import { createKeySafe } from './key-safe.ts'
import { registerMasterKeys } from './master-key-register.ts'
import { createRotateKeys } from './rotate-keys.ts'
import { createVerifyAudit } from './verify-audit.ts'

// Several connections on one file of SQLite, as several services would have them.

const ISSUER = 'https://auth.example.com'
const START = 1_800_000_000_000
const folder = mkdtempSync(join(tmpdir(), 'countersign-keys-'))
const path = join(folder, 'countersign.db')
const drivers: SqlDriver[] = []
const masterKeys = createMasterKeys(new Map([[1, randomBytes(32)]]))
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }
const now = () => START

afterAll(async () => {
  for (const driver of drivers) await driver.close()
  rmSync(folder, { recursive: true })
})

async function start() {
  const driver = await openSqlite({ path, now, timers: systemTimers })
  drivers.push(driver)
  const { keys, meta, audit: log } = createSqlStores(driver, now)
  const { auditKey } = await registerMasterKeys({ meta, keys, masterKeys, random, now })
  const audit = createAudit({ log, masterKeys, random, report: { error() {} } })
  const safe = createKeySafe({ masterKeys, random, issuer: ISSUER, generateKey: (alg) => generateSigningKey(alg) })
  const policy = { algorithm: 'ES256', accessTokenLifetime: 600, keyPeriod: 2_592_000, keyLead: 172_800 }
  const ring = createKeyRing({ issuer: ISSUER, audiences: [], keys, safe, clock: { wall: now, mono: now }, policy })
  await ring.refresh()
  const rotate = createRotateKeys({ keys, ring, safe, audit, now, policy })
  const claims = {
    iss: ISSUER,
    sub: 's',
    aud: ISSUER,
    iat: START / 1000,
    exp: START / 1000 + 600,
    jti: 'j',
    client_id: 'c',
  }
  const sign = () => ring.sign(claims, START)
  return { ring, rotate, sign, audit, keys, verify: createVerifyAudit({ log, key: auditKey }) }
}

test('S-K08 S-A05 services on one database agree on keys, rotations and the order of the audit log', async () => {
  const services = await Promise.all(Array.from({ length: 4 }, start))
  const [first] = services
  if (first === undefined) throw new TypeError('no service')
  expect(await first.keys.list()).toHaveLength(2)

  const before = await Promise.all(services.map(({ sign }) => sign()))
  expect(new Set(before.map((token) => decode(token).header.kid)).size).toBe(1)

  const started = await Promise.all(services.map(({ rotate }) => rotate({ now: true }, { actor: 'cli' })))
  expect(new Set(started.flat()).size).toBe(1)
  expect(await first.keys.list()).toHaveLength(3)
  for (const { ring } of services) {
    await ring.refresh()
    expect(
      ring
        .list()
        .map(({ state }) => state)
        .sort(),
    ).toEqual(['active', 'published', 'retiring'])
    for (const token of before) expect(ring.tryVerify(token).ok).toBe(true)
  }

  await Promise.all(
    services.flatMap(({ audit }) =>
      Array.from({ length: 10 }, () => audit.record({ event: 'login.succeeded', result: 'ok' })),
    ),
  )
  const verdict = await first.verify()
  expect(verdict.fault).toBeUndefined()
  // Everybody recorded a rotation before trying it, and three that somebody was first.
  expect(verdict.checked).toBe(4 + 3 + 40)
})
