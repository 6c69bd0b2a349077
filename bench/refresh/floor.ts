/**
 * The least that a rotation can be: bare `node:http`, `node:sqlite`, one prepared UPDATE by primary key on a durable disk, one
 * read of the account, one ES256 signature. No router, no schema, no log, no metrics, no headers of safety, no answer that
 * can be repeated, no reuse that is noticed.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Case, OpenStand } from '../harness/stand.ts'
import type { RefreshSetup } from './countersign.ts'

const PAST = 36_000
const IDLE = 14 * 86_400_000

const SCHEMA = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE account (id BLOB PRIMARY KEY, username TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE session (
  sid BLOB PRIMARY KEY, account_id BLOB NOT NULL, gen INTEGER NOT NULL, cur_hash BLOB NOT NULL,
  rotated_at INTEGER NOT NULL, idle_exp INTEGER NOT NULL
) STRICT, WITHOUT ROWID;`

const ROTATE = `
UPDATE session SET gen = gen + 1, cur_hash = ?, rotated_at = ?, idle_exp = ?
WHERE sid = ? AND cur_hash = ? AND idle_exp > ? AND rotated_at < ?
RETURNING account_id, gen`

export const open: OpenStand<RefreshSetup> = ({ sessions: wanted }) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-floor-'))
  const database = new DatabaseSync(join(folder, 'floor.db'))
  database.exec(SCHEMA)
  const rotate = database.prepare(ROTATE)
  const findAccount = database.prepare('SELECT username FROM account WHERE id = ?')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const header = base64url({ alg: 'ES256', kid: base64url('a key of the floor'), typ: 'at+jwt' })
  const offset = { value: 0 }
  const live = insertAll()
  let next = 0

  return {
    cases: {
      'rotated, one at a time': rotated(),
      'rotated, 32 at once': rotated(),
      'junk refused, 32 at once': refused(),
    },
    calls: {
      listen: () =>
        new Promise<number>((resolve) => {
          const server = createServer((request, response) => {
            const parts: Buffer[] = []
            request.on('data', (part: Buffer) => parts.push(part))
            request.once('end', () => {
              const answer = refresh(Buffer.concat(parts).toString('utf8'))
              const status = answer === undefined ? 401 : 200
              response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
              response.end(answer ?? '{}')
            })
          })
          server.listen({ host: '127.0.0.1', port: 0 }, () => resolve((server.address() as AddressInfo).port))
        }),
      age: () => age(),
      tokens: () => live,
    },
    close() {
      database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }

  function refresh(body: string): string | undefined {
    const [sid = '', secret = ''] = (JSON.parse(body) as { refresh_token: string }).refresh_token.split('.')
    const now = Date.now() + offset.value
    const fresh = randomBytes(16)
    const row = rotate.get(
      hash(fresh),
      now,
      now + IDLE,
      Buffer.from(sid, 'base64url'),
      hash(Buffer.from(secret, 'base64url')),
      now,
      now - 35_000,
    ) as { readonly account_id: Uint8Array } | undefined
    if (row === undefined) return undefined
    const account = findAccount.get(row.account_id) as { readonly username: string }
    return JSON.stringify({
      access_token: signToken(row.account_id, sid, now),
      token_type: 'Bearer',
      expires_in: 600,
      refresh_token: `${sid}.${base64url(fresh)}`,
      account: { username: account.username },
    })
  }

  function signToken(account: Uint8Array, sid: string, now: number): string {
    const iat = Math.floor(now / 1000)
    const claims = {
      iss: 'http://localhost:4000',
      sub: base64url(account),
      aud: 'http://localhost:4000',
      exp: iat + 600,
      iat,
      jti: base64url(randomBytes(16)),
      client_id: 'first-party',
      sid,
      ver: 1,
    }
    const input = `${header}.${base64url(claims)}`
    const signature = sign('sha256', Buffer.from(input, 'latin1'), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${input}.${base64url(signature)}`
  }

  function age(): void {
    offset.value += PAST
  }

  function insertAll(): string[] {
    const account = randomBytes(16)
    database.prepare('INSERT INTO account VALUES (?, ?)').run(account, 'user0')
    const insert = database.prepare('INSERT INTO session VALUES (?, ?, 0, ?, ?, ?)')
    const now = Date.now()
    database.exec('BEGIN')
    const tokens = Array.from({ length: wanted }, () => {
      const sid = randomBytes(16)
      const secret = randomBytes(16)
      insert.run(sid, account, hash(secret), now, now + IDLE)
      return tokenOf(sid, secret)
    })
    database.exec('COMMIT')
    return tokens
  }

  function rotated(): Case {
    let places: number[] = []
    let bodies: string[] = []
    let answers: (string | undefined)[] = []
    return {
      prepare(count) {
        age()
        places = Array.from({ length: count }, () => next++ % live.length)
        bodies = places.map((place) => JSON.stringify({ refresh_token: live[place] }))
      },
      run() {
        answers = bodies.map(refresh)
      },
      finish() {
        for (const [i, place] of places.entries()) {
          const answer = answers[i]
          if (answer === undefined) throw new Error('the floor did not rotate')
          live[place] = (JSON.parse(answer) as { refresh_token: string }).refresh_token
        }
      },
    }
  }

  function refused(): Case {
    let bodies: string[] = []
    return {
      prepare(count) {
        bodies = Array.from({ length: count }, () =>
          JSON.stringify({ refresh_token: tokenOf(randomBytes(16), randomBytes(16)) }),
        )
      },
      run() {
        for (const body of bodies) if (refresh(body) !== undefined) throw new Error('the floor took junk')
      },
    }
  }
}

function tokenOf(sid: Buffer, secret: Buffer): string {
  return `${base64url(sid)}.${base64url(secret)}`
}

function hash(secret: Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest()
}

function base64url(value: Uint8Array | string | object): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64url')
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}
