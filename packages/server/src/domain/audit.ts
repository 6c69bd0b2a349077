/**
 * What is recorded. The list is closed: an event that has no row here does not compile.
 *
 * `administrative`: an act of power over others, or over the service itself. When the log cannot be written such an act
 * does not happen (fail closed), so whoever does one records it before doing it. All else goes on: people must be able
 * to log in and out while the log is down, and the loss is reported loudly and counted.
 */
export const AUDIT_EVENTS = {
  'login.succeeded': { doc: 'Somebody logged in. The subject is the new session.', administrative: false },
  'login.refused': { doc: 'A log-in was refused; `why` says more than the answer did.', administrative: false },
  'limit.reached': { doc: 'A limit refused further attempts; `limit` names it.', administrative: false },
  'request.foreign_origin': { doc: 'A request came from a foreign site (CSRF).', administrative: false },
  'session.ended': { doc: 'A session was ended: by its owner, by a new log-in, by a change.', administrative: false },
  'session.reused': {
    doc: 'A used refresh token was presented outside its window, which ended the session.',
    administrative: false,
  },
  'session.refresh_refused': { doc: 'An authentic refresh token was refused.', administrative: false },
  'session.repeated_often': {
    doc: 'A session repeats its refreshes more often than lost answers explain.',
    administrative: false,
  },
  'account.registered': { doc: 'Somebody made an account for themselves.', administrative: false },
  'account.registration_refused': { doc: 'A registration was refused.', administrative: false },
  'account.password_changed': {
    doc: 'The owner set a new password; `one_time`: in place of a one-time one.',
    administrative: false,
  },
  'account.password_change_refused': { doc: 'A change of password was refused.', administrative: false },
  'account.sessions_ended': { doc: 'The owner ended all sessions of the account.', administrative: false },
  'account.first_administrator': { doc: 'The service made its first administrator.', administrative: true },
  'account.created': { doc: 'An administrator made an account.', administrative: true },
  'account.disabled': { doc: 'An administrator disabled an account.', administrative: true },
  'account.enabled': { doc: 'An administrator enabled an account.', administrative: true },
  'account.roles_changed': { doc: 'An administrator changed the roles of an account.', administrative: true },
  'account.email_changed': {
    doc: 'An administrator changed or removed the mail address of an account.',
    administrative: true,
  },
  'account.password_reset': { doc: 'An administrator gave an account a one-time password.', administrative: true },
  'account.sessions_ended_by_administrator': {
    doc: 'An administrator ended all sessions of an account.',
    administrative: true,
  },
  'session.ended_by_administrator': { doc: 'An administrator ended a session.', administrative: true },
  'admin.refused': { doc: 'An administrative request was refused.', administrative: false },
  'key.published': { doc: 'A signing key was made; it waits or signs at once.', administrative: false },
  'key.rotated': { doc: 'The waiting signing key was started by hand.', administrative: true },
  'key.revoked': { doc: 'A signing key was revoked.', administrative: true },
  'key.exported': { doc: 'A key was written out for a service.', administrative: true },
  'key.resealed': { doc: 'Signing keys were sealed anew under the active master key.', administrative: false },
  'key.deleted': { doc: 'A signing key that nobody needs any more was deleted.', administrative: false },
  'service.started': { doc: 'The service started, with the settings that matter for safety.', administrative: true },
  'audit.verified': { doc: 'The chain of this log was verified.', administrative: false },
} as const satisfies Readonly<Record<string, { readonly doc: string; readonly administrative: boolean }>>

export type AuditEventName = keyof typeof AUDIT_EVENTS

/** Something that happened and that somebody may have to answer for. Never holds a secret. */
export interface AuditFacts {
  readonly event: AuditEventName
  readonly result: 'ok' | 'refused'
  /** Who did it: an account id, `cli`, `system`; absent when nobody is known. */
  readonly actor: string | undefined
  /** What it was done to: the id of an account, a session or a key. */
  readonly subject: string | undefined
  readonly requestId: string | undefined
  /** More, without anything personal: the reason of a refusal, the names of changed fields. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
  /** What belongs to a person and may have to be erased: chained by a salted hash, kept beside. */
  readonly personal: PersonalFacts
}

export interface PersonalFacts {
  readonly address?: string
  readonly userAgent?: string
  /**
   * Only ever the name of an account that exists. Never what was typed into the name field of a refused log-in: people
   * type their password there.
   */
  readonly username?: string
}
