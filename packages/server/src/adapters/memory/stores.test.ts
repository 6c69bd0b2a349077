import { describe, expect, test } from 'vitest'
import type { FreshStores } from '../../conformance/runner.ts'
import { testSessionStore } from '../../conformance/session-store.ts'
import { createMemoryState } from './state.ts'
import { createMemoryStores } from './stores.ts'

const fresh: FreshStores = () => {
  const state = createMemoryState()
  return async (now) => createMemoryStores(now, state)
}

const runner = { describe, test, expect }
testSessionStore('memory', fresh, runner)
