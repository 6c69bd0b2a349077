/**
 * The only wiring: settings → adapters behind ports → use cases → routes. Follow the arrows with a finger.
 */

import { generateSigningKey } from '@countersign/jwt'
import { createPasswordHasher } from './adapters/argon2id/password-hasher.ts'
import { createMemoryAttemptStore } from './adapters/memory/attempt-store.ts'
import { createPrometheusMetrics } from './adapters/prometheus/metrics.ts'
import type { StatementObserver } from './adapters/sql/driver.ts'
import type { Settings } from './config/settings.ts'
import { dataPlaces, openStores, readMasterKeys, refusal } from './data-folder.ts'
import { AuthError } from './domain/errors.ts'
import { isSecretAlgorithm } from './domain/key-purpose.ts'
import { MasterKeyError } from './domain/key-wrap.ts'
import type { MasterKeys } from './domain/master-keys.ts'
import { createSealer } from './domain/refresh-token.ts'
import { type App, createApp } from './http/app.ts'
import { createClientResolver } from './http/client.ts'
import { createCookies } from './http/cookies.ts'
import { metadataOf } from './http/metadata.ts'
import { createOriginRule } from './http/origin.ts'
import { createRoutes } from './http/routes.ts'
import type { AttemptStore } from './ports/attempt-store.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import type { Metrics } from './ports/metrics.ts'
import type { PasswordHasher } from './ports/password-hasher.ts'
import type { Random } from './ports/random.ts'
import type { Stores } from './ports/stores.ts'
import type { Timers } from './ports/timers.ts'
import { type Accounts, createAccounts } from './usecases/accounts.ts'
import { type Audit, createAudit } from './usecases/audit.ts'
import { createAuthenticate } from './usecases/bearer.ts'
import { createChangePassword } from './usecases/change-password.ts'
import type { ClaimsHook } from './usecases/claims-hook.ts'
import { createExportSecrets } from './usecases/export-key.ts'
import { createFirstAdministrator, type FirstAdministrator } from './usecases/first-administrator.ts'
import { createGrant } from './usecases/grant.ts'
import { createIssueAccessToken } from './usecases/issue-access-token.ts'
import { createKeyRing, type KeyRing } from './usecases/key-ring.ts'
import { createKeySafe } from './usecases/key-safe.ts'
import { createKeys, type Keys } from './usecases/keys.ts'
import { createKnownDevices } from './usecases/known-devices.ts'
import { createListAudit, type ListAudit } from './usecases/list-audit.ts'
import { createCheckPassword, createLogin } from './usecases/login.ts'
import { createLogout } from './usecases/logout.ts'
import { createMaintenance } from './usecases/maintenance.ts'
import { type MasterKeyRegister, registerMasterKeys } from './usecases/master-key-register.ts'
import { createOpenSession } from './usecases/open-session.ts'
import { createRefresh } from './usecases/refresh.ts'
import { createRecordRefusal } from './usecases/refusals.ts'
import { createRegister } from './usecases/register.ts'
import { createRotateKeys, disposeKeys } from './usecases/rotate-keys.ts'
import { createSessions, type Sessions } from './usecases/sessions.ts'
import { createThrottle } from './usecases/throttle.ts'
import { createVerifyAudit, type VerifyAudit } from './usecases/verify-audit.ts'

/** The machine, as the service sees it. */
export interface System {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  /** Processor cores. */
  readonly cores: number
  /** Relative paths of the settings start here. */
  readonly cwd: string
}

/** What no variable can say. */
export interface ServicePlugins {
  readonly claims?: ClaimsHook | undefined
  readonly passwordHasher?: PasswordHasher | undefined
}

export interface ServiceOptions {
  /** False inside a user's own application, which decides which hosts it answers for. */
  readonly checkHost: boolean
  /**
   * False for a command that only looks or changes something: nothing runs beside it, no start is recorded, and no first
   * administrator is made.
   */
  readonly serving: boolean
  /**
   * False where nobody is shown the first administrator's one-time password: then one is made only with the password of
   * the settings. Default true.
   */
  readonly announces?: boolean
  /** Is told the text of every SQL statement. */
  readonly onStatement?: StatementObserver | undefined
}

