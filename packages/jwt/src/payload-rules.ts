/** What a finding says. */
export type LintCode = 'lint_password' | 'lint_secret' | 'lint_private_key' | 'lint_card_number' | 'lint_no_expiry'

/** Something that a payload should not carry. It never holds the value itself. */
export interface Finding {
  readonly code: LintCode
  readonly severity: 'refuse' | 'warn'
  /** Where it stands: a JSON pointer (RFC 6901) into the payload. */
  readonly path: string
  /** The size of the value as JSON. */
  readonly bytes: number
  readonly advice: string
}

/** A member or an element of the payload. The payload itself has no name. */
interface Member {
  readonly name: string | undefined
  /** What its name alone says that it is. */
  readonly named: LintCode | undefined
  readonly value: unknown
}

interface Rule {
  readonly code: LintCode
  readonly advice: string
  readonly finds: (member: Member, policy: PayloadPolicy) => boolean
}

export interface PayloadPolicy {
  readonly allowNoExpiry: boolean
}

/** The names that the rules know, in small letters and without `_`, `-`, `.` and blanks. */
const NAMES: ReadonlyMap<string, LintCode> = new Map(
  (
    [
      [
        'lint_password',
        'password passwd passwort passphrase pwd pass userpassword currentpassword newpassword oldpassword passwordhash',
      ],
      [
        'lint_secret',
        'secret clientsecret sharedsecret apikey apisecret secretkey accesskey secretaccesskey signingkey encryptionkey ' +
          'refreshtoken accesstoken idtoken credential credentials masterkey totpsecret otpsecret pin cvv cvc',
      ],
      ['lint_private_key', 'privatekey privkey privatejwk pemkey sshkey'],
    ] as const
  ).flatMap(([code, names]) => names.split(' ').map((name) => [name, code] as const)),
)

/** Claims that name something by a number of the application's own, of which one in 25 looks like a card. */
const ID_CLAIMS: ReadonlySet<string> = new Set(['sub', 'jti', 'sid', 'client_id'])

function codeOfName(name: string | undefined, value: unknown): LintCode | undefined {
  if (name === undefined || typeof value === 'boolean' || value === null) return undefined
  return NAMES.get(name.toLowerCase().replace(/[\s_.-]/g, ''))
}

const RULES: readonly Rule[] = [
  {
    code: 'lint_no_expiry',
    advice: 'A token without "exp" is good for ever: give it a lifetime, or say allowNoExpiry.',
    finds: ({ name, value }, policy) => name === undefined && !policy.allowNoExpiry && !hasMember(value, 'exp'),
  },
  {
    code: 'lint_password',
    advice: 'Everybody who sees a token can read it: a password has no place in it.',
    finds: ({ named }) => named === 'lint_password',
  },
  {
    code: 'lint_secret',
    advice: 'Everybody who sees a token can read it: a secret has no place in it.',
    finds: ({ named }) => named === 'lint_secret',
  },
  {
    code: 'lint_private_key',
    advice: 'Everybody who sees a token can read it: a private key has no place in it.',
    finds: ({ named, value }) => named === 'lint_private_key' || isPrivatePem(value) || isPrivateJwk(value),
  },
  {
    code: 'lint_card_number',
    advice: 'Everybody who sees a token can read it: a card number has no place in it.',
    finds: ({ name, value }) =>
      (typeof value === 'string' || typeof value === 'number') &&
      !(name !== undefined && ID_CLAIMS.has(name)) &&
      holdsCardNumber(String(value)),
  },
]

/** How deep a claim may be nested: none is, and a deeper one is a cycle or an attack on whoever reads it. */
const MAX_DEPTH = 32

/** What the payload must not carry, in the order in which it stands. */
export function findRefused(payload: object, policy: PayloadPolicy): readonly Finding[] {
  const findings: Finding[] = []
  function look(name: string | undefined, value: unknown, path: string, depth: number): void {
    const member = { name, named: codeOfName(name, value), value }
    for (const { code, advice, finds } of RULES) {
      if (!finds(member, policy)) continue
      const bytes = Buffer.byteLength(JSON.stringify(value) ?? '')
      findings.push(Object.freeze({ code, severity: 'refuse', path, bytes, advice }))
    }
    // One deeper than a claim may be, for the payload itself is the first step.
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return
    for (const [key, inner] of Object.entries(value)) {
      const pointer = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      look(Array.isArray(value) ? name : key, inner, pointer, depth + 1)
    }
  }
  look(undefined, payload, '', 0)
  return findings
}

/**
 * Whether JSON can say the value as it is. `JSON.stringify` makes null of NaN and text of a Date, so a claim would
 * change on its way.
 */
export function isJsonValue(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth === MAX_DEPTH) return false
  // `includes` sees the holes of a sparse array too, which would be written as null.
  if (Array.isArray(value)) return !value.includes(undefined) && value.every((it) => isJsonValue(it, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return Object.values(value).every((member) => member === undefined || isJsonValue(member, depth + 1))
}

const hasMember = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)

const isPrivatePem = (value: unknown): boolean =>
  typeof value === 'string' && /-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(value)

const isPrivateJwk = (value: unknown): boolean =>
  hasMember(value, 'kty') && ['d', 'k', 'priv'].some((name) => hasMember(value, name))

/** The least that a card number takes. Asked first, since hardly any text has so many digits together. */
const TWELVE_DIGITS = /(?:\d[ -]?){12}/

/** Digits in one group, or in several as they are printed on a card. */
const DIGIT_GROUPS = /(?<![\w.-])\d+(?:[ -]\d+)*(?![\w.-])/g

/** The first digits and the lengths of the large networks. Without them one long number in ten would be refused. */
const NETWORKS: readonly RegExp[] = [
  /^4(?:\d{12}|\d{15}|\d{18})$/, // Visa
  /^(?:5[1-5]\d{14}|2[2-7]\d{14})$/, // Mastercard
  /^3[47]\d{13}$/, // American Express
  /^(?:6011|64[4-9]\d|65\d\d)\d{12,15}$/, // Discover
  /^3(?:0[0-5]|[68]\d)\d{11}$/, // Diners Club
  /^35(?:2[89]|[3-8]\d)\d{12,15}$/, // JCB
  /^62\d{14,17}$/, // UnionPay
  /^(?:50|5[6-9]|6[0-9])\d{10,17}$/, // Maestro
]

function holdsCardNumber(text: string): boolean {
  if (!TWELVE_DIGITS.test(text)) return false
  for (const [match] of text.matchAll(DIGIT_GROUPS)) {
    const groups = match.split(/[ -]/)
    if (groups.some((_group, first) => beginsCardNumber(groups.slice(first, first + MAX_GROUPS)))) return true
  }
  return false
}

/** A card has one group, or up to five of three digits and more. What stands after it, a date or a CVV, does not hide it. */
const MAX_GROUPS = 5

function beginsCardNumber(groups: readonly string[]): boolean {
  let digits = ''
  for (const group of groups) {
    digits += group
    if (isCardNumber(digits)) return true
    if (group.length < 3) return false
  }
  return false
}

const isCardNumber = (digits: string): boolean => NETWORKS.some((network) => network.test(digits)) && passesLuhn(digits)

/** The check digit of ISO/IEC 7812-1, Annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits.at(-1 - place))
    const doubled = digit * 2
    sum += place % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
