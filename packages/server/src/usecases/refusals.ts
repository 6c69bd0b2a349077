import { createHmac } from 'node:crypto'
import type { ErrorCode } from '@countersign/protocol'
import { addressBuckets, parseAddress } from '../domain/address.ts'
import type { AuditEventName } from '../domain/audit.ts'
import type { AuthError } from '../domain/errors.ts'
import type { AttemptStore } from '../ports/attempt-store.ts'
import type { Audit } from './audit.ts'
import type { Caller } from './context.ts'

/** A refusal at the door, where no use case was reached that could tell of it. */
export interface DoorRefusal {
  readonly error: AuthError
  /** A path of the table, never as sent. */
  readonly route: string
  /** True for a request to the administration. */
  readonly administrative: boolean
  /** The account whose token was refused, if it was one of ours. */
  readonly actor: string | undefined
}

/**
 * Puts the refusals that tell of an attack into the audit log: limits, foreign origins, the administration. Of each kind,
 * from one place, the first in a minute, and a bounded number from all places together: whoever is refused a thousand
 * times must not fill a disk by it.
 */
export type RecordRefusal = (refusal: DoorRefusal, caller: Caller) => Promise<void>

const EVENTS: ReadonlyMap<ErrorCode, AuditEventName> = new Map([
  ['rate_limited', 'limit.reached'],
  ['csrf_refused', 'request.foreign_origin'],
])

/** What is one only under `/admin`. Without any token it is a scanner's noise, and in the log of requests. */
const ADMINISTRATIVE: ReadonlySet<ErrorCode> = new Set([
  'token_invalid',
  'scope_insufficient',
  'reauthentication_required',
])

const MINUTE = 60_000
const FROM_ONE_PLACE = { limit: 1, period: MINUTE }
const FROM_ALL_PLACES = { limit: 60, period: MINUTE }

export function createRecordRefusal(dependencies: {
  readonly attempts: Pick<AttemptStore, 'take'>
  readonly audit: Pick<Audit, 'record'>
  /** What keys are made with: a counter names no person. */
  readonly identKey: Uint8Array
}): RecordRefusal {
  const { attempts, audit, identKey } = dependencies

  return async ({ error, route, administrative, actor }, caller) => {
    const { code, reason = code } = error
    const event = EVENTS.get(code) ?? (administrative && ADMINISTRATIVE.has(code) ? 'admin.refused' : undefined)
    if (event === undefined) return
    const { allowed } = await attempts.take([
      // Not by what it was about: the time of an entry would tell which names have an account.
      { key: keyOf(event, reason, route, actor ?? '', placeOf(caller)), limit: FROM_ONE_PLACE },
      { key: `audit:${event}`, limit: FROM_ALL_PLACES },
    ])
    if (!allowed) return
    const subject = typeof error.subject === 'function' ? await error.subject() : error.subject
    const why = event === 'limit.reached' ? { limit: reason } : { why: reason }
    await audit.record({ event, result: 'refused', actor, subject, detail: { ...why, route } }, caller)
  }

  function placeOf({ address }: Caller): string {
    const parsed = address === undefined ? undefined : parseAddress(address)
    return parsed === undefined ? '' : addressBuckets(parsed).host
  }

  function keyOf(...parts: readonly string[]): string {
    const mac = createHmac('sha256', identKey).update(parts.join('\0'), 'utf8').digest('base64url')
    return `audit:${mac.slice(0, 22)}`
  }
}
