-- What a person has to look at, or had to. `what` says what is known of it; `subject` is which of its kind it is, empty where
-- there is one. A gap of the wallet that a person has explained is an alert that is over, whether it ever rang or not.
CREATE TABLE alerts (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind            TEXT NOT NULL,
    subject         TEXT NOT NULL,
    what            TEXT NOT NULL,
    began_at        INTEGER NOT NULL,
    ended_at        INTEGER,
    told_at         INTEGER,
    acknowledged_at INTEGER,
    acknowledged_by TEXT,
    note            TEXT,
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
) STRICT;

CREATE UNIQUE INDEX alerts_standing ON alerts (kind, subject) WHERE ended_at IS NULL;
CREATE INDEX alerts_untold ON alerts (number) WHERE told_at IS NULL AND acknowledged_at IS NULL;
CREATE INDEX alerts_explained ON alerts (kind, number) WHERE acknowledged_at IS NOT NULL;

-- What is suspected of a gap: few rows, wherever they stand.
CREATE INDEX transactions_conflict ON transactions (updated_at) WHERE conflict = 1;
CREATE INDEX inbox_trouble ON inbox (received_at) WHERE trouble IS NOT NULL;
