#!/usr/bin/env node
/**
 * The process: arguments, environment, signals and streams become values here, and nowhere below.
 */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { systemClock } from './adapters/system/clock.ts'
import { systemRandom } from './adapters/system/random.ts'
import { systemTimers } from './adapters/system/timers.ts'
import { nodeFiles } from './cli/files.ts'
import { runCli } from './cli/program.ts'
import { createCliServices } from './cli-services.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const INTERRUPTED = 130

const stop: { controller?: AbortController } = {}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first one asks whoever can finish in order; the second one, or one that nobody listens to, does not wait.
    if (stop.controller === undefined || stop.controller.signal.aborted) process.exit(INTERRUPTED)
    stop.controller.abort()
  })
}

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  version,
  out: (line) => process.stdout.write(line),
  err: (line) => process.stderr.write(line),
  interactive: process.stderr.isTTY === true,
  stdin: () => text(process.stdin),
  files: nodeFiles,
  importModule: (path) => import(pathToFileURL(path).href),
  random: (length) => systemRandom.bytes(length),
  now: () => systemClock.wall(),
  fetch: (request) => fetch(request),
  services: createCliServices({
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    cores: cpus().length,
    logTo: { write: (line) => process.stderr.write(line) },
    untilStopped() {
      stop.controller ??= new AbortController()
      return stop.controller.signal
    },
  }),
})
