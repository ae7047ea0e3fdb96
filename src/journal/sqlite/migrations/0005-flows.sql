-- When the money went back, and how much of it: a refund is a movement of its own.
ALTER TABLE transactions ADD COLUMN refunded_at INTEGER;
ALTER TABLE transactions ADD COLUMN refunded_amount INTEGER;
UPDATE transactions SET refunded_at = updated_at, refunded_amount = amount WHERE refunded = 1;

-- What moved in each minute (UTC, counted from 1970). It follows from `transactions`: see derived.rs. So a day's sums cost the
-- same on a busy desk as on a quiet one.
CREATE TABLE flows (
    minute INTEGER NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('received', 'paid', 'refunded', 'returned')),
    count  INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (minute, kind)
) STRICT, WITHOUT ROWID;

-- The movements of every transaction. An amount that nobody told, or that no wallet could hold, counts as one of nothing:
-- it must not keep a webhook from being read.
CREATE VIEW movements AS
    SELECT id, settled_at AS at, iif(direction = 'in', 'received', 'paid') AS kind,
           iif(amount BETWEEN 0 AND 1000000000000000, amount, 0) AS amount
    FROM transactions WHERE settled_at IS NOT NULL
    UNION ALL
    SELECT id, refunded_at, iif(direction = 'in', 'refunded', 'returned'),
           iif(refunded_amount BETWEEN 0 AND 1000000000000000, refunded_amount, 0)
    FROM transactions WHERE refunded_at IS NOT NULL;

INSERT INTO flows SELECT at / 60000000, kind, count(*), sum(amount) FROM movements GROUP BY 1, 2;

CREATE INDEX transactions_refunded ON transactions (direction, refunded_at) WHERE refunded_at IS NOT NULL;
