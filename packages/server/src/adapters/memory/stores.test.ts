import { describe, expect, test } from 'vitest'
import { testRevocations } from '../../conformance/revocations.ts'
import type { FreshStores } from '../../conformance/runner.ts'
import { testStores } from '../../conformance/stores.ts'
import { createMemoryState } from './state.ts'
import { createMemoryStores } from './stores.ts'

const fresh: FreshStores = () => {
  const state = createMemoryState()
  return async (now) => createMemoryStores(now, state)
}

const runner = { describe, test, expect }
testStores('memory', fresh, runner)

testRevocations(
  'memory',
  () => {
    const state = createMemoryState()
    return {
      open: async (now) => createMemoryStores(now, state),
      revocations: async () => [...state.revocations.values()],
    }
  },
  runner,
)
