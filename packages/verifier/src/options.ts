/**
 * Refuses what an options object must not be: not an object, a name that nobody reads, a value that is `undefined` or
 * null.
 * A misspelt option that passes in silence is a check that never runs.
 */
export function checkOptionNames(owner: string, options: unknown, allowed: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${owner}: the options must be an object`)
  }
  for (const [name, value] of Object.entries(options)) {
    if (!allowed.includes(name)) throw new TypeError(`${owner}: there is no option "${name}"`)
    if (value === undefined || value === null) throw new TypeError(`${owner}: the option "${name}" has no value`)
  }
}

/** A text that is not empty. An unset environment variable must never become an expectation. */
export function checkText(owner: string, name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') {
    throw new TypeError(`${owner}: "${name}" must be a text that is not empty`)
  }
  return value
}

/** One name or several, none of them empty, as a list. */
export function checkNames(owner: string, name: string, value: unknown): readonly [string, ...string[]] {
  if (!Array.isArray(value)) return [checkText(owner, name, value)]
  const [first, ...rest] = value.map((entry) => checkText(owner, name, entry))
  if (first === undefined) throw new TypeError(`${owner}: "${name}" must name at least one`)
  return [first, ...rest]
}

/** A function, where one is given. */
export function checkFunction(owner: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw new TypeError(`${owner}: "${name}" must be a function`)
}
