import type { Exchange } from './exchange.ts'

const REQUEST_HEADERS = ['authorization', 'content-type']
const ANSWER_HEADERS = ['www-authenticate', 'cache-control', 'content-type', 'retry-after']

/** The heading of a step. */
export function printStep(number: number, title: string): void {
  console.log(`\n── ${number}. ${title} ${'─'.repeat(Math.max(4, 70 - title.length))}`)
}

/** What the reader should see in what stands above. */
export function printNotice(text: string): void {
  console.log(`  → ${text}`)
}

/** A request and its answer: method, address, the headers that matter, the bodies with secrets cut short. */
export function printExchange(exchange: Exchange): void {
  const { method, url, headers, body, status, answerHeaders, answerBody } = exchange
  console.log(`\n  ${method} ${url}`)
  printHeaders(headers, REQUEST_HEADERS)
  printBody(body)
  console.log(`  ${status}`)
  printHeaders(answerHeaders, ANSWER_HEADERS)
  printBody(answerBody)
}

/** The payload of an access token, read without checking it: good for showing, never for deciding. */
export function printPayload(token: string): void {
  console.log(`\n  The access token says: ${JSON.stringify(payloadOf(token))}`)
}

export function payloadOf(token: string): { readonly exp: number; readonly sub: string } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

function printHeaders(headers: Readonly<Record<string, string>>, names: readonly string[]): void {
  for (const name of names) if (headers[name]) console.log(`    ${name}: ${shorten(headers[name])}`)
}

function printBody(body: string): void {
  if (body !== '') console.log(`    ${shorten(body)}`)
}

/** Keeps both ends, by which one token is told from another, and not the middle, without which it opens nothing. */
function shorten(text: string): string {
  return text
    .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, cut)
    .replace(/\bcsn_rt_[\w-]+/g, cut)
    .replace(/("password":")[^"]*/g, '$1…')
}

function cut(token: string): string {
  return `${token.slice(0, 10)}…${token.slice(-6)}`
}
