/** One line of the checklist: what is tried, and what must come of it. */
export interface Demand {
  readonly id: string
  readonly demand: string
}

/** A part of the checklist. */
export interface Section {
  readonly title: string
  readonly demands: readonly Demand[]
}

const held = (id: string, demand: string): Demand => ({ id, demand })

/** What the service must withstand over HTTP. Sources: OWASP ASVS 5.0, NIST SP 800-63B-4, RFC 6750, 8725, 9068, 9700. */
export const CHECKLIST: readonly Section[] = [
  {
    title: 'Sessions and cookies',
    demands: [
      held(
        'S-S01',
        'Both cookies are HttpOnly, Secure and SameSite=Strict; the refresh token goes to its endpoint alone.',
      ),
      held('S-S02', 'A cookie value planted before log-in is never taken (session fixation).'),
      held('S-S03', 'A new log-in in the same browser ends the session that was there.'),
      held('S-S04', 'Refresh secrets and session ids are random, do not repeat and tell no time.'),
      held('S-S05', 'After a log-out cookie, refresh token and access token are refused at once.'),
      held('S-S06', 'Disabling an account ends every session and token of it.'),
      held('S-S07', 'A changed password ends every older session; the caller gets a new one.'),
      held('S-S08', "An account lists and ends its own sessions; another account's is as if absent."),
      held('S-S09', 'Idle and absolute lifetimes are enforced by the service; a refresh never moves the absolute one.'),
      held('S-S11', 'A token in a query or an unexpected header is not read.'),
      held('S-S12', 'The tables hold hashes of secrets alone.'),
      held('S-S13', 'A cross-site GET makes and extends no session.'),
      held('S-S14', 'A cookie planted by a sibling subdomain is never used.'),
    ],
  },
  {
    title: 'Passwords',
    demands: [
      held('S-P01', 'At least 15 characters, at most 256, and nothing is cut.'),
      held('S-P02', 'No rules of composition.'),
      held('S-P03', 'Common passwords, repeated or padded ones, and names are refused with the reason.'),
      held('S-P04', 'Spaces and case count; Unicode is normalised to NFC at setting and checking.'),
      held('S-P05', 'Passwords that differ after 72 bytes, or after a NUL, differ.'),
      held('S-P06', 'Stored as argon2id of at least m=19456 t=2 p=1; weaker hashes are upgraded at log-in.'),
      held('S-P07', 'Parallel log-ins are bounded; beyond the bound the answer is 503 with Retry-After.'),
      held('S-P08', 'A change needs the current password; none is demanded by age.'),
      held('S-P10', 'The first administrator gets a random one-time password, shown once; there is no default one.'),
      held('S-P11', 'Imported hashes verify once and are upgraded; absurd cost parameters are refused.'),
    ],
  },
  {
    title: 'Enumeration',
    demands: [
      held('S-N01', 'Unknown, disabled and wrong all answer alike, at the same cost.'),
      held('S-N03', 'Registration never tells that a mail address is known.'),
      held('S-N05', 'A 429 is the same for known and unknown accounts.'),
      held('S-N08', 'Secrets are compared by hash, in constant time.'),
      held('S-N07', 'Ids in tokens and addresses are random.'),
    ],
  },
  {
    title: 'Throttling',
    demands: [
      held('S-T01', 'Wrong passwords for one account are delayed more and more.'),
      held('S-T02', 'Nobody can lock the owner out: a known device has a limit of its own.'),
      held('S-T03', 'A device cookie is bound to account and password, and is no credential.'),
      held('S-T04', 'One password tried on many accounts meets the limit of the address.'),
      held('S-T05', 'Many addresses on one account meet the limit of the account.'),
      held('S-T06', 'All spellings of an IPv6 /64 share one limit; mapped addresses count as IPv4.'),
      held('S-T07', 'Forwarding headers count only from a trusted proxy, and from the right.'),
      held('S-T08', 'Registration, refresh and password change have limits too.'),
      held('S-T10', 'A burst of wrong log-ins at one instant does not get past the limit.'),
      held('S-T12', "A right password clears the account's count, never the address's."),
      held('S-T13', 'Outside development the limits cannot be switched off.'),
      held('S-T14', 'A password change is limited as a log-in is.'),
    ],
  },
  {
    title: 'Refresh',
    demands: [
      held('S-R01', 'At most one rotation in a window; inside it the live token is kept and no cookie is written.'),
      held('S-R02', 'A token used again after the window ends the session, and the audit log has it.'),
      held('S-R03', 'Parallel uses give one living successor, the same text for all.'),
      held('S-R04', 'A lost answer can be repeated inside the window.'),
      held('S-R05', 'After a crash the old token is still refused.'),
      held('S-R06', 'A failed commit consumes no token and is no reuse.'),
      held('S-R07', 'Idle and absolute ends are enforced.'),
      held('S-R08', 'A wider scope or another audience is refused; the session neither rotates nor ends.'),
      held('S-R09', 'Junk and forged tokens never reach the database.'),
      held('S-R11', '429, 500 and 503 clear no cookie and end no session.'),
      held('S-R12', 'A cookie session takes no token from a body, nor the reverse.'),
      held('S-R13', '`expires_in` spreads over 80 to 100 % of the lifetime and is true to the second.'),
    ],
  },
  {
    title: 'Other sites',
    demands: [
      held('S-C01', 'Cross-site and same-site requests with a cookie are refused.'),
      held('S-C02', 'A foreign, null or missing Origin is refused; bearer requests need none.'),
      held('S-C03', 'A body that is not JSON is refused.'),
      held('S-C04', 'GET and HEAD change nothing and are 405 where only POST is served.'),
      held('S-C05', 'A foreign page can log nobody in.'),
      held('S-C06', 'The custom header must be there, once, and 1.'),
      held('S-C07', 'Method overrides are ignored.'),
      held('S-C08', 'In a real browser no cookie leaves from a page of another site.'),
    ],
  },
  {
    title: 'Headers and pages',
    demands: [
      held('S-H01', 'Pages carry a Content-Security-Policy without inline script or style.'),
      held('S-H02', 'Every answer carries the protective headers.'),
      held('S-H03', 'CORS answers exact origins alone, never a wildcard.'),
      held('S-H04', 'Content types are exact; markup is never echoed as HTML.'),
      held('S-H05', 'What carries a token or personal data is no-store.'),
      held('S-H06', 'Errors show no server, stack, path or version.'),
      held('S-H07', 'No address that we make holds a token or a mail address.'),
    ],
  },
  {
    title: 'Tokens and resource servers',
    demands: [
      held('S-O01', 'Access tokens are as RFC 9068 says.'),
      held('S-O06', 'The metadata has the issuer character for character and lists only what works.'),
      held('S-B01', 'Without credentials a guard answers 401 with a bare challenge.'),
      held('S-B02', 'A bad token is 401 invalid_token, and no more is told.'),
      held('S-B03', 'A missing scope or role is 403 insufficient_scope.'),
      held('S-B04', 'A doubled or malformed header is 400; a token in the query is not read.'),
      held('S-B05', 'A token of another kind or audience is refused.'),
      held('S-B06', 'Nothing in scope or realm can break out of the challenge.'),
      held('S-B07', 'A guard without issuer, audience or keys does not start.'),
      held('S-B08', 'The attacks on a token fail through every guard.'),
      held('S-B09', 'A huge token is refused before any work.'),
      held('S-B10', 'An error inside a guard lets nothing pass.'),
    ],
  },
  {
    title: 'Keys',
    demands: [
      held('S-K01', 'The JWK Set has public members alone.'),
      held('S-K02', 'A key is published well before its use and kept until its last token has expired.'),
      held('S-K04', 'Private keys are sealed for their row; another row cannot open them.'),
      held('S-K05', 'A wrong or missing master key refuses to start.'),
      held('S-K06', 'A kid is random or a thumbprint.'),
      held('S-K07', 'A short shared secret is refused.'),
      held('S-K08', 'Two starts at once make one key and one administrator.'),
      held('S-K09', 'An exported secret goes to a file of mode 0600.'),
    ],
  },
  {
    title: 'Requests',
    demands: [
      held('S-X02', 'A foreign Host is refused.'),
      held('S-X03', 'X-Forwarded-Proto from anybody changes nothing.'),
      held('S-X04', 'Ambiguous framing is refused.'),
      held('S-X05', 'No spelling of a path gets another decision than the plain one.'),
      held('S-L01', 'A body over the limit is refused before it is read whole; encodings are refused.'),
      held('S-L02', 'Slow connections are cut.'),
      held('S-L03', 'Deep, huge or polluting JSON is refused.'),
      held('S-L04', 'Malformed requests make no 5xx and end no process.'),
      held('S-L05', 'Oversized headers and addresses are refused.'),
      held('S-L06', 'Unknown members are refused, so nothing can be assigned in passing.'),
      held('S-L07', 'Arrays, objects and numbers where text is due are refused with a pointer.'),
      held('S-L08', 'Probes for SQL, templates and logs find nothing.'),
      held('S-L09', 'Controls and lone surrogates in names are refused, by one policy.'),
    ],
  },
  {
    title: 'Administration',
    demands: [
      held('S-M08', 'An administrator starts a reset, and never chooses or sees a lasting password.'),
      held('S-D01', 'Every path under /admin needs a token with the scope, whatever it leads to.'),
      held('S-D02', 'Nobody gets the scope admin without the role.'),
      held('S-D03', 'The last administrator cannot be removed.'),
      held('S-D04', 'Writes need a recent log-in.'),
      held('S-D05', 'Metrics and details of readiness are not for the public.'),
      held('S-D06', "Another account's things are as if absent."),
      held('S-D07', 'A demoted administrator loses the power at once.'),
    ],
  },
  {
    title: 'Logs and audit',
    demands: [
      held('S-A01', 'No log holds a secret, a token or a password.'),
      held('S-A02', 'Every security event is in the audit log.'),
      held('S-A03', 'Nothing that callers send can break a log line.'),
      held('S-A04', 'A changed, missing or reordered audit entry is found.'),
      held('S-A05', 'Processes that write at once make one chain, without a fork or a loss.'),
      held('S-A06', 'An audit store that is down is a defined choice.'),
      held('S-A07', 'An unexpected error is a 500 without details, and the process lives.'),
      held('S-A08', 'A person can be erased from the audit log without breaking the chain.'),
    ],
  },
]

/**
 * Attacks on a single token, by group. The ids are those of the tests and of the vectors; what each does stands in the
 * title of its test.
 */
export const ATTACKS: readonly { readonly title: string; readonly ids: readonly string[] }[] = [
  { title: 'The algorithm', ids: range('A', 1, 11) },
  { title: 'Keys and their confusion', ids: [...range('B', 1, 22), ...range('B', 30, 35)] },
  { title: 'Signature and text', ids: range('C', 1, 16) },
  { title: 'Header and JSON', ids: range('D', 1, 19) },
  { title: 'Claims', ids: range('E', 1, 17) },
  { title: 'Cost', ids: [...range('F', 1, 5), 'F10'] },
  { title: 'JWK Set client', ids: range('J', 1, 13) },
  { title: 'Decoding, signing, timing', ids: ['G10', 'G11', 'H01', 'H02', 'H03', 'T01'] },
]

/** What nothing tests yet; the page says so. A test of one of them makes its place here a fault. */
export const OPEN: ReadonlySet<string> = new Set(['S-S06', 'S-K07', 'S-M08'])

function range(letter: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `${letter}${String(first + index).padStart(2, '0')}`)
}
