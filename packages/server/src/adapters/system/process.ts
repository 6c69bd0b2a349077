import { cwd, stderr } from 'node:process'

/** Where log lines go. */
export const standardError: { write(line: string): void } = {
  write(line) {
    stderr.write(line)
  },
}

/** The folder where the command was given. */
export function workingFolder(): string {
  return cwd()
}
