import { AUDIT_EVENTS, type AuditEventName, type AuditFacts } from '../domain/audit.ts'
import { chainEntry, SALT_BYTES } from '../domain/audit-chain.ts'
import { AuthError } from '../domain/errors.ts'
import type { MasterKeys } from '../domain/master-keys.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Log } from '../ports/log.ts'
import type { Random } from '../ports/random.ts'
import type { Caller } from './context.ts'

/** What a use case says of an event. What is left out is not known or does not apply. */
export interface AuditInput {
  readonly event: AuditEventName
  readonly result: 'ok' | 'refused'
  readonly actor?: string | undefined
  readonly subject?: string | undefined
  readonly detail?: AuditFacts['detail'] | undefined
  /** The name of an account that exists, never one that was only typed. */
  readonly username?: string | undefined
}

/** Who does something: an account's id, `cli` or `system`, and by which request. */
export interface By {
  readonly actor: string
  readonly caller?: Caller | undefined
}

/** The audit log, for those who have something to record. */
export interface Audit {
  /**
   * Records an event, outside any transaction of what it tells of.
   *
   * When the log cannot be written: an administrative act rejects with `store_unavailable`, so whoever records it first
   * and acts then never acts unseen. Everything else resolves, and the loss is told to the log of the service as an error
   * and counted: nobody is kept from logging in or out.
   *
   * @throws {AuthError} `store_unavailable`
   */
  record(input: AuditInput, caller?: Caller): Promise<void>
  /** How many events were lost since the start. Anything but 0 is an alarm. */
  lost(): number
}

const RETRY_AFTER = 2

export function createAudit(dependencies: {
  readonly log: AuditLog
  readonly masterKeys: MasterKeys
  readonly random: Random
  readonly report: Pick<Log, 'error'>
}): Audit {
  const { log, masterKeys, random, report } = dependencies
  const key = { id: masterKeys.activeId, bytes: masterKeys.deriveActive('audit-v1') }
  let lost = 0

  return {
    async record(input, caller) {
      const facts = factsOf(input, caller)
      const salt = random.bytes(SALT_BYTES)
      try {
        await log.append((previous, at) => chainEntry(facts, { previous, at, salt }, key))
      } catch (error) {
        const { administrative } = AUDIT_EVENTS[input.event]
        if (!administrative) lost += 1
        report.error('the audit log could not be written', error, {
          event: input.event,
          request_id: facts.requestId,
          refused: administrative,
          lost,
        })
        if (administrative) throw new AuthError('store_unavailable', { retryAfter: RETRY_AFTER, reason: 'audit' })
      }
    },
    lost: () => lost,
  }
}

function factsOf({ event, result, actor, subject, detail, username }: AuditInput, caller?: Caller): AuditFacts {
  const { requestId, address, userAgent } = caller ?? {}
  return {
    event,
    result,
    actor,
    subject,
    requestId,
    detail: detail ?? {},
    personal: {
      ...(address === undefined ? {} : { address }),
      ...(userAgent === undefined ? {} : { userAgent }),
      // Without an account that it is the name of, it is something that somebody typed, a password perhaps.
      ...(username === undefined || (actor ?? subject) === undefined ? {} : { username }),
    },
  }
}
