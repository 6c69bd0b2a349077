import { ERRORS, type ErrorCode, PROBLEM_MEDIA_TYPE } from '@countersign/protocol'
import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import type { Access, Route } from './route.ts'
import { problem } from './schemas.ts'

/** What the table refuses by itself, by what a route declares. */
const BY_ACCESS: Readonly<Record<Access, readonly ErrorCode[]>> = {
  anyone: [],
  bearer_or_none: ['token_missing', 'token_invalid'],
  token: ['token_missing', 'token_invalid'],
  bearer: ['token_missing', 'token_invalid'],
  admin: ['token_missing', 'token_invalid', 'scope_insufficient'],
  admin_recent: ['token_missing', 'token_invalid', 'scope_insufficient', 'reauthentication_required'],
}
const ALWAYS: readonly ErrorCode[] = [
  'request_malformed',
  'host_unknown',
  'url_too_long',
  'internal_error',
  'store_unavailable',
]
const WITH_BODY: readonly ErrorCode[] = ['body_too_large', 'media_type_unsupported', 'body_invalid']

/** Every code that a route may answer with. */
export function codesOf(route: Route): readonly ErrorCode[] {
  const withBody = route.method === 'GET' ? [] : WITH_BODY
  return [...new Set([...route.errors, ...BY_ACCESS[route.access], ...withBody, ...ALWAYS])]
}

/** The OpenAPI 3.1 document, made from the table of routes that the service answers by. */
export function openApiDocument(issuer: string, routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:([a-z]+)/g, '{$1}')
    paths[path] ??= {}
    paths[path][route.method.toLowerCase()] = operation(route)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Countersign', version: '0.1.0', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: issuer }],
    paths,
    components: {
      schemas: { Problem: jsonSchema(problem) },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        basic: { type: 'http', scheme: 'basic' },
      },
    },
  }
}

function operation(route: Route): object {
  const parameters = [
    ...[...route.path.matchAll(/:([a-z]+)/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(route.query ?? {}).map(([name, description]) => ({
      name,
      in: 'query',
      description,
      schema: { type: 'string' },
    })),
  ]
  return {
    summary: route.summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.access === 'anyone'
      ? {}
      : { security: route.access === 'bearer_or_none' ? [{ bearer: [] }, {}] : [{ bearer: [] }] }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: route.bodyOptional !== true,
            content: { 'application/json': { schema: jsonSchema(route.body) } },
          },
        }),
    responses: { ...answers(route), ...refusals(route) },
  }
}

function answers(route: Route): Record<string, object> {
  const rows = route.answers.map(({ status, description, schema, mediaType }) => {
    const type = mediaType ?? 'application/json'
    const content =
      schema === undefined && mediaType === undefined
        ? {}
        : { content: { [type]: { schema: schema === undefined ? { type: 'string' } : jsonSchema(schema) } } }
    return [String(status), { description, ...content }] as const
  })
  return Object.fromEntries(rows)
}

/** One answer for each status, naming the codes that it may have. */
function refusals(route: Route): Record<string, object> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of codesOf(route)) {
    const { status } = ERRORS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const taken = new Set(route.answers.map(({ status }) => status))
  const rows = [...byStatus].filter(([status]) => !taken.has(status)).sort(([a], [b]) => a - b)
  return Object.fromEntries(
    rows.map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `${code}: ${ERRORS[code].sentence}`).join(' '),
        content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}

function jsonSchema(schema: GenericSchema): object {
  const { $schema: _, ...rest } = toJsonSchema(schema, { errorMode: 'ignore' })
  return rest
}
