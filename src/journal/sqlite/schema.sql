-- Times are microseconds since 1970 UTC; amounts are centavos; ids are UUIDs as text.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The feed: every transaction that saldo has seen, in the order in which it learned of them.
CREATE TABLE transactions (
    seq                INTEGER PRIMARY KEY AUTOINCREMENT,
    id                 TEXT NOT NULL UNIQUE,
    ours               INTEGER NOT NULL,
    direction          TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    state              TEXT NOT NULL,
    conflict           INTEGER NOT NULL DEFAULT 0,
    failure_reported   INTEGER NOT NULL DEFAULT 0,
    refunded           INTEGER NOT NULL DEFAULT 0,
    amount             INTEGER,
    internal_code      TEXT,
    transaction_id     TEXT,
    external_reference TEXT,
    end_to_end_id      TEXT,
    name               TEXT,
    document           TEXT,
    failure            TEXT,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    happened_at        INTEGER NOT NULL,
    settled_at         INTEGER
) STRICT;

CREATE INDEX transactions_internal_code ON transactions (internal_code) WHERE internal_code IS NOT NULL;
CREATE INDEX transactions_transaction_id ON transactions (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX transactions_reference ON transactions (external_reference) WHERE external_reference IS NOT NULL;
CREATE INDEX transactions_end_to_end_id ON transactions (end_to_end_id) WHERE end_to_end_id IS NOT NULL;
CREATE INDEX transactions_settled ON transactions (direction, settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX transactions_state ON transactions (state, seq);
CREATE INDEX transactions_happened ON transactions (happened_at);

-- The payments that saldo itself decided. `snapshot` is the fold of `events`, kept beside them for speed.
CREATE TABLE intents (
    id           TEXT PRIMARY KEY REFERENCES transactions (id),
    reference    TEXT NOT NULL UNIQUE,
    obligation   TEXT NOT NULL,
    generation   INTEGER NOT NULL,
    payload      TEXT NOT NULL,
    payload_hash BLOB NOT NULL,
    reason       TEXT,
    body         BLOB NOT NULL,
    snapshot     TEXT NOT NULL,
    open         INTEGER NOT NULL,
    wake_at      INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (obligation, generation)
) STRICT;

CREATE INDEX intents_wake ON intents (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX intents_open ON intents (open) WHERE open = 1;

CREATE TABLE events (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL,
    at      INTEGER NOT NULL,
    event   TEXT NOT NULL
) STRICT;

CREATE INDEX events_subject ON events (subject, seq);

-- The numbers of rows of the feed that turned out to be a payment of saldo's own: that payment's row tells of it now.
CREATE TABLE absorbed (
    seq     INTEGER PRIMARY KEY,
    subject TEXT NOT NULL REFERENCES intents (id)
) STRICT;

-- One row, one request on the wire: the row is on the disk before the first byte leaves.
CREATE TABLE attempts (
    intent     TEXT NOT NULL REFERENCES intents (id),
    number     INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,
    key        TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    verdict    TEXT,
    evidence   BLOB,
    PRIMARY KEY (intent, number)
) STRICT;

CREATE TABLE rebalances (
    id         TEXT PRIMARY KEY,
    state      TEXT NOT NULL,
    snapshot   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- There is no key that would make a repeat harmless, so there is at most one in doubt.
CREATE UNIQUE INDEX rebalances_one_in_doubt ON rebalances (state) WHERE state = 'unknown';

-- Webhooks, raw, from before they are answered.
CREATE TABLE inbox (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    event_id    TEXT,
    body        BLOB NOT NULL,
    read        INTEGER NOT NULL DEFAULT 0,
    subject     TEXT,
    trouble     TEXT
) STRICT;

CREATE INDEX inbox_unread ON inbox (number) WHERE read = 0;
CREATE INDEX inbox_subject ON inbox (subject, number) WHERE subject IS NOT NULL;

-- One row a change; `fetched_at` moves on while the balance stays the same.
CREATE TABLE balances (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    first_at      INTEGER NOT NULL,
    fetched_at    INTEGER NOT NULL,
    transactional INTEGER NOT NULL,
    proprietary   INTEGER NOT NULL,
    balance       TEXT NOT NULL
) STRICT;

-- Over the rows of every other table: how many there are, and the sum of their digests (see seal.rs).
CREATE TABLE seals (
    table_name TEXT PRIMARY KEY,
    rows       INTEGER NOT NULL,
    sum        BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The RFC 9162 tree over `events` in the order of `seq`: its size, and the roots of its perfect subtrees from the left.
CREATE TABLE audit_tree (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    size     INTEGER NOT NULL,
    frontier BLOB NOT NULL
) STRICT;

INSERT INTO audit_tree (id, size, frontier) VALUES (1, 0, x'');
