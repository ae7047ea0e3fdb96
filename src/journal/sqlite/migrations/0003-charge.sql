-- The charges that saldo made. `snapshot` is the fold of `events`, kept beside them for speed.
CREATE TABLE charges (
    id         TEXT PRIMARY KEY REFERENCES transactions (id),
    reference  TEXT NOT NULL UNIQUE,
    body       BLOB NOT NULL,
    snapshot   TEXT NOT NULL,
    open       INTEGER NOT NULL,
    wake_at    INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX charges_wake ON charges (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX charges_open ON charges (open) WHERE open = 1;

-- The refunds that saldo ordered: one for each cash-in.
CREATE TABLE refunds (
    id         TEXT PRIMARY KEY,
    cash_in    TEXT NOT NULL UNIQUE REFERENCES transactions (id),
    body       BLOB NOT NULL,
    snapshot   TEXT NOT NULL,
    open       INTEGER NOT NULL,
    wake_at    INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX refunds_wake ON refunds (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX refunds_open ON refunds (open) WHERE open = 1;

-- One row, one request on the wire for a charge or a refund: it is on the disk before the first byte leaves.
CREATE TABLE requests (
    subject    TEXT NOT NULL,
    number     INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,
    key        TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    verdict    TEXT,
    evidence   BLOB,
    PRIMARY KEY (subject, number)
) STRICT;
