import { isIP } from 'node:net'
import { type Duration, formatDuration, parseDuration, seconds } from './duration.ts'

/** A value, or why there is none. `why` completes the sentence "NAME …" and never holds the value. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }

/** What a default may be derived from. */
export interface Known {
  readonly port: number
  readonly issuer: string
  readonly dataDir: string
}

/** One row of the table of settings. `T` is the type of a value, `D` that of an absent one: `never` or `undefined`. */
export interface Setting<T, D = never> {
  /** What it is, in one or two sentences. */
  readonly doc: string
  /** What fits, in a few words: `a duration from 1s to 60m`. */
  readonly accepts: string
  /** The placeholder in help texts. */
  readonly placeholder: string
  readonly fallback: Fallback<T | D>
  readonly example: string | undefined
  /** Never shown, and has no flag that takes its value: arguments stand in the list of processes. */
  readonly secret: boolean
  /** May also be read from the file that `COUNTERSIGN_…_FILE` names. */
  readonly file: boolean
  /** Reads the text of a flag or a variable. */
  readonly parse: (text: string) => Parsed<T>
  /** Checks a value of `countersign.config.ts` or of an embedding application. */
  readonly check: (value: unknown) => Parsed<T>
  /** The text that `parse` would read as this value. */
  readonly show: (value: T) => string
}

/** Where the value comes from when nobody sets it, with the words for it. */
export interface Fallback<T> {
  readonly text: string
  readonly value: (known: Known) => T
}

/** What every kind of setting takes. */
interface Row {
  readonly doc: string
  readonly example?: string
}

/** A default that follows from other settings. */
export interface Derived<T> {
  readonly derived: Fallback<T>
}
interface Plain<T> {
  readonly default: T
}
type Defaulted<T> = Plain<T> | Derived<T>

const good = <T>(value: T): Parsed<T> => ({ ok: true, value })
const bad = (why: string): Parsed<never> => ({ ok: false, why })

/** Asks more of a text than that it is one. Answers why not, or `undefined`. */
export type TextRule = (text: string) => string | undefined

/** A single text, judged by `rule`. */
export function text(
  row: Row & Defaulted<string> & { accepts: string; rule: TextRule; placeholder?: string },
): Setting<string> {
  const { check, ...kind } = textKind(row.accepts, row.rule, row.placeholder ?? 'text')
  return { ...shared(row), ...kind, check, fallback: fallback(row, (value) => value) }
}

/** A text that is never shown. Without it there is `undefined`. */
export function secret(row: Row & { accepts: string; rule: TextRule; absent: string }): Setting<string, undefined> {
  const kind = textKind(row.accepts, row.rule, 'secret')
  return { ...shared(row), ...kind, secret: true, file: true, fallback: absent(row.absent) }
}

/** Several secrets, separated by commas. Without them there is `undefined`. */
export function secretList(
  row: Row & { accepts: string; rule: (items: readonly string[]) => string | undefined; absent: string },
): Setting<readonly string[], undefined> {
  const kind = listKind(row.accepts, row.rule, 'secrets')
  return { ...shared(row), ...kind, secret: true, file: true, fallback: absent(row.absent) }
}

/** A setting of a feature that this version lacks: setting it is a fault, since taking it in silence would mislead. */
export function unsupported(row: Row & { absent: string }): Setting<never, undefined> {
  const refuse = () => bad('is not supported yet by this version; remove it')
  const shape = { accepts: 'nothing yet', placeholder: 'text', show: () => '' }
  return { ...shared(row), ...shape, file: true, parse: refuse, check: refuse, fallback: absent(row.absent) }
}

/** A whole number. */
export function integer(row: Row & Plain<number> & { min: number; max: number }): Setting<number> {
  const why = `is not a whole number from ${row.min} to ${row.max}`
  const check = (value: unknown): Parsed<number> =>
    typeof value === 'number' && Number.isInteger(value) && value >= row.min && value <= row.max
      ? good(value)
      : bad(why)
  return {
    ...shared(row),
    accepts: `a whole number from ${row.min} to ${row.max}`,
    placeholder: 'number',
    parse: (input) => (/^\d{1,9}$/.test(input) ? check(Number(input)) : bad(why)),
    check,
    show: String,
    fallback: fallback(row, String),
  }
}

/** A length of time: text with a unit in variables and flags, a number of seconds as a value. */
export function duration(row: Row & { default: Duration; min: Duration; max: Duration }): Setting<number> {
  const [min, max] = [seconds(row.min), seconds(row.max)]
  const bounded = (value: number): Parsed<number> => {
    if (value < min) return bad(`is less than ${row.min}`)
    if (value > max) return bad(`is more than ${row.max}`)
    return good(value)
  }
  return {
    ...shared(row),
    accepts: `a duration from ${row.min} to ${row.max}`,
    placeholder: 'duration',
    parse: (input) => {
      const value = parseDuration(input)
      return value === undefined ? bad('is not a duration such as 30s, 10m, 48h or 14d') : bounded(value)
    },
    check: (value) =>
      typeof value === 'number' && Number.isInteger(value) ? bounded(value) : bad('is not a whole number of seconds'),
    show: formatDuration,
    fallback: { text: row.default, value: () => seconds(row.default) },
  }
}

