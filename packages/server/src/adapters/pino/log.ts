import { SECRET_PATTERN } from '@countersign/protocol'
import { type DestinationStream, pino } from 'pino'
import type { Log, LogFields } from '../../ports/log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** JSON lines. What nobody meant to write is caught at the last moment: our secrets tell themselves by their prefix. */
export function createPinoLog(level: LogLevel, destination: DestinationStream, now: () => number): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => destination.write(line.replaceAll(SECRET_PATTERN, '[secret]').replaceAll(JWT, '[token]')) },
  )
  const write =
    (method: 'debug' | 'info' | 'warn') =>
    (message: string, fields: LogFields = {}) =>
      logger[method](fields, message)
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: (message, error, fields = {}) => logger.error({ ...fields, ...describe(error) }, message),
  }
}

// No word boundary before it: in a line of JSON a line break is the letter n behind a backslash.
const JWT = /eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*/g

/** Name, message, code and stack of an error and its cause; other properties may hold what was sent. */
function describe(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const cause = error.cause instanceof Error ? `${error.cause.name}: ${error.cause.message}` : undefined
  return { error: error.name, detail: error.message, code, cause, stack: error.stack }
}
