import type { FreshStores, Runner } from './runner.ts'
import { testAgreement } from './session-agreement.ts'
import { testSessionLife } from './session-life.ts'
import { testRotation } from './session-rotation.ts'

/**
 * What every session store must do. An adapter is done when this is green.
 *
 * @param fresh makes a new set of data, on which any number of stores may be opened: the suite races several
 * @param runner the caller's own `describe`, `test` and `expect`
 */
export function testSessionStore(name: string, fresh: FreshStores, runner: Runner): void {
  runner.describe(`session store: ${name}`, () => {
    testSessionLife(fresh, runner)
    testRotation(fresh, runner)
    testAgreement(fresh, runner)
  })
}
