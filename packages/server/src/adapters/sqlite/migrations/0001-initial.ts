/**
 * Every table but the small global ones is keyed by `slot` first: an account and all that belongs to it share one slot,
 * so that the tables can be spread over databases later. Times are epoch milliseconds. Ids are 16 bytes, hashes 32.
 *
 * The planner is told how the tables look when they are large: without figures it takes a slot for a handful of rows, and
 * would walk through a slot to find the sessions of one account. They are fixed, so that plans are the same everywhere.
 *
 * No index holds a column that a refresh changes, or each refresh would pay for the index as well.
 */
export const initial = `
CREATE TABLE account (
  slot           INTEGER NOT NULL,
  id             BLOB    NOT NULL,
  username       TEXT    NOT NULL,
  email          TEXT,
  email_verified INTEGER NOT NULL,
  roles          TEXT    NOT NULL,           -- JSON array
  administrator  INTEGER NOT NULL,           -- 1 when the roles hold 'admin'
  disabled_at    INTEGER,
  ver            INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  PRIMARY KEY (slot, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_by_administrator ON account (slot, id) WHERE administrator = 1;

CREATE TABLE credential (
  slot           INTEGER NOT NULL,
  account_id     BLOB    NOT NULL,
  password_hash  TEXT    NOT NULL,
  one_time_until INTEGER,
  changed_at     INTEGER NOT NULL,
  PRIMARY KEY (slot, account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE identifier (
  slot       INTEGER NOT NULL,               -- of the text itself, since a log-in knows nothing else
  kind       TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  account_id BLOB    NOT NULL,
  PRIMARY KEY (slot, kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  slot       INTEGER NOT NULL,
  sid        BLOB    NOT NULL,
  account_id BLOB    NOT NULL,
  client_id  TEXT    NOT NULL,
  gen        INTEGER NOT NULL,
  mac_kid    INTEGER NOT NULL,               -- master key under which the live token was sealed
  cur_hash   BLOB    NOT NULL,               -- of the only live token
  created_at INTEGER NOT NULL,
  rotated_at INTEGER NOT NULL,
  idle_exp   INTEGER NOT NULL,
  abs_exp    INTEGER NOT NULL,
  grace_n    INTEGER NOT NULL DEFAULT 0,
  grace_rot  INTEGER NOT NULL DEFAULT 0,     -- rotations in a row that had a repeat
  revoked_at INTEGER,
  bind       BLOB,                           -- cookie sessions: hash of the browser's binding cookie
  scope      TEXT    NOT NULL,
  aud        TEXT    NOT NULL,
  ver        INTEGER NOT NULL,               -- the account's token version
  auth_at    INTEGER NOT NULL,
  dpop_jkt   BLOB,
  acr        TEXT,
  meta       TEXT,
  transport  TEXT    NOT NULL,
  user_agent TEXT,
  address    TEXT,
  PRIMARY KEY (slot, sid)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_account ON session (slot, account_id);
CREATE INDEX session_by_revoked ON session (revoked_at, sid) WHERE revoked_at IS NOT NULL;

CREATE TABLE revocation (                    -- what the rows of ended sessions do not say
  slot       INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  kind       TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  t          INTEGER NOT NULL,
  forget_at  INTEGER NOT NULL,
  PRIMARY KEY (slot, created_at, kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX revocation_by_time ON revocation (created_at, kind, key);

CREATE TABLE signing_key (
  kid         TEXT    NOT NULL PRIMARY KEY,
  purpose     TEXT    NOT NULL,
  alg         TEXT    NOT NULL,
  epoch       INTEGER NOT NULL,
  rev         INTEGER NOT NULL,
  public_jwk  TEXT,
  wrapped     BLOB    NOT NULL,
  publish_at  INTEGER NOT NULL,
  activate_at INTEGER NOT NULL,
  revoked_at  INTEGER,
  UNIQUE (purpose, alg, epoch, rev)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  slot     INTEGER NOT NULL,                 -- of the chain
  sequence INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  body     TEXT    NOT NULL,
  mac_kid  INTEGER NOT NULL,
  mac      BLOB    NOT NULL,
  PRIMARY KEY (slot, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_personal (                -- beside the chain, so that it can be erased without breaking it
  slot     INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  personal TEXT    NOT NULL,
  PRIMARY KEY (slot, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('session', 'session', '1000000 61 1'),
  ('session', 'session_by_account', '1000000 61 3'),
  ('session', 'session_by_revoked', '10000 1 1');
ANALYZE sqlite_schema;
`
