import { createHash } from 'node:crypto'
import type { AccountWithCredential } from '../ports/account-store.ts'
import type { Attempt, StoredSession } from '../ports/session-store.ts'
import type { Stores } from '../ports/stores.ts'
import type { OpenStores } from './runner.ts'

const START = 1_800_000_000_000
export const SECOND = 1_000
export const DAY = 86_400_000
/** The window of every attempt that does not say otherwise. */
export const WINDOW = 35 * SECOND
export const IDLE_LIFETIME = 14 * DAY

/** A row of numbers that looks random and is the same for the same seed (mulberry32). */
export interface Dice {
  /** A whole number from 0 up to `below`, without it. */
  int(below: number): number
  bytes(length: number): Uint8Array
}

export function createDice(seed: number): Dice {
  let state = seed >>> 0
  const int = (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
  return { int, bytes: (length) => Uint8Array.from({ length }, () => int(256)) }
}

/** Data, the time that its stores believe in, and what the tests put there. */
export interface World {
  readonly stores: Stores
  /** The same data through other hands, as another process would have it. */
  readonly open: () => Promise<Stores>
  readonly clock: { at: number }
  readonly dice: Dice
  addAccount(members?: Partial<AccountWithCredential>): Promise<AccountWithCredential>
  /** Adds a session that just logged in, of a new account unless one is named. */
  addSession(members?: Partial<StoredSession>): Promise<StoredSession>
}

export async function createWorld(openStores: OpenStores, seed = 1): Promise<World> {
  const clock = { at: START }
  const dice = createDice(seed)
  const open = (): Promise<Stores> => openStores(() => clock.at)
  const stores = await open()

  return { stores, open, clock, dice, addAccount, addSession }

  async function addAccount(members: Partial<AccountWithCredential> = {}): Promise<AccountWithCredential> {
    const account = makeAccount(dice, clock.at, members)
    const added = await stores.accounts.insert(account, account.username)
    if (!added) throw new Error('the account of a test could not be added')
    return account
  }

  async function addSession(members: Partial<StoredSession> = {}): Promise<StoredSession> {
    const accountId = members.accountId ?? (await addAccount()).id
    const session = makeSession(dice, accountId, clock.at, members)
    const added = await stores.sessions.insert(session)
    if (!added) throw new Error('the session of a test could not be added')
    return session
  }
}

export function makeAccount(
  dice: Dice,
  now: number,
  members: Partial<AccountWithCredential> = {},
): AccountWithCredential {
  const id = members.id ?? idInSlot(dice.int(16_384), dice)
  return {
    id,
    username: `u${Buffer.from(id).toString('hex')}`,
    email: undefined,
    emailVerified: false,
    roles: [],
    disabledAt: undefined,
    ver: 1,
    createdAt: now,
    credential: { passwordHash: '$hash$1', oneTimeUntil: undefined, changedAt: now },
    ...members,
  }
}

/** Generation 0 unless `members` says otherwise; its live token is the one of `tokenOf`. */
export function makeSession(
  dice: Dice,
  accountId: Uint8Array,
  now: number,
  members: Partial<StoredSession> = {},
): StoredSession {
  const sid = members.sid ?? idInSlot(((accountId[0] ?? 0) << 8) | (accountId[1] ?? 0), dice)
  return {
    sid,
    accountId,
    clientId: 'first-party',
    generation: 0,
    macKid: 1,
    currentHash: hashOf(tokenOf(sid, members.generation ?? 0)),
    createdAt: now,
    rotatedAt: now,
    idleExpiresAt: now + IDLE_LIFETIME,
    absoluteExpiresAt: now + 90 * DAY,
    repeats: 0,
    repeatedRotations: 0,
    endedAt: undefined,
    bind: undefined,
    dpopThumbprint: undefined,
    scope: 'orders:read',
    audience: 'https://api.example.com',
    ver: 1,
    authAt: now,
    transport: 'body',
    userAgent: 'Test/1',
    address: '192.0.2.7',
    ...members,
  }
}

export function idInSlot(slot: number, dice: Dice): Uint8Array {
  return Uint8Array.of(slot >> 8, slot & 255, ...dice.bytes(14))
}

/** What a refresh token holds, as far as a store can tell. */
export interface TestToken {
  readonly sid: Uint8Array
  readonly generation: number
  readonly secret: Uint8Array
  /** The master key under which it was sealed: its successor is derived with that one. */
  readonly macKid: number
}

/** The token of a generation, when all were sealed under master key 1. */
export function tokenOf(sid: Uint8Array, generation: number): TestToken {
  let token: TestToken = { sid, generation: 0, secret: digest(sid), macKid: 1 }
  while (token.generation < generation) token = successorOf(token, 1)
  return token
}

/** The next one. `macKid` is the key that seals it, told by the store; the key of `token` derives it. */
export function successorOf(token: TestToken, macKid: number): TestToken {
  const generation = token.generation + 1
  const secret = digest(Uint8Array.of(token.macKid, generation), token.sid, token.secret)
  return { sid: token.sid, generation, secret, macKid }
}

export function hashOf({ generation, secret }: TestToken): Uint8Array {
  return digest(Uint8Array.of(generation), secret)
}

/** Presents a token: at `/auth/refresh`, in a body, unless `members` says otherwise. */
export function attemptWith(token: TestToken, members: Partial<Attempt> = {}): Attempt {
  return {
    sid: token.sid,
    generation: token.generation,
    clientId: 'first-party',
    presentedHash: hashOf(token),
    successorHash: hashOf(successorOf(token, 1)),
    macKid: 1,
    bind: undefined,
    dpopThumbprint: undefined,
    idleLifetime: IDLE_LIFETIME,
    window: WINDOW,
    maxRepeats: 1_000,
    ...members,
  }
}

/** How a refused answer and the four others read in a test. */
export function outcomeOf(rotation: { readonly outcome: string } | undefined): string {
  return rotation?.outcome ?? 'refused'
}

export function digest(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