/** A service that is open. */
export interface Service {
  readonly app: App
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly keys: Keys
  readonly audit: Audit
  readonly verifyAudit: VerifyAudit
  readonly listAudit: ListAudit
  /** Set when this start made the first administrator. */
  readonly firstAdministrator: FirstAdministrator | undefined
  /** Absolute path. */
  readonly dataFolder: string
  close(): Promise<void>
}

/** Milliseconds between two looks at whether the keys want to be read. */
const KEY_LOOK = 1_000

/**
 * Opens the service on its data: migrated, keys loaded, and where it serves the first administrator made. Opens no port.
 *
 * @throws {ConfigError} when the data cannot be used as the settings say
 */
export async function openService(
  settings: Settings,
  plugins: ServicePlugins,
  system: System,
  options: ServiceOptions,
): Promise<Service> {
  const data = await openData(settings, system, options)
  try {
    const ground = layGround(settings, plugins, system, data)
    const { ring, keys } = await wireKeys(ground)
    const useCases = wireUseCases(ground, ring)
    const firstAdministrator = options.serving ? await recordStart(ground, options) : undefined

    const maintenance = createMaintenance({
      keys: {
        // Looked at often, read seldom: a key that another service has just made must not be unknown here for long.
        interval: Math.min(ring.pollInterval, KEY_LOOK),
        async work() {
          if (!ring.needsRefresh()) return
          await ring.refresh()
          await disposeKeys({ ...ground, keys: data.stores.keys, ring, policy: settings })
        },
      },
      sessions: data.stores.sessions,
      timers: system.timers,
      now: ground.now,
      log: system.log,
    })
    if (options.serving) maintenance.start()

    return {
      app: wireApp(ground, options, { ...useCases, keys }, ring),
      accounts: useCases.accounts,
      sessions: useCases.sessions,
      keys,
      audit: ground.audit,
      listAudit: createListAudit({ log: data.stores.audit }),
      verifyAudit: createVerifyAudit({
        log: data.stores.audit,
        key: data.masterKeyRegister.auditKey,
        audit: ground.audit,
      }),
      firstAdministrator,
      dataFolder: data.folder,
      async close() {
        await maintenance.close()
        await data.close()
      },
    }
  } catch (error) {
    await data.close()
    throw error
  }
}

/** The data of this issuer, opened with master keys that fit it. */
interface OpenData {
  readonly folder: string
  readonly stores: Stores
  readonly masterKeys: MasterKeys
  readonly masterKeyRegister: MasterKeyRegister
  close(): Promise<void>
}

