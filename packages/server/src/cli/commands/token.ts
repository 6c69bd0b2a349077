import {
  type AsyncJwtVerifier,
  createAsyncVerifier,
  createRemoteJwkSet,
  createSigner,
  createVerifier,
  decode as decodeToken,
  type JsonObject,
  type JwtVerifier,
  type Names,
  type VerifierOptions,
} from '@countersign/jwt'
import { parseDuration } from '../../config/duration.ts'
import { type Command, type CommandInput, type CommandOption, UsageError } from '../command.ts'
import { type Cell, formatTime, type Output } from '../output.ts'
import { oneOf, readLocalKeys, readSigningKey } from '../token-keys.ts'

const TOKEN = {
  name: 'token',
  doc: 'the token, or - to read it from stdin, where no list of processes shows it',
} as const
const PARTIES: readonly CommandOption[] = [
  { name: 'issuer', value: 'issuer', doc: 'the "iss"', required: true },
  { name: 'audience', value: 'audience', doc: 'the "aud"; may be given more than once', required: true, many: true },
  { name: 'typ', value: 'type', doc: 'the kind of token', default: 'at+jwt' },
]
const ALGORITHM: CommandOption = {
  name: 'alg',
  value: 'algorithm',
  doc: 'the algorithm of the key, where it does not say',
}
const SECRET_FILE: CommandOption = {
  name: 'secret-file',
  value: 'path',
  doc: 'a shared secret: the file of key export, a JWK, or base64url',
}

const decode: Command = {
  name: 'token decode',
  doc: 'Shows what a token says, without verifying anything.',
  args: [TOKEN],
  async run(input) {
    const { header, unverifiedClaims } = decodeToken(await readToken(input))
    input.output.warn('NOT VERIFIED: anybody can write such a token. Nothing below is known to be true.')
    printToken(input.output, header, unverifiedClaims, { verified: false })
    return 0
  },
}

const verify: Command = {
  name: 'token verify',
  doc: 'Verifies a token with keys of a file or of an address. Exit status 1 says that it is refused.',
  args: [TOKEN],
  options: [
    { name: 'jwks-uri', value: 'url', doc: 'the address of a JWK Set' },
    { name: 'jwks', value: 'path', doc: 'a file with a JWK Set' },
    { name: 'key', value: 'path', doc: 'a file with a public key: PEM or JWK' },
    SECRET_FILE,
    ALGORITHM,
    ...PARTIES,
    { name: 'clock-tolerance', value: 'duration', doc: 'how far clocks may differ', default: '0s' },
  ],
  async run(input) {
    const verifier = await createTokenVerifier(input)
    const { header, claims } = await verifier.verify(await readToken(input))
    printToken(input.output, header, claims, { verified: true })
    return 0
  },
}

const sign: Command = {
  name: 'token sign',
  doc: 'Signs a token with a key of a file, for development and tests. The keys of the service never leave it.',
  options: [
    { name: 'key', value: 'path', doc: 'a file with a private key: PEM or JWK' },
    SECRET_FILE,
    ALGORITHM,
    ...PARTIES,
    {
      name: 'claims',
      value: 'json',
      doc: 'the claims as a JSON object, with "sub" for an access token',
      required: true,
    },
    { name: 'lifetime', value: 'duration', doc: 'how long it is good for', default: '10m' },
  ],
  async run(input) {
    const key = await readSigningKey(input)
    const clock = (): number => Math.floor(input.edge.now() / 1000)
    const typ = input.option('typ') ?? ''
    const signer = createSigner<JsonObject, string>({
      key,
      ...parties(input),
      typ,
      lifetime: seconds(input, 'lifetime'),
      clock,
    })
    const token = asUsage(() => signer.sign(readClaims(input)))
    // The token is what the command is for, so it goes out as it is.
    input.edge.out(input.output.json ? `${JSON.stringify({ token })}\n` : `${token}\n`)
    return 0
  },
}

export const tokenCommands: readonly Command[] = [decode, verify, sign]

async function createTokenVerifier(
  input: CommandInput,
): Promise<
  JwtVerifier<Readonly<Record<string, unknown>>, string> | AsyncJwtVerifier<Readonly<Record<string, unknown>>, string>
> {
  const source = oneOf(input, ['jwks-uri', 'jwks', 'key', 'secret-file'])
  const clock = (): number => Math.floor(input.edge.now() / 1000)
  const expected: Omit<VerifierOptions<Readonly<Record<string, unknown>>, string>, 'keys'> = {
    ...parties(input),
    typ: input.option('typ') ?? '',
    clockTolerance: seconds(input, 'clock-tolerance'),
    clock,
  }
  if (source !== 'jwks-uri') {
    const keys = await readLocalKeys(input, source)
    return asUsage(() => createVerifier({ ...expected, keys }))
  }
  return asUsage(() => {
    const keys = createRemoteJwkSet(input.option('jwks-uri') ?? '', { fetch: input.edge.fetch, clock })
    return createAsyncVerifier({ ...expected, keys })
  })
}

function parties(input: CommandInput): { readonly issuer: string; readonly audience: Names } {
  const [first = '', ...more] = input.options('audience')
  return { issuer: input.option('issuer') ?? '', audience: more.length === 0 ? first : [first, ...more] }
}

function seconds(input: CommandInput, option: string): number {
  const value = parseDuration(input.option(option) ?? '')
  if (value === undefined) throw new UsageError(`--${option} is not a duration such as 30s or 10m`)
  return value
}

async function readToken(input: CommandInput): Promise<string> {
  const given = input.arg('token')
  const token = (given === '-' ? await input.edge.stdin() : given).trim()
  if (token === '') throw new UsageError('there is no token')
  return token
}

function readClaims(input: CommandInput): JsonObject & { readonly sub: string; readonly iss?: never } {
  const claims = parseJson(input.option('claims') ?? '')
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new UsageError('--claims is not a JSON object')
  }
  if ('iss' in claims) throw new UsageError('the claims name an "iss"; --issuer does')
  // Whether there is a subject where one is due is the signer's question: it depends on the kind of token.
  return claims as JsonObject & { readonly sub: string; readonly iss?: never }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An option that the library refuses is a mistake in the command. */
function asUsage<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message)
    throw error
  }
}

const TIMES = ['exp', 'iat', 'nbf', 'auth_time']

function printToken(
  output: Output,
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  verdict: { readonly verified: boolean },
): void {
  const rows = (part: string, members: Readonly<Record<string, unknown>>): readonly (readonly Cell[])[] =>
    Object.entries(members).map(([name, value]) => [part, name, shown(name, value)])
  output.table(['part', 'name', 'value'], [...rows('header', header), ...rows('claims', claims)], {
    ...verdict,
    header,
    claims,
  })
}

function shown(name: string, value: unknown): string {
  const isTime = TIMES.includes(name) && typeof value === 'number' && Math.abs(value) < 8e12
  if (isTime) return `${value} (${formatTime(value)})`
  return typeof value === 'string' ? value : JSON.stringify(value)
}
