import { join } from 'node:path'
import { formatDuration } from '../../config/duration.ts'
import { MASTER_KEY_FILE } from '../configuration.ts'
import { type Check, type DoctorFinding, note, ok, type SetUp, unsafe, warning } from './check.ts'

const DAY = 86_400
/** Past this age of the active key the automatic rotation does not work. */
const OVERDUE = 2

/** What `doctor` asks of a configuration and its data. The loader has refused what contradicts itself by now. */
export const SET_UP_CHECKS: readonly Check<SetUp>[] = [
  {
    name: 'issuer',
    find: ({ config, development }) =>
      development
        ? note(`${config.settings.issuer} is for development: plain http on this machine`)
        : ok(`${config.settings.issuer}: TLS, which the proxy in front must provide`),
  },
  {
    name: 'listening',
    find: ({ config, development }) => {
      const { host } = config.settings
      if (isLoopbackHost(host)) return ok(`${host}: reached from this machine alone`)
      if (development) return warning(`${host} opens a development service to the network`)
      return note(`${host} is reached from the network; let only the TLS proxy connect to it`)
    },
  },
  {
    name: 'cookies',
    find: ({ development }) =>
      development
        ? note('plain names without Secure, since browsers refuse the prefixes on http')
        : ok('__Host- and __Secure- prefixes, Secure, HttpOnly, SameSite=Strict'),
  },
  {
    name: 'allowed origins',
    find: ({ config }) => {
      const { allowedOrigins } = config.settings
      if (allowedOrigins.length === 0) return ok('none but the issuer itself')
      const local = allowedOrigins.filter((origin) =>
        ['localhost', '127.0.0.1', '[::1]'].includes(new URL(origin).hostname),
      )
      if (local.length > 0)
        return warning(`pages of ${local.join(', ')} can read access tokens; leave them out in production`)
      return note(`pages of ${allowedOrigins.join(', ')} can read access tokens`)
    },
  },
  { name: 'trusted proxies', find: trustedProxies },
  {
    name: 'rate limits',
    find: ({ config }) =>
      config.settings.rateLimit === 'on' ? ok('on') : warning('off; passwords can be tried without end'),
  },
  { name: 'lifetimes', find: lifetimes },
  {
    name: 'password length',
    find: ({ config }) => {
      const least = config.settings.passwordMinLength
      if (least >= 15) return ok(`${least} characters or more`)
      const factor = 26 ** (15 - least)
      return warning(
        `${least} characters: below the 15 that NIST SP 800-63B-4 asks for without a second factor; of random lower-case letters a stolen hash is found ${factor.toExponential(0)} times sooner`,
      )
    },
  },
  {
    name: 'registration',
    find: ({ config, development }) =>
      config.settings.registration === 'open' && !development
        ? note('open: anybody can make an account')
        : ok(config.settings.registration),
  },
  {
    name: 'metrics',
    find: ({ config, development }) =>
      config.settings.metricsAccess === 'open' && !development
        ? warning('open: whoever reaches the port can read /metrics')
        : ok(config.settings.metricsAccess),
  },
  { name: 'signing algorithm', find: signingAlgorithm },
  { name: 'master keys', find: masterKeys },
  { name: 'data folder', find: dataFolderMode },
  { name: 'database', find: database },
  { name: 'signing keys', find: signingKeys },
  { name: 'administrator', find: administrators },
]

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

function trustedProxies({ config, development }: SetUp): readonly DoctorFinding[] {
  const { trustedProxies: ranges, host } = config.settings
  const wide = ranges.filter((range) => {
    const [address = '', prefix] = range.split('/')
    return prefix !== undefined && Number(prefix) < (address.includes(':') ? 32 : 8)
  })
  if (wide.length > 0) return warning(`${wide.join(', ')}: a wide range; whoever is in it can write any client address`)
  if (ranges.length > 0) return ok(ranges.join(', '))
  if (development) return ok('none')
  return note(`none, so every client behind the TLS proxy counts as one for the limits (listening on ${host})`)
}