/** One word of a few. */
export function choice<const T extends string>(row: Row & Defaulted<T> & { values: readonly T[] }): Setting<T> {
  const words = row.values.join(', ')
  const check = (value: unknown): Parsed<T> => {
    const found = row.values.find((word) => word === value)
    return found === undefined ? bad(`is not one of ${words}`) : good(found)
  }
  return {
    ...shared(row),
    accepts: `one of ${words}`,
    placeholder: 'word',
    parse: check,
    check,
    show: (value) => value,
    fallback: fallback(row, (value) => value),
  }
}

/** `on` or `off`. */
export function toggle(row: Row & Plain<'on' | 'off'>): Setting<'on' | 'off'> {
  return choice({ ...row, values: ['on', 'off'] })
}

/** Several texts, separated by commas in a variable or a flag, an array as a value. */
export function list(
  row: Row & Defaulted<readonly string[]> & { accepts: string; rule: TextRule },
): Setting<readonly string[]> {
  // None at all fits only where none is the default too: no audience would be no token.
  const mayBeEmpty = 'default' in row && row.default.length === 0
  const kind = listKind(row.accepts, everyItem(row.rule, mayBeEmpty), 'list')
  return { ...shared(row), ...kind, fallback: fallback(row, (value) => value.join(',') || 'none') }
}

/** Addresses and CIDR ranges, separated by commas. */
export function cidrList(row: Row & Plain<readonly string[]>): Setting<readonly string[]> {
  return list({ ...row, accepts: 'addresses and CIDR ranges, separated by commas', rule: cidrRule })
}

/** A JSON object that maps a name to a list of texts. */
export function jsonMap(
  row: Row & { accepts: string; rule: (name: string, items: readonly string[]) => string | undefined },
): Setting<Readonly<Record<string, readonly string[]>>> {
  const why = 'is not a JSON object of lists of texts'
  const check = (value: unknown): Parsed<Readonly<Record<string, readonly string[]>>> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad(why)
    const map: Record<string, readonly string[]> = Object.create(null)
    for (const [name, items] of Object.entries(value)) {
      if (!isTextList(items)) return bad(why)
      const fault = row.rule(name, items)
      if (fault !== undefined) return bad(fault)
      map[name] = [...items]
    }
    return good(map)
  }
  return {
    ...shared(row),
    accepts: row.accepts,
    placeholder: 'json',
    parse: (input) => {
      const value = parseJson(input)
      return value === undefined ? bad(why) : check(value)
    },
    check,
    show: (value) => JSON.stringify(value),
    fallback: { text: 'none', value: () => ({}) },
  }
}

function shared(row: Row): { doc: string; example: string | undefined; secret: boolean; file: boolean } {
  return { doc: row.doc, example: row.example, secret: false, file: false }
}

function fallback<T>(row: Defaulted<T>, show: (value: T) => string): Fallback<T> {
  return 'derived' in row ? row.derived : { text: show(row.default), value: () => row.default }
}

function absent(words: string): Fallback<undefined> {
  return { text: words, value: () => undefined }
}

function textKind(accepts: string, rule: TextRule, placeholder: string) {
  const parse = (input: string): Parsed<string> => {
    const why = rule(input)
    return why === undefined ? good(input) : bad(why)
  }
  const check = (value: unknown): Parsed<string> => (typeof value === 'string' ? parse(value) : bad('is not a text'))
  return { accepts, placeholder, parse, check, show: (value: string) => value }
}

function listKind(accepts: string, rule: (items: readonly string[]) => string | undefined, placeholder: string) {
  const judge = (items: readonly string[]): Parsed<readonly string[]> => {
    if (items.includes('')) return bad('has an empty entry')
    if (new Set(items).size < items.length) return bad('names something twice')
    const why = rule(items)
    return why === undefined ? good(items) : bad(why)
  }
  return {
    accepts,
    placeholder,
    parse: (input: string) => judge(input.split(',').map((item) => item.trim())),
    check: (value: unknown): Parsed<readonly string[]> =>
      isTextList(value) ? judge([...value]) : bad('is not a list of texts'),
    show: (value: readonly string[]) => value.join(','),
  }
}

function everyItem(rule: TextRule, mayBeEmpty: boolean): (items: readonly string[]) => string | undefined {
  return (items) =>
    items.length === 0 && !mayBeEmpty ? 'has no entry' : items.map(rule).find((why) => why !== undefined)
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function parseJson(input: string): unknown {
  try {
    return JSON.parse(input)
  } catch {
    return undefined
  }
}

function cidrRule(entry: string): string | undefined {
  const [address, prefix, more] = entry.split('/')
  const family = isIP(address ?? '')
  const bits = family === 4 ? 32 : 128
  const wellFormed = prefix === undefined || (/^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= bits)
  return family === 0 || more !== undefined || !wellFormed ? 'has an entry that is no address or CIDR range' : undefined
}
