import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as account from '../sql/account-store.ts'
import * as audit from '../sql/audit-log.ts'
import * as endAll from '../sql/end-sessions.ts'
import * as key from '../sql/key-store.ts'
import * as meta from '../sql/meta-store.ts'
import * as revocation from '../sql/revocations.ts'
import * as session from '../sql/session-store.ts'
import { systemTimers } from '../system/timers.ts'
import { openSqlite } from './open.ts'

const MODULES = { account, audit, endAll, key, meta, revocation, session }

/** Every statement of ours, by the name under which its module exports it. */
const STATEMENTS: readonly (readonly [string, string])[] = Object.entries(MODULES).flatMap(([module, exports]) =>
  Object.entries(exports).flatMap(([name, value]) =>
    typeof value === 'string' ? [[`${module}.${name}`, value] as const] : [],
  ),
)

/** What not every engine has, or has in another sense. */
const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  ['time or chance inside the statement', /\b(now|random|clock_timestamp|strftime|julianday|unixepoch)\s*\(|CURRENT_/i],
  ['functions that differ', /\b(greatest|least|max|min|ifnull|nvl|datetime|instr)\s*\(/i],
  ['INSERT OR …, REPLACE', /\bINSERT\s+OR\b|\bREPLACE\b/i],
  ['casts of one dialect', /::/],
  ['sequences and row ids', /\b(serial|nextval|autoincrement|rowid|last_insert_rowid|lastval)\b/i],
  ['locks', /\bFOR\s+(UPDATE|SHARE)\b|advisory/i],
  ['JSON and array operators', /->|@>|\bANY\s*\(|\bARRAY\b|json/i],
  ['a data-modifying WITH', /\bWITH\b/i],
  ['LIMIT on a DELETE or UPDATE itself', /^\s*(DELETE|UPDATE)(?![\s\S]*\bSELECT\b)[\s\S]*\bLIMIT\b/i],
  ['OFFSET', /\bOFFSET\b/i],
  ['parameters of another kind', /\?|[:@][a-z]/i],
  ['texts in double quotes', /"/],
]

/** Hot statements, which must reach their rows by the full key of a table and nothing else. */
const BY_KEY: Readonly<Record<string, string>> = {
  'session.ROTATE': 'SEARCH session USING PRIMARY KEY (slot=? AND sid=?)',
  'session.FIND': 'SEARCH session USING PRIMARY KEY (slot=? AND sid=?)',
  'session.END': 'SEARCH session USING PRIMARY KEY (slot=? AND sid=?)',
  'session.INSERT': 'SEARCH account USING PRIMARY KEY (slot=? AND id=?)',
  'session.LIST': 'SEARCH session USING INDEX session_by_account (slot=? AND account_id=?)',
  'endAll.END_SESSIONS': 'SEARCH session USING INDEX session_by_account (slot=? AND account_id=?)',
  'session.RAISE_VERSION': 'SEARCH account USING PRIMARY KEY (slot=? AND id=?)',
  'account.FIND': 'SEARCH account USING PRIMARY KEY (slot=? AND id=?)',
  'account.FIND_IDENTIFIER': 'SEARCH identifier USING PRIMARY KEY (slot=? AND kind=? AND key=?)',
  'account.RAISE_VERSION_FROM': 'SEARCH account USING PRIMARY KEY (slot=? AND id=?)',
  'account.SET_CREDENTIAL': 'SEARCH credential USING PRIMARY KEY (slot=? AND account_id=?)',
  'account.UPGRADE_HASH': 'SEARCH credential USING PRIMARY KEY (slot=? AND account_id=?)',
  'meta.GET': 'SEARCH meta USING PRIMARY KEY (name=?)',
  'audit.LAST': 'SEARCH a USING PRIMARY KEY (slot=?)',
}

const folder = mkdtempSync(join(tmpdir(), 'countersign-portability-'))
let database: DatabaseSync

beforeAll(async () => {
  const path = join(folder, 'x.db')
  await (await openSqlite({ path, now: () => 0, timers: systemTimers })).close()
  database = new DatabaseSync(path)
})

afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

test('every file of adapters/sql that holds statements is looked at', () => {
  const silent = ['columns.ts', 'driver.ts', 'outage.ts', 'stores.ts']
  const files = readdirSync(new URL('../sql/', import.meta.url)).filter((file) => !file.endsWith('.test.ts'))
  expect(files.filter((file) => !silent.includes(file)).length).toBe(Object.keys(MODULES).length)
  expect(STATEMENTS.length).toBeGreaterThan(35)
})

describe('the texts', () => {
  test.each(STATEMENTS)('%s is plain SQL', (_name, text) => {
    for (const [what, pattern] of FORBIDDEN) expect(pattern.test(text), what).toBe(false)
  })

  test.each(STATEMENTS.filter(([, text]) => /^\s*SELECT\b/.test(text)))(
    '%s has one answer: one row, or an order',
    (name, text) => {
      const isOfOneRow = /^(account\.FIND|session\.FIND|meta\.GET)/.test(name)
      expect(isOfOneRow || /\bORDER BY\b/.test(text)).toBe(true)
    },
  )

  test('the patterns find what they are for', () => {
    const wrong = [
      'SELECT now()',
      'SELECT greatest(1, 2)',
      'INSERT OR IGNORE INTO a VALUES (1)',
      'SELECT $1::int8',
      'SELECT rowid FROM a',
      'SELECT 1 FROM a FOR UPDATE',
      "SELECT a->>'b' FROM c",
      'WITH a AS (SELECT 1) SELECT 1',
      'DELETE FROM a LIMIT 5',
      'SELECT 1 LIMIT 1 OFFSET 2',
      'SELECT ?1',
      'SELECT "a"',
    ]
    for (const [i, text] of wrong.entries()) expect(FORBIDDEN[i]?.[1].test(text), text).toBe(true)
  })
})

describe('the plans', () => {
  test.each(Object.entries(BY_KEY))('%s goes by its key', (name, expected) => {
    expect(planOf(name)).toContain(expected)
  })

  test('no statement but those that mean all rows scans a table', () => {
    const scanning = STATEMENTS.map(([name]) => name).filter((name) =>
      planOf(name).some((step) => step.startsWith('SCAN')),
    )
    expect(scanning.sort()).toEqual([
      'account.ACTING_ADMINISTRATORS', // by a partial index that holds administrators alone
      'account.ANY_ADMINISTRATOR', // the same
      'account.LIST_FIRST', // in the order of the primary key, until the page is full
      'key.LIST', // a handful
    ])
    expect(planOf('account.ACTING_ADMINISTRATORS')).toEqual(['SCAN account USING INDEX account_by_administrator'])
  })
})

function planOf(name: string): string[] {
  const text = STATEMENTS.find(([other]) => other === name)?.[1]
  if (text === undefined) throw new Error(`${name} is no statement`)
  const rows = database.prepare(`EXPLAIN QUERY PLAN ${text.replaceAll(/\$(\d+)/g, '?$1')}`).all()
  return rows.map(({ detail }) => String(detail))
}
