import { expect, test } from 'vitest'
import { AuthError } from '../../domain/errors.ts'
import { createHashQueue, type HashQueueOptions } from './hash-queue.ts'

/** Work that ends when the test says so, on a clock that stands until the test moves it. */
function bench(options: Partial<HashQueueOptions> = {}) {
  let now = 0
  const running: { name: string; end: () => void }[] = []
  const queue = createHashQueue({
    clock: { wall: () => now, mono: () => now },
    concurrency: 2,
    maxWaiting: 3,
    maxWait: 10_000,
    firstGuess: 100,
    ...options,
  })
  return {
    run: (name: string) =>
      queue.run(
        () =>
          new Promise<string>((resolve) => {
            running.push({ name, end: () => resolve(name) })
          }),
      ),
    running: () => running.map(({ name }) => name),
    async end(name: string, took = 0) {
      now += took
      const index = running.findIndex((one) => one.name === name)
      running.splice(index, 1)[0]?.end()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('S-P07 no more than the bound run at once, the others follow in order', async () => {
  const { run, running, end } = bench()
  const results = ['a', 'b', 'c', 'd'].map(run)
  await end('none')
  expect(running()).toEqual(['a', 'b'])
  await end('b')
  expect(running()).toEqual(['a', 'c'])
  await end('a')
  expect(running()).toEqual(['c', 'd'])
  await end('c')
  await end('d')
  expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd'])
})

test('S-P07 a full line is refused at once with the time to come back', async () => {
  const { run, end } = bench({ firstGuess: 1_500 })
  const results = ['a', 'b', 'c', 'd', 'e'].map(run)
  const refused = await run('f').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(AuthError)
  expect(refused).toMatchObject({ code: 'service_busy', retryAfter: 3 })
  for (const name of ['a', 'b', 'c', 'd', 'e']) await end(name)
  expect(await Promise.all(results)).toHaveLength(5)
})

test('who would wait too long is refused though there is room', async () => {
  const { run, end } = bench({ concurrency: 1, maxWait: 1_000, firstGuess: 400 })
  const results = ['a', 'b', 'c'].map(run)
  await expect(run('d')).rejects.toMatchObject({ code: 'service_busy', retryAfter: 2 })
  for (const name of ['a', 'b', 'c']) await end(name)
  await Promise.all(results)
})

test('the expected wait follows what work really takes', async () => {
  const { run, end } = bench({ concurrency: 1, maxWait: 1_000, firstGuess: 100 })
  for (let round = 0; round < 20; round++) {
    const result = run('slow')
    await end('none')
    await end('slow', 2_000)
    await result
  }
  const first = run('a')
  await expect(run('b')).rejects.toMatchObject({ code: 'service_busy' })
  await end('a')
  await first
})

test('work that fails gives its place back', async () => {
  const { run, running, end } = bench({ concurrency: 1 })
  const queue = createHashQueue({
    clock: { wall: () => 0, mono: () => 0 },
    concurrency: 1,
    maxWaiting: 1,
    maxWait: 1_000,
    firstGuess: 1,
  })
  await expect(queue.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await queue.run(async () => 'next')).toBe('next')
  const result = run('a')
  await end('none')
  expect(running()).toEqual(['a'])
  await end('a')
  await result
})
