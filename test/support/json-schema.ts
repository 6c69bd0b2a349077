/** The part of JSON Schema (2020-12) that our documents use. A keyword that is not known here is a fault of the schema. */
export type Schema = Readonly<Record<string, unknown>>

type Check = (wanted: unknown, value: unknown, schema: Schema, resolve: Resolve) => readonly string[]
type Resolve = (ref: string) => Schema

/**
 * Holds a value against a schema.
 *
 * @returns what is wrong, one line for each fault
 * @throws {TypeError} for a keyword that this checker does not know
 */
export function faultsOf(schema: Schema, value: unknown, resolve: Resolve): readonly string[] {
  return Object.entries(schema).flatMap(([keyword, wanted]) => {
    const check = KEYWORDS[keyword]
    if (check === undefined) throw new TypeError(`the schema uses ${keyword}, which is not checked`)
    return check(wanted, value, schema, resolve)
  })
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: (value) => Array.isArray(value),
  object: isObject,
}

const KEYWORDS: Readonly<Record<string, Check>> = {
  $ref: (ref, value, _schema, resolve) => faultsOf(resolve(String(ref)), value, resolve),
  type: (type, value) => fault(TYPES[String(type)]?.(value) === true, `is no ${type}`),
  const: (wanted, value) => fault(wanted === value, `is not ${wanted}`),
  enum: (list, value) => fault(Array.isArray(list) && list.includes(value), `is none of ${list}`),
  minLength: (least, value) => fault(typeof value !== 'string' || value.length >= Number(least), 'is too short'),
  maxLength: (most, value) => fault(typeof value !== 'string' || value.length <= Number(most), 'is too long'),
  minItems: (least, value) => fault(!Array.isArray(value) || value.length >= Number(least), 'has too few items'),
  maxItems: (most, value) => fault(!Array.isArray(value) || value.length <= Number(most), 'has too many items'),
  required: (names, value) =>
    (names as readonly string[]).flatMap((name) =>
      fault(!isObject(value) || Object.hasOwn(value, name), `lacks ${name}`),
    ),
  properties: (shapes, value, _schema, resolve) =>
    Object.entries(shapes as Record<string, Schema>).flatMap(([name, shape]) =>
      isObject(value) && Object.hasOwn(value, name) ? below(name, faultsOf(shape, value[name], resolve)) : [],
    ),
  additionalProperties: (allowed, value, schema, resolve) =>
    Object.entries(isObject(value) ? value : {})
      .filter(([name]) => !Object.hasOwn((schema.properties ?? {}) as object, name))
      .flatMap(([name, one]) =>
        allowed === false ? [`has ${name}`] : isObject(allowed) ? below(name, faultsOf(allowed, one, resolve)) : [],
      ),
  propertyNames: (shape, value, _schema, resolve) =>
    Object.keys(isObject(value) ? value : {}).flatMap((name) => faultsOf(shape as Schema, name, resolve)),
  items: (shape, value, _schema, resolve) =>
    (Array.isArray(value) ? value : []).flatMap((one, i) => below(String(i), faultsOf(shape as Schema, one, resolve))),
  anyOf: (shapes, value, _schema, resolve) =>
    fault(
      (shapes as readonly Schema[]).some((shape) => faultsOf(shape, value, resolve).length === 0),
      'fits none of the shapes',
    ),
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fault(fits: boolean, text: string): readonly string[] {
  return fits ? [] : [text]
}

function below(name: string, faults: readonly string[]): readonly string[] {
  return faults.map((one) => `${name} ${one}`)
}
