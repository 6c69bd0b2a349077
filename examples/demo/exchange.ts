/** One request and its answer, as they went over the wire. */
export interface Exchange {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly status: number
  readonly answerHeaders: Readonly<Record<string, string>>
  readonly answerBody: string
}

/** A `fetch` that tells what it sent and what came back. */
export function recordingFetch(record: (exchange: Exchange) => void) {
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const body = await request.clone().text()
    const response = await fetch(request)
    record({
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body,
      status: response.status,
      answerHeaders: Object.fromEntries(response.headers),
      answerBody: await response.clone().text(),
    })
    return response
  }
}
