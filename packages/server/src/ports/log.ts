/** Fields of a log line: what happened, never a secret, a token, a password or a mail address. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Where the service says what it does. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  /** @param error a fault of ours; its name, message and stack are written, its other properties are not */
  error(message: string, error: unknown, fields?: LogFields): void
}
