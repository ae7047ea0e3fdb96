-- Payees that the desk wants at hand. A destination as the payments have it, so that it is the same payee's whoever typed it.
CREATE TABLE favourites (
    destination TEXT NOT NULL PRIMARY KEY,
    since       INTEGER NOT NULL,
    person      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
