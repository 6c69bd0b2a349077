import { isUtf8 } from 'node:buffer'

/**
 * Reads bytes as a JSON object, or gives undefined.
 *
 * Invalid UTF-8 is refused: a decoder that puts U+FFFD in its place makes two users one (RFC 8725 §3.7). A byte order
 * mark stays in the text, where JSON does not allow it (RFC 8259 §8.1). Of duplicate members the last one counts,
 * as RFC 7519 §4 allows. Read members with {@link own}: a member named `__proto__` is an own property like any other.
 */
export function parseJsonObject(bytes: Buffer): Record<string, unknown> | undefined {
  if (!isUtf8(bytes)) return undefined
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** As {@link parseJsonObject}, and refuses an object in which a name stands twice (RFC 7515 §4, RFC 8725 §2.4). */
export function parseUniqueJsonObject(bytes: Buffer): Record<string, unknown> | undefined {
  const value = parseJsonObject(bytes)
  return value === undefined || repeatsName(bytes.toString('utf8')) ? undefined : value
}

export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object's own member of that name. Never what `Object.prototype` has: `toString` is not a claim. */
export function own(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/**
 * Freezes a value and all that it holds. With a list of its own instead of the call stack, so that a value nested
 * a million deep cannot exhaust it.
 *
 * What a schema made of the claims may be more than JSON: what is frozen already is left as it is, so that a cycle comes
 * to an end, and so are bytes, which JavaScript cannot freeze.
 */
export function deepFreeze<T extends object>(value: T): T {
  const rest: object[] = [value]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    Object.freeze(next)
    for (const member of Object.values(next)) {
      if (isFreezable(member)) rest.push(member)
    }
  }
  return value
}

function isFreezable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)
}

/** Whether, in a text that is known to be JSON, an object holds two members of the same name, at any depth. */
function repeatsName(json: string): boolean {
  const open: (Set<string> | undefined)[] = [] // a set of names for each open object, undefined for each open array
  for (let at = 0; at < json.length; at++) {
    const character = json[at]
    if (character === '{') open.push(new Set())
    else if (character === '[') open.push(undefined)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = endOfString(json, at)
      const names = open.at(-1)
      if (names !== undefined && isFollowedByColon(json, end)) {
        const name = String(JSON.parse(json.slice(at, end))) // two spellings of one name are the same name
        if (names.has(name)) return true
        names.add(name)
      }
      at = end - 1
    }
  }
  return false
}

function endOfString(json: string, start: number): number {
  let at = start + 1
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at + 1
}

function isFollowedByColon(json: string, from: number): boolean {
  let at = from
  while (json[at] === ' ' || json[at] === '\t' || json[at] === '\n' || json[at] === '\r') at++
  return json[at] === ':'
}
