import type { MetaStore } from '../../ports/meta-store.ts'
import { textOf } from './columns.ts'
import type { SqlDriver } from './driver.ts'

export const GET = 'SELECT value FROM meta WHERE name = $1'

export const SET_ONCE = 'INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING value'

export const SET =
  'INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value'

export function createSqlMetaStore(driver: SqlDriver): MetaStore {
  return {
    get,

    async setOnce(name, value) {
      const [row] = await driver.run(SET_ONCE, [name, value])
      if (row !== undefined) return textOf(row, 'value')
      return (await get(name)) ?? value // nothing is ever deleted here, so it is there
    },

    async set(name, value) {
      await driver.run(SET, [name, value])
    },
  }

  async function get(name: string): Promise<string | undefined> {
    const [row] = await driver.run(GET, [name])
    return row === undefined ? undefined : textOf(row, 'value')
  }
}
