/**
 * Reads JSON and refuses an object that names a member twice: two readers of such a text may see two values
 * (RFC 8259 §4). `JSON.parse` keeps the last one without a word, so the names are looked at first.
 *
 * @returns `undefined` for what is no such JSON
 */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return hasDuplicateNames(text) ? undefined : { value }
  } catch {
    return undefined
  }
}

const STRING = /"(?:[^"\\]|\\.)*"/y

/** @param text valid JSON, so that a plain walk over its signs suffices */
function hasDuplicateNames(text: string): boolean {
  const open: (Set<string> | undefined)[] = [] // a set for an object, `undefined` for an array
  let nameComes = false
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
        open.push(new Set())
        nameComes = true
        break
      case '[':
        open.push(undefined)
        nameComes = false
        break
      case '}':
      case ']':
        open.pop()
        nameComes = false
        break
      case ',':
        nameComes = open.at(-1) !== undefined
        break
      case '"': {
        STRING.lastIndex = at
        const [string = ''] = STRING.exec(text) ?? []
        if (nameComes) {
          // Compared as they read, not as they are written: an escape must not hide a name.
          const name = JSON.parse(string) as string
          const names = open.at(-1)
          if (names?.has(name)) return true
          names?.add(name)
          nameComes = false
        }
        at += string.length - 1
        break
      }
    }
  }
  return false
}
