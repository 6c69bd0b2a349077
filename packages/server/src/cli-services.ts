import { exists } from './adapters/files/master-key-file.ts'
import { createPinoLog } from './adapters/pino/log.ts'
import type { CliService, CliServices, DataReport, ServiceConfig } from './cli/service.ts'
import { ConfigError, type ConfigFault } from './config/config-error.ts'
import { SETTING_NAMES, variableOf } from './config/settings.ts'
import { dataPlaces, openStores, refusal } from './data-folder.ts'
import { type Listening, listen } from './http/listen.ts'
import { createNodeHandler, type NodeHandler } from './http/node-handler.ts'
import type { Clock } from './ports/clock.ts'
import type { Random } from './ports/random.ts'
import type { Timers } from './ports/timers.ts'
import { openService, type Service, type ServicePlugins, type System } from './server.ts'
import { inspectData } from './usecases/inspect-data.ts'
import { keepOf } from './usecases/key-policy.ts'

/** The machine, for the command line. */
export interface CliMachine {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly cores: number
  /** Where log lines go. */
  readonly logTo: { write(line: string): void }
  /** From now on the first signal to stop aborts this instead of ending the process. */
  untilStopped(): AbortSignal
}

/** How long requests under way may take to finish once the process is told to stop, in milliseconds. */
const STOP_GRACE = 10_000
const BY_CLI = { actor: 'cli', caller: { requestId: 'cli', address: undefined, userAgent: undefined } } as const

/** What the commands call: another door to the use cases that the routes call. */
export function createCliServices(machine: CliMachine): CliServices {
  function systemOf({ settings, cwd }: ServiceConfig): System {
    const { clock, timers, random, cores, logTo } = machine
    return { clock, timers, random, cores, cwd, log: createPinoLog(settings.logLevel, logTo, () => clock.wall()) }
  }

  async function open(config: ServiceConfig, serving: boolean): Promise<Service> {
    const plugins = readPlugins(config.plugins)
    try {
      return await openService(config.settings, plugins, systemOf(config), { checkHost: true, serving })
    } catch (error) {
      throw error instanceof ConfigError ? byVariable(error) : error
    }
  }

  return {
    open: async (config) => cliService(await open(config, false)),

    async migrate(config) {
      const { close, migration } = await openStores(dataPlaces(config.settings, config.cwd), machine)
      await close()
      const { from, to } = migration
      return { from, to, applied: Array.from({ length: to - from }, (_, i) => `migration ${from + i + 1}`) }
    },

    inspect,

    async serve(config, announce) {
      const stopped = machine.untilStopped()
      const { settings } = config
      // The port first: where it is taken no data was made yet, and no one-time password that nobody gets to see. Whoever
      // calls before the data is open waits for it.
      const opened = Promise.withResolvers<Service>()
      const handler = createNodeHandler(
        async (request, info) => (await opened.promise).app(request, info),
        () => true,
      )
      const port = await openPort(handler, settings)
      try {
        const service = await open(config, true)
        opened.resolve(service)
        try {
          announce({
            issuer: settings.issuer,
            address: `${settings.host}:${port.port}`,
            dataDir: service.dataFolder,
            ...(service.firstAdministrator === undefined ? {} : { administrator: service.firstAdministrator }),
          })
          await untilAborted(stopped)
          await port.close(STOP_GRACE)
        } finally {
          await service.close()
        }
      } catch (error) {
        await port.close(0)
        throw error
      }
      return 0
    },
  }

  async function openPort(handler: NodeHandler, { host, port }: ServiceConfig['settings']): Promise<Listening> {
    try {
      return await listen(handler, { host, port, timers: machine.timers })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      throw CLOSED[code]?.(host, port) ?? error
    }
  }

  /** Opens nothing that is not there and makes nothing. */
  async function inspect({ settings, cwd }: ServiceConfig): Promise<DataReport> {
    const places = dataPlaces(settings, cwd)
    if (!exists(places.database)) return { exists: false }
    try {
      const { stores, close } = await openStores(places, machine)
      try {
        const audiences = [settings.issuer, ...settings.audience]
        const keep = keepOf({ ...settings, algorithm: settings.signingAlgorithm }) * 1000
        const { issuer, ...found } = await inspectData(stores, { audiences, now: machine.clock.wall(), keep })
        return { exists: true, ...found, ...(issuer === undefined ? {} : { issuer }) }
      } finally {
        await close()
      }
    } catch (error) {
      return { exists: true, problem: error instanceof ConfigError ? error.message : 'the database cannot be read' }
    }
  }
}

