/** An account as it is stored. Ids are 16 bytes, the first two of which are its slot; times are epoch milliseconds. */
export interface StoredAccount {
  readonly id: Uint8Array
  /** As typed. */
  readonly username: string
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly roles: readonly string[]
  readonly disabledAt: number | undefined
  /** The token version: raised to refuse every access token of the account. */
  readonly ver: number
  readonly createdAt: number
}

/** What an administrator may change. An absent member stays as it is; `email: null` removes the address. */
export interface AccountChange {
  readonly email?: string | null
  readonly roles?: readonly string[]
  readonly disabled?: boolean
}

/** The role that may administer. At least one enabled account keeps it. */
const ADMINISTRATOR = 'admin'

export function isAdministrator(account: Pick<StoredAccount, 'roles'>): boolean {
  return account.roles.includes(ADMINISTRATOR)
}

/** An account after a change, and what must happen along with it. */
export interface AppliedChange {
  readonly account: StoredAccount
  /** Its access tokens say what is no longer true. */
  readonly raisesVersion: boolean
  readonly endsSessions: boolean
  /** An enabled administrator would be one no more: refused for the last one, or nobody could undo it. */
  readonly losesAdministrator: boolean
}

/** Decides what a change makes of an account at `now`. Saying again what is already so changes nothing. */
export function applyChange(account: StoredAccount, change: AccountChange, now: number): AppliedChange {
  const email = change.email === undefined ? account.email : (change.email ?? undefined)
  const roles = change.roles ?? account.roles
  const disabledAt = disabledAfter(account, change, now)

  const isNewlyDisabled = account.disabledAt === undefined && disabledAt !== undefined
  const raisesVersion = isNewlyDisabled || !haveSame(roles, account.roles)

  const changed: StoredAccount = {
    ...account,
    email,
    emailVerified: account.emailVerified && email === account.email, // a new address has proved nothing
    roles,
    disabledAt,
    ver: raisesVersion ? account.ver + 1 : account.ver,
  }
  return {
    account: changed,
    raisesVersion,
    endsSessions: isNewlyDisabled,
    losesAdministrator: isActingAdministrator(account) && !isActingAdministrator(changed),
  }
}

export function isActingAdministrator(account: StoredAccount): boolean {
  return isAdministrator(account) && account.disabledAt === undefined
}

function disabledAfter(account: StoredAccount, change: AccountChange, now: number): number | undefined {
  if (change.disabled === undefined) return account.disabledAt
  if (!change.disabled) return undefined
  return account.disabledAt ?? now
}

/** In any order. */
function haveSame(a: readonly string[], b: readonly string[]): boolean {
  const left = new Set(a)
  const right = new Set(b)
  return left.size === right.size && [...left].every((role) => right.has(role))
}
