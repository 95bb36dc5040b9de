-- Letters that were signed here and carry a code. The code itself stands in no column: a letter is found by a keyed
-- digest of it, so that a copy of the journal lists no code that can be used. `facts`, `file` and `ending` are sealed
-- under the data key that `sealed_key` wraps; without that key they are gone, and the row says only that there was one.

CREATE TABLE letters (
    code          BLOB PRIMARY KEY,
    id            TEXT NOT NULL,
    agency        TEXT NOT NULL,
    system        TEXT NOT NULL,
    state         TEXT NOT NULL,
    question      TEXT NOT NULL,
    digest        BLOB,
    reserved_at   BIGINT NOT NULL,
    activated_at  BIGINT,
    ended_at      BIGINT,
    retain_until  BIGINT NOT NULL,
    sealed_key    BLOB,
    facts         BLOB,
    file          BLOB,
    ending        BLOB
) WITHOUT ROWID;

CREATE UNIQUE INDEX letters_by_id ON letters (id);

-- By the keyed digest of the signed file.
CREATE INDEX letters_by_digest ON letters (digest);

-- Which messages carried the signed file of a letter.
CREATE TABLE letters_carried (
    letter        TEXT NOT NULL,
    message       TEXT NOT NULL,
    PRIMARY KEY (letter, message)
) WITHOUT ROWID;
