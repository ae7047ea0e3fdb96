-- Balances thin out with age, so their numbers have gaps: without AUTOINCREMENT they are not held to be dense. The newest row is
-- never removed, so no number is given twice.
CREATE TABLE thinning_balances (
    seq           INTEGER PRIMARY KEY,
    first_at      INTEGER NOT NULL,
    fetched_at    INTEGER NOT NULL,
    transactional INTEGER NOT NULL,
    proprietary   INTEGER NOT NULL,
    balance       TEXT NOT NULL
) STRICT;

INSERT INTO thinning_balances SELECT seq, first_at, fetched_at, transactional, proprietary, balance FROM balances;
DROP TABLE balances;
ALTER TABLE thinning_balances RENAME TO balances;
CREATE INDEX balances_fetched ON balances (fetched_at);
