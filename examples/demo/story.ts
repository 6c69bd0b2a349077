import { setTimeout as sleep } from 'node:timers/promises'
import { type Exchange, recordingFetch } from './exchange.ts'
import { payloadOf, printExchange, printNotice, printPayload, printStep } from './print.ts'

/** Where the three processes listen. */
export interface Addresses {
  readonly service: string
  readonly api: string
  readonly client: string
}

/** What the demo did not expect. */
export class Unexpected extends Error {}

/** Milliseconds: longer than the window in which the service repeats the answer to a refresh. */
const PAST_THE_WINDOW = 1_300

/** Tells the life of a session, step by step, and stops at the first thing that is not as it should be. */
export async function tellStory({ service, api, client }: Addresses): Promise<void> {
  const alice = { username: 'alice', password: 'correct horse battery staple' }

  printStep(1, 'Register')
  const registered = await raw('POST', `${service}/auth/register`, { body: alice })
  expect('registering', registered.status, 201)
  printNotice('An account was made. Nobody is signed in yet: there is no token in the answer.')

  printStep(2, 'Log in')
  const loggedIn = await tell('POST', '/login', alice)
  expect('the log-in', statuses(loggedIn), '200')
  const first = tokensOf(loggedIn)
  printPayload(first.access_token)
  printNotice(
    'The access token is signed and short-lived. The refresh token is opaque, and the service alone can read it.',
  )

  printStep(3, 'Call the API')
  expect('the call', statuses(await tell('GET', '/orders')), '200')
  const nobody = await raw('GET', `${api}/orders`)
  expect('a call without a token', nobody.status, 401)
  printNotice('The API checks the signature with the public key. It asked neither the service nor a database.')

  printStep(4, 'The access token expires')
  await untilExpired(first.access_token)
  const expired = await raw('GET', `${api}/orders`, { bearer: first.access_token })
  expect('the call with the old token', expired.status, 401)
  expect('its challenge', expired.answerHeaders['www-authenticate']?.includes('error="invalid_token"'), true)
  printNotice('Three seconds later the same token is refused, and the answer says why: error="invalid_token".')

  printStep(5, 'The client refreshes by itself')
  const refreshed = await tell('GET', '/orders')
  expect('the last request', refreshed.exchanges.at(-1)?.status, 200)
  const second = tokensOf(refreshed)
  expect('whether the refresh token is another', second.refresh_token !== first.refresh_token, true)
  printNotice('The program only asked for its orders. A refresh token is good once: the answer brought its successor.')

  printStep(6, 'A thief uses the old refresh token')
  await sleep(PAST_THE_WINDOW)
  const stolen = await raw('POST', `${service}/auth/refresh`, { body: { refresh_token: first.refresh_token } })
  expect('the reuse', [stolen.status, codeOf(stolen)].join(' '), '401 refresh_token_reused')
  const me = await raw('GET', `${service}/auth/me`, { bearer: second.access_token })
  expect("the session's own token at the service", me.status, 401)
  await untilExpired(second.access_token)
  const ended = await tell('GET', '/orders')
  const refusal = ended.exchanges.find(({ url }) => url.endsWith('/auth/refresh'))
  expect("the client's refresh", codeOf(refusal), 'refresh_token_invalid')
  expect('what the client knows', ended.status, 'signed-out')
  printNotice(
    'Two hold one session, and the service cannot tell which of them is Alice: so the session ended for both.',
  )

  printStep(7, 'Log in again')
  const again = await tell('POST', '/login', alice)
  expect('the log-in', statuses(again), '200')
  expect('the call', statuses(await tell('GET', '/orders')), '200')
  const third = tokensOf(again)
  printNotice('A new session, with nothing of the old one in it.')

  printStep(8, 'Log out')
  expect('the log-out', statuses(await tell('POST', '/logout')), '204')
  const after = await raw('POST', `${service}/auth/refresh`, { body: { refresh_token: third.refresh_token } })
  expect('a refresh after it', [after.status, codeOf(after)].join(' '), '401 refresh_token_invalid')
  const gone = await raw('GET', `${service}/auth/me`, { bearer: third.access_token })
  expect('the access token at the service', gone.status, 401)
  await untilExpired(third.access_token)
  const refused = await raw('GET', `${api}/orders`, { bearer: third.access_token })
  expect('the access token at the API', refused.status, 401)
  printNotice(
    'Refused everywhere: by the service at once, by the API within the three seconds that the token had to live.',
  )

  /** Has the example client do something, and shows each request that it made for it. */
  async function tell(method: string, path: string, body?: object): Promise<Told> {
    const response = await fetch(client + path, { method, ...(body ? { body: JSON.stringify(body) } : {}) })
    const told = (await response.json()) as Told
    for (const exchange of told.exchanges) printExchange(exchange)
    return told
  }
}

/** What the example client answers. */
interface Told {
  readonly outcome: unknown
  readonly status: string
  readonly exchanges: readonly Exchange[]
}

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

/** A request as anybody could send it, without our client. */
async function raw(method: string, url: string, given: { body?: object; bearer?: string } = {}): Promise<Exchange> {
  const headers = {
    ...(given.bearer ? { authorization: `Bearer ${given.bearer}` } : {}),
    ...(given.body ? { 'content-type': 'application/json' } : {}),
  }
  const made: Exchange[] = []
  await recordingFetch((exchange) => made.push(exchange))(url, {
    method,
    headers,
    ...(given.body ? { body: JSON.stringify(given.body) } : {}),
  })
  const exchange = made[0]!
  printExchange(exchange)
  return exchange
}

function expect(what: string, actual: unknown, wanted: unknown): void {
  if (actual !== wanted) throw new Unexpected(`${what}: expected ${String(wanted)}, but it was ${String(actual)}`)
}

function statuses({ exchanges }: Told): string {
  return exchanges.map(({ status }) => status).join(' ')
}

/** The newest tokens among the answers. */
function tokensOf({ exchanges }: Told): Tokens {
  const answer = exchanges.findLast(({ answerBody }) => answerBody.includes('"access_token"'))
  if (!answer) throw new Unexpected('no answer brought a token')
  return JSON.parse(answer.answerBody) as Tokens
}

function codeOf(exchange: Exchange | undefined): string {
  return exchange ? ((JSON.parse(exchange.answerBody) as { code?: string }).code ?? '') : 'no request'
}

async function untilExpired(token: string): Promise<void> {
  const left = payloadOf(token).exp * 1000 - Date.now()
  if (left > 0) console.log(`\n  (waiting ${(left / 1000).toFixed(1)} s for the access token to expire)`)
  await sleep(Math.max(0, left) + 100)
}
