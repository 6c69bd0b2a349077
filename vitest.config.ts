import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

const conditions = ['@countersign/source', ...defaultServerConditions]

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: ['@countersign/source', 'node'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    execArgv: ['--conditions=@countersign/source'],
    testTimeout: 20_000,
    reporters: ['default', './tools/count-reporter.ts'],
  },
})
