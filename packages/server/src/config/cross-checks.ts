import type { ConfigErrorCode } from './config-error.ts'
import { isDevelopment } from './development.ts'
import { formatDuration } from './duration.ts'
import type { SettingName, Settings } from './settings.ts'

/** A check that needs more than one setting, or the issuer, to judge. */
interface CrossCheck {
  readonly code: ConfigErrorCode
  /** The settings it reads. The first is the one that gets the blame. */
  readonly of: readonly [SettingName, ...SettingName[]]
  /** Why they do not fit, or `undefined`. */
  readonly wrong: (settings: Settings) => string | undefined
}

/** What an operator may do in development alone, with the least that is allowed elsewhere. */
const LEAST_OUTSIDE_DEVELOPMENT: Readonly<Partial<Record<SettingName, number>>> = {
  accessTokenLifetime: 60,
  refreshGrace: 15,
  keyPeriod: 86_400,
  keyLead: 3600,
}

/** All of them are asked; a check whose settings have faults of their own already is passed over. */
export const CROSS_CHECKS: readonly CrossCheck[] = [
  unsafe(['issuer'], ({ issuer }) =>
    issuer.startsWith('http:') && !isDevelopment(issuer)
      ? 'is http; passwords and tokens would travel in the clear. Use https; http is for localhost, 127.0.0.1 and [::1]'
      : undefined,
  ),
  conflict(['port', 'issuer'], ({ port, issuer }) =>
    port === 0 && issuer === 'http://localhost:0' ? 'is 0, which needs an issuer' : undefined,
  ),
  ...Object.entries(LEAST_OUTSIDE_DEVELOPMENT).map(([name, least]) =>
    leastOutsideDevelopment(name as SettingName, least),
  ),
  unsafeOutsideDevelopment(['rateLimit'], ({ rateLimit }) =>
    rateLimit === 'off' ? 'is off; passwords could be tried without end' : undefined,
  ),
  unsafeOutsideDevelopment(['allowedOrigins'], ({ allowedOrigins }) =>
    allowedOrigins.some((origin) => origin.startsWith('http:') && !isDevelopment(origin))
      ? 'has an http origin; whoever is on the way could read access tokens'
      : undefined,
  ),
  unsafeOutsideDevelopment(['trustedProxies'], ({ trustedProxies }) =>
    trustedProxies.some((range) => range.endsWith('/0')) ? 'trusts every address; name the proxies' : undefined,
  ),
  conflict(['refreshIdleLifetime', 'refreshGrace', 'accessTokenLifetime'], (s) =>
    s.refreshIdleLifetime <= s.refreshGrace + s.accessTokenLifetime
      ? 'is not longer than the refresh grace and the access token lifetime together'
      : undefined,
  ),
  conflict(['refreshIdleLifetime', 'refreshAbsoluteLifetime'], (s) =>
    s.refreshIdleLifetime > s.refreshAbsoluteLifetime ? 'is longer than the absolute lifetime' : undefined,
  ),
  conflict(['keyLead', 'keyPeriod'], (s) =>
    s.keyLead > s.keyPeriod ? 'is longer than the key period; a successor could never be old enough' : undefined,
  ),
  conflict(['loginDelayFirst', 'loginDelayMax'], (s) =>
    s.loginDelayFirst > s.loginDelayMax ? 'is longer than the longest delay' : undefined,
  ),
  {
    code: 'setting_invalid',
    of: ['adminPassword', 'passwordMinLength'],
    wrong: ({ adminPassword, passwordMinLength }) =>
      adminPassword !== undefined && [...adminPassword].length < passwordMinLength
        ? 'is shorter than the least length of a password'
        : undefined,
  },
]

type Wrong = CrossCheck['wrong']

function unsafe(of: CrossCheck['of'], wrong: Wrong): CrossCheck {
  return { code: 'setting_unsafe', of, wrong }
}

function conflict(of: CrossCheck['of'], wrong: Wrong): CrossCheck {
  return { code: 'settings_conflict', of, wrong }
}

function unsafeOutsideDevelopment(of: CrossCheck['of'], wrong: Wrong): CrossCheck {
  return unsafe([...of, 'issuer'], (settings) => {
    const why = isDevelopment(settings.issuer) ? undefined : wrong(settings)
    return why === undefined ? undefined : `${why}. This is for development alone, on an http issuer of this machine`
  })
}

function leastOutsideDevelopment(name: SettingName, least: number): CrossCheck {
  return unsafeOutsideDevelopment([name], (settings) =>
    Number(settings[name]) < least ? `is less than ${formatDuration(least)}` : undefined,
  )
}