/** What an application calls `issuer`, an operator knows as `COUNTERSIGN_ISSUER`. */
function byVariable({ faults }: ConfigError): ConfigError {
  const renamed = faults.map((fault): ConfigFault => {
    const name = SETTING_NAMES.find((candidate) => candidate === fault.setting)
    return name === undefined ? fault : { ...fault, setting: variableOf(name) }
  })
  return new ConfigError(renamed as [ConfigFault, ...ConfigFault[]])
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Which setting to change, by the reason why no socket could be opened. */
const CLOSED: Readonly<Record<string, (host: string, port: number) => ConfigError>> = {
  EADDRINUSE: (_host, port) =>
    refusal(
      'settings_conflict',
      'COUNTERSIGN_PORT',
      `(or --port) is ${port}, where another program listens; set another one`,
    ),
  EACCES: (_host, port) =>
    refusal('setting_invalid', 'COUNTERSIGN_PORT', `(or --port) is ${port}, where this user may not listen`),
  EADDRNOTAVAIL: notOurs,
  ENOTFOUND: notOurs,
}

function notOurs(host: string): ConfigError {
  return refusal('setting_invalid', 'COUNTERSIGN_HOST', `(or --host) is ${host}, which is no address of this machine`)
}

/** The `plugins` of `countersign.config.ts`: behaviour, so only its kind can be looked at. */
function readPlugins(plugins: unknown): ServicePlugins {
  if (plugins === undefined) return {}
  if (typeof plugins !== 'object' || plugins === null) throw refusal('setting_invalid', 'plugins', 'is no object')
  for (const [name, value] of Object.entries(plugins)) {
    const known = PLUGINS.get(name)
    if (known === undefined) throw refusal('setting_unknown', `plugins.${name}`, 'is not a plug-in of this version')
    if (value !== undefined && typeof value !== known)
      throw refusal('setting_invalid', `plugins.${name}`, `is no ${known}`)
  }
  return plugins
}

const PLUGINS: ReadonlyMap<string, string> = new Map([
  ['claims', 'function'],
  ['passwordHasher', 'object'],
])

function cliService(service: Service): CliService {
  const { accounts, keys } = service
  return {
    accounts: {
      create: (draft) => accounts.create(draft, BY_CLI),
      find: (idOrUsername) => accounts.find(idOrUsername),
      list: (page) => accounts.list(page),
      setDisabled: (id, disabled) => accounts.change(id, { disabled }, BY_CLI),
      setRoles: (id, roles) => accounts.change(id, { roles }, BY_CLI),
      resetPassword: async (id) => ({ oneTimePassword: await accounts.resetPassword(id, BY_CLI) }),
      endSessions: (id) => accounts.endSessions(id, BY_CLI),
    },
    keys: {
      list: () => keys.list(),
      async rotate(options) {
        await keys.rotate(options, BY_CLI)
        const active = (await keys.list()).find(({ state }) => state === 'active')
        if (active === undefined) throw new TypeError('a rotation leaves an active key')
        return active
      },
      exportSecrets: (audience) => keys.exportSecrets(audience, BY_CLI),
    },
    audit: {
      list: (page) => service.listAudit(page),
      async verify(progress) {
        const { checked, fault, head } = await service.verifyAudit({ progress })
        return {
          checked,
          ...(fault === undefined ? {} : { fault }),
          ...(head === undefined
            ? {}
            : {
                head: {
                  sequence: head.sequence,
                  at: Math.floor(head.at / 1000),
                  mac: Buffer.from(head.mac).toString('base64url'),
                },
              }),
        }
      },
    },
    close: () => service.close(),
  }
}
