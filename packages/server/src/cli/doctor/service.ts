import { PATHS } from '@countersign/protocol'
import { isLoopback } from '../../config/development.ts'
import type { CliEdge } from '../edge.ts'
import { type Check, type DoctorFinding, note, ok, unsafe, warning } from './check.ts'

/** A service that runs, asked from outside like anybody can. */
export interface Running {
  /** The issuer as the operator wrote it. */
  readonly url: string
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response | undefined>
  /** Seconds since the epoch. */
  readonly now: () => number
}

/** Private members of a JWK (RFC 7518 §6.2.2, §6.3.2, §6.4). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']
/** A name that RFC 6761 §6.4 keeps free for ever. */
const STRANGER = 'https://doctor.invalid'
/** Seconds. Verifiers allow 5 by default. */
const CLOCK_WARNING = 5
const CLOCK_UNSAFE = 60

/** What every answer must say. */
const HEADERS: readonly (readonly [name: string, fits: (value: string) => boolean])[] = [
  ['x-content-type-options', (value) => value.toLowerCase() === 'nosniff'],
  ['referrer-policy', (value) => value.includes('no-referrer')],
  ['content-security-policy', (value) => value.includes("default-src 'none'") && value.includes('frame-ancestors')],
]

/** @param url the issuer, without a trailing slash */
export function runningService(edge: CliEdge, url: string): Running {
  return {
    url,
    async get(path, headers = {}) {
      try {
        return await edge.fetch(new Request(url + path, { headers, redirect: 'manual' }))
      } catch {
        return undefined
      }
    },
    now: () => edge.now() / 1000,
  }
}

export const SERVICE_CHECKS: readonly Check<Running>[] = [
  {
    name: 'transport',
    find: ({ url }) => {
      if (url.startsWith('https:')) return ok('https')
      return isLoopback(url) ? note('http on this machine') : unsafe('http: passwords and tokens travel in the clear')
    },
  },
  { name: 'readiness', find: async ({ get }) => answered(await get(PATHS.healthReady), 'the service is ready') },
  { name: 'metadata', find: metadata },
  { name: 'JWK Set', find: jwkSet },
  { name: 'security headers', find: securityHeaders },
  { name: 'CORS', find: cors },
  { name: 'clock', find: clock },
]

function answered(response: Response | undefined, words: string): readonly DoctorFinding[] {
  if (response === undefined) return unsafe('there is no answer')
  return response.status === 200 ? ok(words) : unsafe(`the answer is ${response.status}`)
}

async function metadata({ url, get }: Running): Promise<readonly DoctorFinding[]> {
  const document = await readObject(await get(PATHS.metadata))
  if (document === undefined) return unsafe(`there is no metadata document at ${url}${PATHS.metadata}`)
  // Compared as a string: verifiers do so too (RFC 8414 §3.3).
  if (document.issuer !== url)
    return unsafe('the metadata names another issuer; verifiers refuse it (RFC 8414 section 3.3)')
  if (document.jwks_uri !== url + PATHS.jwks)
    return unsafe('the jwks_uri of the metadata does not stand under the issuer')
  return ok('issuer and jwks_uri are the expected ones')
}

async function jwkSet({ get }: Running): Promise<readonly DoctorFinding[]> {
  const keys = (await readObject(await get(PATHS.jwks)))?.keys
  if (!Array.isArray(keys)) return unsafe('there is no JWK Set')
  const members = keys.filter((key) => typeof key === 'object' && key !== null)
  if (members.some((key) => PRIVATE_MEMBERS.some((name) => Object.hasOwn(key, name)))) {
    return unsafe('the JWK Set holds private keys; revoke them at once')
  }
  if (members.length === 0) return note('empty, as it is with shared secrets (HS256 and its kind)')
  if (!members.every((key) => ['kid', 'alg', 'use'].every((name) => typeof key[name] === 'string'))) {
    return warning('a key has no kid, alg or use')
  }
  return ok(`${members.length} public key(s), each with kid, alg and use`)
}

async function securityHeaders({ url, get }: Running): Promise<readonly DoctorFinding[]> {
  const response = await get(PATHS.root)
  if (response === undefined) return unsafe('there is no answer')
  const wrong = HEADERS.filter(([name, fits]) => !fits(response.headers.get(name) ?? '')).map(([name]) => name)
  const hsts = response.headers.get('strict-transport-security')
  if (url.startsWith('https:') && hsts === null) wrong.push('strict-transport-security')
  return wrong.length === 0
    ? ok('all there')
    : unsafe(`missing or weak: ${wrong.join(', ')}; does a proxy remove them?`)
}

async function cors({ get }: Running): Promise<readonly DoctorFinding[]> {
  const response = await get(PATHS.me, { origin: STRANGER })
  if (response === undefined) return unsafe('there is no answer')
  const allowed = response.headers.get('access-control-allow-origin')
  if (allowed === '*') return unsafe('every origin is allowed; does a proxy add that?')
  if (allowed === STRANGER) return unsafe('any origin is allowed by being repeated; does a proxy add that?')
  return ok('an unknown origin is not allowed')
}

async function clock({ get, now }: Running): Promise<readonly DoctorFinding[]> {
  const sent = now()
  const date = (await get(PATHS.healthLive))?.headers.get('date')
  const theirs = date === null || date === undefined ? Number.NaN : Date.parse(date) / 1000
  if (Number.isNaN(theirs)) return note('the answer has no Date')
  // Date has whole seconds, so half of one lies in the middle of what it may mean; the journey took what it took.
  const difference = Math.round(Math.abs(theirs + 0.5 - (sent + now()) / 2))
  if (difference >= CLOCK_UNSAFE)
    return unsafe(`differs from this machine's by ${difference} s; tokens will be refused`)
  if (difference > CLOCK_WARNING) return warning(`differs from this machine's by ${difference} s`)
  return ok(`differs from this machine's by ${difference} s`)
}

async function readObject(response: Response | undefined): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (response === undefined || response.status !== 200) return undefined
  try {
    const body: unknown = await response.json()
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body } : undefined
  } catch {
    return undefined
  }
}
