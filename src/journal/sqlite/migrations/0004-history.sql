-- A journal of millions of rows answers as one of thousands: see history.rs.

-- `direction` too, so that the few cash-ins of a desk that pays are found as soon as its many cash-outs.
DROP INDEX transactions_state;
CREATE INDEX transactions_state ON transactions (state, direction, seq);

-- The words by which a row is found (see search.rs), without the rows themselves. It can be made again from them at any
-- time, so no seal is over it.
CREATE VIRTUAL TABLE search USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

INSERT INTO search (rowid, words)
    SELECT seq, searchable(direction, amount, happened_at, name, document, external_reference) FROM transactions;
