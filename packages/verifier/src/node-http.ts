import type { RequestFacts } from './authenticator.ts'
import type { Answer } from './challenge.ts'

/** What is read of a request of `node:http` or `node:http2`, and of what frameworks make of it. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Express keeps the whole path here when a router has cut it. */
  readonly originalUrl?: string | undefined
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined }
  readonly rawHeaders?: readonly string[] | undefined
}

/** What is used of a response of `node:http`. */
export interface NodeResponse {
  readonly headersSent: boolean
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
}

/** The facts of a request of Node. */
export function factsOfNode(request: NodeRequest): RequestFacts {
  return {
    method: request.method ?? '',
    url: request.originalUrl ?? request.url ?? '',
    header: (name) => readHeader(request, name.toLowerCase()),
  }
}

/** Writes a refusal. Where somebody has begun to answer already, nothing can be taken back, and nothing is added. */
export function sendAnswer(response: NodeResponse, { status, headers, body }: Answer): void {
  if (response.headersSent) return
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}

/**
 * Node keeps the first `Authorization` of several and drops the rest, while what stands before us may read the last.
 * So the raw lines are counted, and all values given when there are several (RFC 9110 §5.3).
 */
function readHeader({ headers, rawHeaders = [] }: NodeRequest, name: string): string | undefined {
  const lines: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === name) lines.push(rawHeaders[at + 1] ?? '')
  }
  if (lines.length > 1) return lines.join(', ')
  const value = headers[name]
  return typeof value === 'string' || value === undefined ? value : value.join(', ')
}
