-- Batches: the lines of a file that are paid together. Both rows are written once, before the first line is sent; where a
-- line stands is its payment's to say, which has the line's reference. `id` is of `digest` alone.

CREATE TABLE batches (
    id         TEXT PRIMARY KEY,
    digest     BLOB NOT NULL,
    name       TEXT NOT NULL,
    maker      TEXT NOT NULL,
    count      INTEGER NOT NULL,
    total      INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE batch_lines (
    batch     TEXT NOT NULL REFERENCES batches (id),
    number    INTEGER NOT NULL,
    reference TEXT NOT NULL,
    amount    INTEGER NOT NULL,
    payload   TEXT NOT NULL,
    PRIMARY KEY (batch, number),
    UNIQUE (batch, reference)
) STRICT;