async function openData(settings: Settings, system: System, { onStatement }: ServiceOptions): Promise<OpenData> {
  const { clock, timers, random } = system
  const { issuer } = settings
  const places = dataPlaces(settings, system.cwd)
  const masterKeys = readMasterKeys(settings, places, random)
  const { stores, close } = await openStores(places, { clock, timers, onStatement })
  try {
    const madeFor = await stores.meta.setOnce('issuer', issuer)
    if (madeFor !== issuer) throw refusal('settings_conflict', 'issuer', `is ${issuer}, but the data is of ${madeFor}`)
    const masterKeyRegister = await withMasterKeys(() =>
      registerMasterKeys({ meta: stores.meta, keys: stores.keys, masterKeys, random, now: () => clock.wall() }),
    )
    return { folder: places.folder, stores, masterKeys, masterKeyRegister, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What the use cases stand on. */
interface Ground extends OpenData {
  readonly settings: Settings
  readonly plugins: ServicePlugins
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly now: () => number
  readonly audit: Audit
  readonly metrics: Metrics
  readonly attempts: AttemptStore
  readonly hasher: PasswordHasher
  /** What a new password is judged by. */
  readonly rules: { readonly minLength: number; readonly serviceName: string }
}

function layGround(settings: Settings, plugins: ServicePlugins, system: System, data: OpenData): Ground {
  const { clock, random, log, cores } = system
  const audit = createAudit({ log: data.stores.audit, masterKeys: data.masterKeys, random, report: log })
  const metrics = createPrometheusMetrics()
  metrics.watch('countersign_audit_lost', 'Audit entries that could not be written. Anything but 0 is an alarm.', () =>
    audit.lost(),
  )
  return {
    ...data,
    settings,
    plugins,
    clock,
    random,
    log,
    now: () => clock.wall(),
    audit,
    metrics,
    attempts: createMemoryAttemptStore({ mono: () => clock.mono() }),
    hasher: plugins.passwordHasher ?? createPasswordHasher({ clock, random, cores }),
    rules: { minLength: settings.passwordMinLength, serviceName: new URL(settings.issuer).hostname },
  }
}

async function wireKeys(ground: Ground): Promise<{ readonly ring: KeyRing; readonly keys: Keys }> {
  const { settings, stores, masterKeys, clock, random, now, audit, metrics } = ground
  const { issuer } = settings
  const tell = (event: 'key.published' | 'key.resealed') => (key: { readonly kid: string; readonly alg: string }) =>
    audit.record({ event, result: 'ok', actor: 'system', subject: key.kid, detail: { alg: key.alg } })

  const safe = createKeySafe({ masterKeys, random, issuer, generateKey: generateSigningKey })
  const ring = createKeyRing({
    issuer,
    audiences: settings.audience,
    keys: stores.keys,
    safe,
    clock,
    policy: { ...settings, algorithm: settings.signingAlgorithm },
    onPublished: tell('key.published'),
    onResealed: tell('key.resealed'),
  })
  await withMasterKeys(() => ring.refresh())
  metrics.watch('countersign_keys_age_seconds', 'Time since the signing keys were last read.', () => ring.age() / 1000)

  const rotate = createRotateKeys({ keys: stores.keys, ring, safe, audit, now, policy: settings })
  const exportSecrets = createExportSecrets({ issuer, keys: stores.keys, safe, audit, now, keep: ring.keep })
  return { ring, keys: createKeys({ ring, rotate, exportSecrets }) }
}

function wireUseCases(ground: Ground, ring: KeyRing) {
  const { settings, plugins, stores, masterKeys, clock, random, now, audit, hasher, rules } = ground
  const { issuer } = settings
  const isDroppedKey = ground.masterKeyRegister.isDropped

  const sealer = createSealer(masterKeys)
  const throttle = createThrottle({
    attempts: ground.attempts,
    identKey: masterKeys.deriveActive('ident-v1'),
    figures: throttleFigures(settings),
    enabled: settings.rateLimit === 'on',
  })
  const grant = createGrant({
    issuer,
    audiences: settings.audience,
    oneAudience: isSecretAlgorithm(settings.signingAlgorithm),
    roleScopes: settings.roleScopes,
    defaultScopes: settings.defaultScopes,
  })
  const issueAccessToken = createIssueAccessToken({
    issuer,
    lifetime: settings.accessTokenLifetime,
    random,
    sign: ring.sign,
    claims: plugins.claims,
  })

  const openSession = createOpenSession({
    sessions: stores.sessions,
    sealer,
    random,
    now,
    policy: settings,
    issueAccessToken,
  })
  const logout = createLogout({ sessions: stores.sessions, sealer, isDroppedKey, audit })
  const devices = createKnownDevices({ key: masterKeys.deriveActive('device-v1'), now })
  const checkPassword = createCheckPassword({ accounts: stores.accounts, hasher, throttle, devices, audit, now })

  return {
    authenticate: createAuthenticate({ verify: ring.verify, sessions: stores.sessions, now }),
    register: createRegister({
      accounts: stores.accounts,
      hasher,
      throttle,
      random,
      now,
      audit,
      rules,
      registration: settings.registration,
    }),
    login: createLogin({ checkPassword, openSession, logout, devices, audit, clock, grant }),
    refresh: createRefresh({
      sealer,
      sessions: stores.sessions,
      accounts: stores.accounts,
      throttle,
      audit,
      clock,
      now,
      isDroppedKey,
      grant,
      policy: settings,
      issueAccessToken,
    }),
    logout,
    sessions: createSessions({ sessions: stores.sessions, logout, audit }),
    changePassword: createChangePassword({
      accounts: stores.accounts,
      hasher,
      throttle,
      checkPassword,
      openSession,
      logout,
      devices,
      audit,
      clock,
      now,
      grant,
      rules,
    }),
    accounts: createAccounts({ accounts: stores.accounts, sessions: stores.sessions, hasher, random, now, audit }),
  }
}

function wireApp(
  ground: Ground,
  { checkHost }: ServiceOptions,
  useCases: ReturnType<typeof wireUseCases> & { readonly keys: Keys },
  ring: KeyRing,
): App {
  const { settings, stores, clock, random, log, now, audit, metrics, attempts, masterKeys } = ground
  const { issuer } = settings
  const origins = createOriginRule(issuer, settings.allowedOrigins)
  const routes = createRoutes({
    ...useCases,
    issuer,
    absoluteLifetime: settings.refreshAbsoluteLifetime,
    cookies: createCookies(issuer),
    origins,
    metadata: metadataOf(issuer, settings),
    isReady: () =>
      stores.meta.get('issuer').then(
        (value) => value === issuer && ring.canSign(),
        () => false,
      ),
    metrics: () => metrics.text(),
    metricsOpen: settings.metricsAccess === 'open',
  })
  return createApp({
    routes,
    issuer,
    checkHost,
    origins,
    authenticate: useCases.authenticate,
    reauthenticationAge: settings.reauthenticationAge,
    now,
    clock,
    random,
    resolveClient: createClientResolver(settings.trustedProxies),
    recordRefusal: createRecordRefusal({ attempts, audit, identKey: masterKeys.deriveActive('ident-v1') }),
    log,
    metrics,
  })
}

/** What a start to serve leaves behind: an administrator where there was none, and an entry in the audit log. */
async function recordStart(ground: Ground, { announces }: ServiceOptions): Promise<FirstAdministrator | undefined> {
  const { settings, stores, hasher, random, now, audit, rules } = ground
  // Only where the one-time password is shown: a command that came first would keep it to itself.
  const isShown = announces !== false || settings.adminPassword !== undefined
  const made = isShown
    ? await withAdministratorSettings(() =>
        createFirstAdministrator({ accounts: stores.accounts, hasher, random, now, audit, rules, settings }),
      )
    : undefined
  await audit.record({ event: 'service.started', result: 'ok', actor: 'system', detail: startDetail(settings) })
  return made
}

function throttleFigures(settings: Settings) {
  return {
    failures: {
      free: settings.loginFailuresFree,
      firstDelay: settings.loginDelayFirst * 1000,
      maxDelay: settings.loginDelayMax * 1000,
    },
    logins: { limit: settings.loginsPerMinute, period: 60_000 },
    registrations: { limit: settings.registrationsPerHour, period: 3_600_000 },
    refreshes: { limit: settings.refreshesPerMinute, period: 60_000 },
    networkFactor: 5,
  }
}

/** The settings that matter for safety, for whoever asks later how it was set up. */
function startDetail(settings: Settings): Readonly<Record<string, string | number>> {
  return {
    algorithm: settings.signingAlgorithm,
    access_token_lifetime: settings.accessTokenLifetime,
    refresh_grace: settings.refreshGrace,
    registration: settings.registration,
    rate_limit: settings.rateLimit,
    password_min_length: settings.passwordMinLength,
    allowed_origins: settings.allowedOrigins.length,
    trusted_proxies: settings.trustedProxies.length,
  }
}

/** A name or password that the first administrator cannot have is a fault of the settings, told before anything is served. */
async function withAdministratorSettings<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AuthError) || error.faults === undefined) throw error
    const reasons = error.faults.map(({ code }) => code).join(', ')
    const setting = error.code === 'password_refused' ? 'adminPassword' : 'adminUsername'
    throw refusal('setting_invalid', setting, `is refused: ${reasons}`)
  }
}

/** A master key that does not open what is there stops the start; nothing new is made over it. */
async function withMasterKeys<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof MasterKeyError)
      throw refusal('master_key_wrong', 'masterKeys', `cannot be used: ${error.message}`)
    throw error
  }
}
