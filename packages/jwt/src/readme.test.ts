import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import * as jwt from './index.ts'

test('the example of the README runs, and every function it names exists', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const code = /```ts\n([\s\S]+?)```/.exec(readme)?.[1] ?? ''
  const body = code.replace(/import \{([^}]+)\} from '@countersign\/jwt'/, 'const {$1} = jwt')
  const log = vi.fn()
  const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as FunctionConstructor
  await new AsyncFunction('jwt', 'console', body)(jwt, { log })
  expect(log.mock.calls).toEqual([['u_42'], ['jwt_signature_invalid']])

  const names = [...readme.matchAll(/`(create\w+|import\w+|export\w+|generate\w+|thumbprint|decode|unchecked)\b/g)].map(
    (match) => match[1] ?? '',
  )
  expect(names.length).toBeGreaterThan(15)
  for (const name of names) expect(Object.keys(jwt)).toContain(name)
})
