import { expect, test } from 'vitest'
import { brokenVerify } from './broken-verifier.ts'
import type { AttackCase } from './cases/attack.ts'
import { CASES } from './cases.ts'
import { OWNERS } from './forge.ts'

const accepts = (token: unknown, { alg }: AttackCase): boolean => {
  try {
    return brokenVerify(token, OWNERS[alg])
  } catch {
    return false
  }
}

test('the playbook finds the verifier that is broken on purpose', () => {
  const found = new Set(
    CASES.filter((entry) => Object.values(entry.forms).some((token) => accepts(token, entry))).map(({ id }) => id),
  )
  console.info(`found by ${found.size} attacks: ${[...found].join(' ')}`)
  const due = [
    'A01',
    'A02',
    'A03',
    'A09',
    'B01',
    'C03',
    'C07',
    'C10',
    'C11',
    'C12',
    'C13',
    'C14',
    'D01',
    'D04',
    'D05',
    'D08',
    'D14',
    'D16',
    'D17',
    'E01',
    'E04',
    'E05',
    'E07',
    'E09',
    'E10',
    'E16',
    'E17',
  ]
  expect(due.filter((id) => !found.has(id))).toEqual([])
})

test('it does accept what it should, so the attacks are not refused for want of a working verifier', () => {
  const refused = CASES.filter((entry) => !accepts(entry.control, entry)).map(({ id, title }) => `${id} ${title}`)
  expect(refused).toEqual([
    'B14 a PKCS #1 signature under the name PS256', // it has never heard of PSS
    'D01 the key in the header', // it trusts that key, so its owner's own signature does not fit
  ])
})