function lifetimes({ config }: SetUp): readonly DoctorFinding[] {
  const { accessTokenLifetime, refreshIdleLifetime, refreshAbsoluteLifetime } = config.settings
  const words = `access ${formatDuration(accessTokenLifetime)}, idle ${formatDuration(refreshIdleLifetime)}, absolute ${formatDuration(refreshAbsoluteLifetime)}`
  if (accessTokenLifetime > 15 * 60) {
    return warning(
      `${words}: a stolen access token is good for more than 15 minutes where nobody asks about revocation`,
    )
  }
  if (refreshAbsoluteLifetime > 180 * DAY) return warning(`${words}: a session can live for more than half a year`)
  return ok(words)
}

function signingAlgorithm({ config }: SetUp): readonly DoctorFinding[] {
  const { signingAlgorithm: alg } = config.settings
  if (!alg.startsWith('HS')) return ok(`${alg}: services verify with public keys`)
  return note(
    `${alg}: each audience shares a secret with the issuer, and who verifies by it can also sign; the JWK Set is empty`,
  )
}

async function masterKeys({ config, dataDir, data, files }: SetUp): Promise<readonly DoctorFinding[]> {
  if (config.settings.masterKeys !== undefined) return ok(`${config.settings.masterKeys.length} from the settings`)
  const path = join(dataDir, MASTER_KEY_FILE)
  const mode = await files.mode(path)
  if (mode === undefined) {
    return data.exists
      ? unsafe(`${path} is missing, but there is a database that needs it`)
      : note(`${path} is made at the first start`)
  }
  if ((mode & 0o077) !== 0) return unsafe(`${path} has mode ${octal(mode)}; others can read it. Make it 0600`)
  const text = (await files.read(path)) ?? ''
  const entries = text.trim().split(',')
  const isStrong = (entry: string): boolean => {
    const bytes = Buffer.from(entry.slice(entry.indexOf(':') + 1), 'base64')
    return bytes.length >= 32 && new Set(bytes).size >= 8
  }
  if (!entries.every(isStrong)) return unsafe(`${path} holds a key that is shorter than 32 bytes or not random`)
  return ok(`${entries.length} in ${path}, mode ${octal(mode)}; keep a copy apart from the database`)
}

async function dataFolderMode({ dataDir, files }: SetUp): Promise<readonly DoctorFinding[]> {
  const mode = await files.mode(dataDir)
  if (mode === undefined) return note(`${dataDir} is made at the first start`)
  if ((mode & 0o077) !== 0) return unsafe(`${dataDir} has mode ${octal(mode)}; others can look into it. Make it 0700`)
  return ok(`${dataDir}, mode ${octal(mode)}`)
}

function database({ config, data }: SetUp): readonly DoctorFinding[] {
  if (!data.exists) return note('is made at the first start')
  if (data.problem !== undefined) return unsafe(data.problem)
  if (data.issuer !== undefined && data.issuer !== config.settings.issuer) {
    return unsafe(`was made for the issuer ${data.issuer}, not for ${config.settings.issuer}`)
  }
  return ok('belongs to the issuer')
}

function signingKeys({ config, data, now }: SetUp): readonly DoctorFinding[] {
  const { keyLead, keyPeriod } = config.settings
  if (data.keys === undefined || data.keys.length === 0) return note('are made at the first start')
  const active = data.keys.find(({ state }) => state === 'active')
  const next = data.keys.find(({ state }) => state === 'published')
  if (active === undefined) return unsafe('there is no active key; tokens cannot be signed')
  const age = now - active.activates_at
  if (age > OVERDUE * keyPeriod)
    return warning(`the active key signs for ${days(age)}; the period is ${days(keyPeriod)}`)
  if (next === undefined) return warning('no successor is published; an emergency would refuse every token')
  const lead = next.activates_at - next.published_at
  if (lead < keyLead)
    return warning(`the successor ${next.kid} signs after less than the lead of ${formatDuration(keyLead)}`)
  return ok(`the active one signs for ${days(age)}; its successor is published`)
}

function administrators({ data, config }: SetUp): readonly DoctorFinding[] {
  const pending = data.pendingAdministrators ?? []
  if (pending.length > 0) return warning(`${pending.join(', ')}: the one-time password was not changed yet`)
  if (config.settings.adminPassword !== undefined && data.exists) {
    return warning('the first password is still in the settings, where it serves no purpose any more; remove it')
  }
  return data.exists ? ok('no one-time password is outstanding') : note('is made at the first start')
}

function octal(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`
}

function days(seconds: number): string {
  const count = Math.floor(seconds / DAY)
  return count >= 2 ? `${count} days` : formatDuration(Math.max(0, Math.round(seconds)))
}
