-- Shifts that were handed over. `document` is what was handed over, as JSON, and never changes; `digest` is its SHA-256. Whoever
-- takes the shift accepts it once.
CREATE TABLE handovers (
    id          TEXT PRIMARY KEY,
    made_at     INTEGER NOT NULL,
    digest      BLOB NOT NULL,
    document    TEXT NOT NULL,
    accepted_at INTEGER,
    accepted_by TEXT,
    CHECK ((accepted_at IS NULL) = (accepted_by IS NULL))
) STRICT;

CREATE INDEX handovers_made ON handovers (made_at);
