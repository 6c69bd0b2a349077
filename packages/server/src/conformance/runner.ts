import type { Stores } from '../ports/stores.ts'

/** The part of a test runner that the suites use; Vitest's and Jest's own have this shape. */
export interface Runner {
  describe(name: string, body: () => void): void
  test(name: string, body: () => Promise<void>): void
  expect(actual: unknown, message?: string): Expectation
}

export interface Expectation {
  toBe(expected: unknown): void
  toEqual(expected: unknown): void
}

/** Opens stores on the same data each time, with `now` (epoch milliseconds) in place of the database's clock. */
export type OpenStores = (now: () => number) => Promise<Stores>

/** Makes a new and empty set of data. Each test asks for one, so that none depends on another. */
export type FreshStores = () => OpenStores
