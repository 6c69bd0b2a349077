import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { arrowFaults, type Fault } from './arrows.ts'
import { findDrift } from './generate-docs.ts'
import { seamFaults } from './seams.ts'
import { ROOT, readSources } from './source.ts'

const PACKAGES = ['jwt', 'protocol', 'verifier', 'client', 'server'].map((name) => join(ROOT, 'packages', name))

/** `npm run check`: everything that can be said about the code without running it. Exit 1 when anything is wrong. */
const CHECKS: readonly { name: string; cure: string; run: () => Promise<string> }[] = [
  {
    name: 'types of the packages',
    cure: 'npm run build',
    run: () => runTool('typescript/bin/tsc', ['-b', ...PACKAGES]),
  },
  { name: 'types of the rest', cure: 'npx tsc --noEmit', run: () => runTool('typescript/bin/tsc', ['--noEmit']) },
  { name: 'lint and format', cure: 'npm run format', run: () => runTool('@biomejs/biome/bin/biome', ['check', '.']) },
  { name: 'arrows', cure: 'see ARCHITECTURE.md', run: async () => showFaults(arrowFaults(readSources())) },
  { name: 'seams', cure: 'see CONTRIBUTING.md, rule 9', run: async () => showFaults(seamFaults(readSources())) },
  { name: 'generated pages', cure: 'npm run docs', run: async () => (await findDrift()).join('\n') },
]

const started = performance.now()
const outcomes = await Promise.all(CHECKS.map(async (check) => ({ ...check, faults: await faultsOf(check.run) })))
for (const { name, cure, faults } of outcomes) {
  console.log(faults === '' ? `ok      ${name}` : `FAILED  ${name} (${cure})\n\n${faults}\n`)
}
const failed = outcomes.filter(({ faults }) => faults !== '').length
const seconds = ((performance.now() - started) / 1000).toFixed(1)
console.log(`${outcomes.length - failed} of ${outcomes.length} checks passed in ${seconds} s`)
process.exitCode = failed === 0 ? 0 : 1

/** A check that breaks has failed; it must not hide what the others found. */
async function faultsOf(run: () => Promise<string>): Promise<string> {
  try {
    return await run()
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

/** Runs a script of `node_modules` on this very Node and gives what it printed when it failed, else nothing. */
function runTool(script: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', script), ...args], { cwd: ROOT })
    const printed: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => printed.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => printed.push(chunk))
    child.on('error', reject)
    child.on('close', (status) => {
      const text = Buffer.concat(printed).toString('utf8').trim()
      resolve(status === 0 ? '' : text || `${script} ended with ${status}`)
    })
  })
}

function showFaults(faults: readonly Fault[]): string {
  return faults.map(({ path, line, message }) => `${path}:${line}: ${message}`).join('\n')
}
