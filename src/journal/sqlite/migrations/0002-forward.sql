-- What a webhook has to carry when it is passed on, as it came.
ALTER TABLE inbox ADD COLUMN signature TEXT;
ALTER TABLE inbox ADD COLUMN content_type TEXT;

-- Addresses that get every authentic webhook. Up to `number` each one was taken there, or was set aside.
CREATE TABLE forward_cursors (
    address TEXT PRIMARY KEY,
    number  INTEGER NOT NULL
) STRICT;

-- Webhooks that an address would not take while it took later ones; tried again until it does.
CREATE TABLE forward_aside (
    address  TEXT NOT NULL REFERENCES forward_cursors (address),
    number   INTEGER NOT NULL REFERENCES inbox (number),
    attempts INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    PRIMARY KEY (address, number)
) STRICT;
