import { isLoopback } from './development.ts'
import {
  audienceRule,
  databaseRule,
  dataDirRule,
  hostRule,
  issuerRule,
  masterKeysRule,
  originRule,
  passwordRule,
  rolesRule,
  scopeRule,
  usernameRule,
} from './rules.ts'
import {
  choice,
  cidrList,
  duration,
  integer,
  jsonMap,
  list,
  type Setting,
  secret,
  secretList,
  text,
  toggle,
  unsupported,
} from './setting.ts'
import { KEY_PAIR_ALGORITHMS, SECRET_ALGORITHMS } from './signing-algorithms.ts'

/**
 * Every setting, once. From this table come the types, the `COUNTERSIGN_…` variables, the flags, the keys of
 * `countersign.config.ts`, the help and the reference page. A default may be derived from `port`, `dataDir` and
 * `issuer`.
 */
export const SETTINGS = {
  port: integer({
    doc: 'The port to listen on. 0 takes a free one and needs an issuer.',
    default: 4000,
    min: 0,
    max: 65_535,
  }),
  host: text({
    doc: 'The address to listen on. Anything but a loopback address opens the service to the network.',
    accepts: 'a host name or an IP address',
    placeholder: 'host',
    default: '127.0.0.1',
    rule: hostRule,
    example: '0.0.0.0',
  }),
  dataDir: text({
    doc: 'The data folder: the database and the master key file. It is made with mode 0700.',
    accepts: 'a path; a relative one starts at the folder where the command was given',
    placeholder: 'path',
    default: './data',
    rule: dataDirRule,
    example: '/var/lib/countersign',
  }),
  issuer: text({
    doc: 'The issuer: the public URL of this service and the "iss" of every token (RFC 8414 section 2). Plain http is for localhost, 127.0.0.1 and [::1] alone.',
    accepts: 'an https URL without query, fragment and trailing slash',
    placeholder: 'url',
    derived: { text: 'http://localhost: and the port', value: ({ port }) => `http://localhost:${port}` },
    rule: issuerRule,
    example: 'https://auth.example.com',
  }),
  databaseUrl: text({
    doc: 'The database.',
    accepts: 'sqlite:PATH',
    placeholder: 'url',
    derived: { text: 'countersign.db in the data folder', value: ({ dataDir }) => `sqlite:${dataDir}/countersign.db` },
    rule: databaseRule,
    example: 'sqlite:/var/lib/countersign/countersign.db',
  }),
  redisUrl: unsupported({ doc: 'Redis for shared rate limits.', absent: 'no Redis' }),
  masterKeys: secretList({
    doc: 'The master keys, the active one first. They seal signing keys and refresh tokens. Without them the file master.key of the data folder is used.',
    accepts: 'ID:KEY pairs separated by commas, ids from 1 to 255, keys of at least 32 bytes in base64',
    absent: 'master.key in the data folder',
    rule: masterKeysRule,
  }),
  signingAlgorithm: choice({
    doc: 'The algorithm of access tokens (RFC 7518 section 3). With HS256 and its kind each audience has a shared secret, and who verifies can also sign.',
    values: [...KEY_PAIR_ALGORITHMS, ...SECRET_ALGORITHMS],
    default: 'ES256',
  }),
  accessTokenLifetime: duration({
    doc: 'How long an access token is good for; 5m to 15m is the advice. Less than 1m is for development alone. Up to a fifth is taken off each, so that refreshes spread out.',
    default: '10m',
    min: '1s',
    max: '60m',
  }),
  refreshIdleLifetime: duration({
    doc: 'How long a session lives without being used. Must be longer than the refresh grace and the access token lifetime together.',
    default: '14d',
    min: '2s',
    max: '400d',
  }),
  refreshAbsoluteLifetime: duration({
    doc: 'How long a session lives at most, used or not.',
    default: '90d',
    min: '2s',
    max: '400d',
  }),
  refreshGrace: duration({
    doc: 'For how long after a refresh its answer can be had again, because it may have been lost, and the new token is kept. Less than 15s is for development alone.',
    default: '35s',
    min: '1s',
    max: '10m',
  }),
  keyPeriod: duration({
    doc: 'How often the signing key changes by itself. Less than 1d is for development alone.',
    default: '30d',
    min: '2s',
    max: '400d',
  }),
  keyLead: duration({
    doc: 'For how long a new signing key is published before it signs, so that every verifier has it by then. Less than 1h is for development alone.',
    default: '48h',
    min: '1s',
    max: '90d',
  }),
  audience: list({
    doc: 'The audiences that a token may have, the default one first. The issuer is always allowed for administrators.',
    accepts: 'names separated by commas',
    derived: { text: 'the issuer', value: ({ issuer }) => [issuer] },
    rule: audienceRule,
    example: 'https://api.example.com,https://files.example.com',
  }),
  registration: choice({
    doc: 'Whether people may make accounts for themselves.',
    values: ['open', 'closed'],
    example: 'closed',
    derived: {
      text: 'open on a loopback issuer, else closed',
      value: ({ issuer }): 'open' | 'closed' => (isLoopback(issuer) ? 'open' : 'closed'),
    },
  }),
  allowedOrigins: list({
    doc: 'Origins of other sites whose pages may call the service and read access tokens. The origin of the issuer is always allowed.',
    accepts: 'exact origins separated by commas',
    default: [],
    rule: originRule,
    example: 'https://app.example.com,https://www.example.com',
  }),
  trustedProxies: cidrList({
    doc: 'The proxies whose X-Forwarded-For and x-request-id are believed. Whoever is on it can write any address into limits and logs.',
    default: [],
    example: '10.0.0.0/8,192.168.1.7',
  }),
  adminUsername: text({
    doc: 'The name of the first administrator, who is made when there is none.',
    accepts: '1 to 64 characters without @ and spaces',
    placeholder: 'name',
    default: 'admin',
    rule: usernameRule,
  }),
  adminPassword: secret({
    doc: 'The first password of the first administrator. Without it, or where it is empty, a random one-time password is printed at the first start.',
    accepts: 'a password of the minimum length or more',
    absent: 'a random one-time password, printed once',
    rule: passwordRule,
  }),
  passwordMinLength: integer({
    doc: 'The least length of a password in characters. With no second factor, NIST SP 800-63B-4 asks for 15.',
    default: 15,
    min: 8,
    max: 64,
  }),
  reauthenticationAge: duration({
    doc: 'How old a log-in may be for a change under /admin.',
    default: '1h',
    min: '1s',
    max: '1d',
  }),
  roleScopes: jsonMap({
    doc: 'What scopes a role gives. The role admin has the scope admin, which no other role can have.',
    accepts: 'a JSON object from role to scopes',
    rule: rolesRule,
    example: '{"clerk":["orders:read"]}',
  }),
  defaultScopes: list({
    doc: 'The scopes that every account has.',
    accepts: 'scopes separated by commas',
    default: [],
    rule: scopeRule,
    example: 'profile:read',
  }),
  metricsAccess: choice({
    doc: 'Who may read /metrics: callers on this machine, or anybody who reaches the port.',
    values: ['loopback', 'open'],
    default: 'loopback',
  }),
  smtpUrl: unsupported({ doc: 'The mail server.', absent: 'no mail' }),
  logLevel: choice({
    doc: 'What is logged on stderr.',
    values: ['debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
  }),
  feedAccess: unsupported({ doc: 'Who may read the revocation feed.', absent: 'no feed' }),
  rateLimit: toggle({ doc: 'Limits on attempts. Off is for development alone.', default: 'on' }),
  loginFailuresFree: integer({
    doc: 'How many wrong passwords in a row an account may have without a delay.',
    default: 5,
    min: 1,
    max: 100,
  }),
  loginDelayFirst: duration({
    doc: 'The delay after the first wrong password beyond those. It doubles with each further one.',
    default: '1s',
    min: '1s',
    max: '15m',
  }),
  loginDelayMax: duration({ doc: 'The longest such delay.', default: '15m', min: '1s', max: '1d' }),
  loginsPerMinute: integer({
    doc: 'Log-ins a minute for one address; an IPv6 address counts by its /64, five times as many by its /48.',
    default: 20,
    min: 1,
    max: 100_000,
  }),
  registrationsPerHour: integer({ doc: 'Registrations an hour for one address.', default: 5, min: 1, max: 100_000 }),
  refreshesPerMinute: integer({ doc: 'Refreshes a minute for one session.', default: 30, min: 1, max: 100_000 }),
} as const

/** The name of a setting in code and in `countersign.config.ts`. */
export type SettingName = keyof typeof SETTINGS

type ValueOf<S> = S extends Setting<infer T, infer D> ? T | D : never
type GivenOf<S> = S extends Setting<infer T, infer _D> ? T : never

/** The settings that the service runs with: all of them. Durations are in seconds. */
export type Settings = { readonly [N in SettingName]: ValueOf<(typeof SETTINGS)[N]> }

/** The settings as an application or `countersign.config.ts` gives them: the issuer, and what differs from the default. */
export type SettingsInput = { readonly issuer: string } & {
  readonly [N in Exclude<SettingName, 'issuer'>]?: GivenOf<(typeof SETTINGS)[N]>
}

/** A row of the table, whatever its type. */
export type AnySetting = (typeof SETTINGS)[SettingName]

export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS) as SettingName[]

/** `accessTokenLifetime` as a variable: `COUNTERSIGN_ACCESS_TOKEN_LIFETIME`. */
export function variableOf(name: SettingName): string {
  return `COUNTERSIGN_${words(name).join('_').toUpperCase()}`
}

/** The variable that names a file with the value, where a setting may stand in one. */
export function fileVariableOf(name: SettingName): string | undefined {
  return SETTINGS[name].file ? `${variableOf(name)}_FILE` : undefined
}

/** `accessTokenLifetime` as a flag: `--access-token-lifetime`. A secret's flag names a file: `--master-keys-file`. */
export function flagOf(name: SettingName): string {
  return `--${words(name).join('-')}${SETTINGS[name].secret ? '-file' : ''}`
}

function words(name: string): readonly string[] {
  return name.split(/(?=[A-Z])/).map((word) => word.toLowerCase())
}
