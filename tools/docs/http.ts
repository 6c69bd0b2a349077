import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCountersign } from '@countersign/server'
import { heading, type Page, table } from './page.ts'

/** The parts of an OpenAPI 3.1 document that the page shows. */
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}
interface Operation {
  readonly summary: string
  readonly security?: readonly object[]
  readonly parameters?: readonly { name: string; in: string; description?: string }[]
  readonly requestBody?: { required: boolean; content: Readonly<Record<string, { schema: Schema }>> }
  readonly responses: Readonly<Record<string, { description: string; content?: Readonly<Record<string, unknown>> }>>
}
interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
}

/** `docs/reference/http.md`: the table of routes, as a running service tells it in its OpenAPI document. */
export async function httpPage(): Promise<Page> {
  const { paths } = await readOpenApi()
  const text = [
    heading('HTTP', 'the table of routes'),
    'JSON in and out; members that are not named here are refused. Errors are problem documents with a `code`, see',
    '[errors.md](errors.md). Every answer has `x-request-id`. All paths hang under the path of the issuer, if it has one.',
    'The same as OpenAPI 3.1 is at `/openapi.json` of a running service.\n',
    ...Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, operation]) => section(method, path, operation)),
    ),
  ]
  return { path: 'docs/reference/http.md', text: text.join('\n') }
}

/** Asks a real service, so that the page cannot say what the service does not. */
async function readOpenApi(): Promise<OpenApi> {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-docs-'))
  const countersign = createCountersign({ issuer: 'http://localhost:4000', dataDir, logLevel: 'silent' })
  try {
    const response = await countersign.fetch(new Request('http://localhost:4000/openapi.json'))
    if (!response.ok) throw new Error(`/openapi.json answers ${response.status}`)
    return (await response.json()) as OpenApi
  } finally {
    await countersign.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

function section(method: string, path: string, operation: Operation): string[] {
  const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema
  const answers = Object.entries(operation.responses).map(([status, { description, content }]) => [
    status,
    description,
    Object.keys(content ?? {})
      .map((type) => `\`${type}\``)
      .join(', '),
  ])
  return [
    `## ${method.toUpperCase()} ${path}\n`,
    `${operation.summary}${operation.security === undefined ? '' : ' Takes an access token.'}\n`,
    ...(operation.parameters ?? []).map(
      ({ name, in: place, description }) =>
        `- \`${name}\` in the ${place}${description === undefined ? '' : `: ${description}`}`,
    ),
    ...((operation.parameters ?? []).length > 0 ? [''] : []),
    ...(schema?.properties === undefined
      ? []
      : [
          table(
            ['member', 'takes', 'needed'],
            Object.entries(schema.properties).map(([name, member]) => [
              `\`${name}\``,
              describe(member),
              schema.required?.includes(name) ? 'yes' : 'no',
            ]),
          ),
          '',
        ]),
    table(['status', 'says', 'type'], answers),
    '',
  ]
}

function describe(schema: Schema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${String(word)}\``).join(', ')
  if (schema.anyOf !== undefined) return schema.anyOf.map(describe).join(' or ')
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'anything' : describe(schema.items)}`
  const { type = 'anything', minLength, maxLength } = schema
  if (maxLength === undefined) return type
  return `${type}, ${minLength === undefined ? 'up to' : `${minLength} to`} ${maxLength} characters`
}
