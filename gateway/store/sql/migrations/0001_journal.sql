-- The journal: one schema for SQLite and PostgreSQL. Instants are milliseconds since 1970 UTC; JSON is text in sealed
-- blobs; a hot table has its primary key and, where it has one, its idempotency key, and no other index.

-- One row per recorded message. `body` is sealed under the data key that `sealed_key` wraps; without that key it is gone.
CREATE TABLE messages (
    id            TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,
    parent        TEXT,
    sender        TEXT NOT NULL,
    service       TEXT NOT NULL,
    document      TEXT NOT NULL,
    conversation  TEXT,
    route         TEXT NOT NULL,
    purpose       TEXT,
    parts         INTEGER NOT NULL,
    bytes         BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT,
    trace         TEXT,
    sealed_key    BLOB,
    body          BLOB,
    retain_until  BIGINT NOT NULL,
    legal_hold    INTEGER NOT NULL DEFAULT 0
);

-- The carrying of one message to one recipient. The id is `<message>.<number>`, so a message's deliveries are a range.
CREATE TABLE deliveries (
    id            TEXT PRIMARY KEY,
    message       TEXT NOT NULL,
    kind          TEXT NOT NULL,
    recipient     TEXT NOT NULL,
    state         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    fence         INTEGER NOT NULL,
    order_key     BLOB,
    reason        TEXT,
    receipt       TEXT,
    first_at      BIGINT,
    ended_at      BIGINT,
    register_by   BIGINT,
    answer        BLOB,
    head          TEXT
) WITHOUT ROWID;

-- What is due, per lane: `agency/system`, with `#inbox` for what is pulled and `#receipts` for what goes back. A lane
-- reads the head of its own range. A leased delivery has no row here.
CREATE TABLE queue (
    lane          TEXT NOT NULL,
    due           BIGINT NOT NULL,
    delivery      TEXT NOT NULL,
    PRIMARY KEY (lane, due, delivery)
) WITHOUT ROWID;

-- Who is carrying a delivery now. The fence is the delivery's; a write with an older one changes no row.
CREATE TABLE leases (
    delivery      TEXT PRIMARY KEY,
    lane          TEXT NOT NULL,
    fence         INTEGER NOT NULL,
    node          TEXT NOT NULL,
    epoch         BIGINT NOT NULL,
    until         BIGINT NOT NULL
) WITHOUT ROWID;

-- Deliveries that keep an order, from record until they end: only the first of its key may be in the queue.
CREATE TABLE lane_order (
    lane          TEXT NOT NULL,
    order_key     BLOB NOT NULL,
    delivery      TEXT NOT NULL,
    PRIMARY KEY (lane, order_key, delivery)
) WITHOUT ROWID;

-- Registrations that are awaited, by the instant at which they are overdue.
CREATE TABLE registrations (
    register_by   BIGINT NOT NULL,
    delivery      TEXT NOT NULL,
    PRIMARY KEY (register_by, delivery)
) WITHOUT ROWID;

-- Signed receipts of deliveries, sealed under the data key of their message; one of a kind per delivery. The receipt
-- `accepted` lies in the message's own body.
CREATE TABLE receipts (
    message       TEXT NOT NULL,
    delivery      TEXT NOT NULL,
    kind          TEXT NOT NULL,
    sha256        TEXT NOT NULL,
    at            BIGINT NOT NULL,
    body          BLOB NOT NULL,
    PRIMARY KEY (message, delivery, kind)
) WITHOUT ROWID;

-- The logical identity of a message: a keyed digest, so that a key that holds a person's number tells nothing.
CREATE TABLE idempotency (
    key           BLOB PRIMARY KEY,
    message       TEXT NOT NULL,
    content       BLOB NOT NULL,
    expires       BIGINT NOT NULL
) WITHOUT ROWID;

-- Answers that are kept for repeats, by their time-ordered message id, so that the old ones are the first ones.
CREATE TABLE answers (
    message       TEXT PRIMARY KEY,
    sealed_key    BLOB NOT NULL,
    body          BLOB NOT NULL
);

-- Claims on the physical items of sources. The fingerprint is keyed: a file name may name a person.
CREATE TABLE claims (
    fingerprint   BLOB PRIMARY KEY,
    id            TEXT NOT NULL,
    source        TEXT NOT NULL,
    message       TEXT NOT NULL,
    state         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    node          TEXT NOT NULL,
    claimed_at    BIGINT NOT NULL,
    settled_at    BIGINT
) WITHOUT ROWID;

-- Progress of a batch: a restart goes on at `next_row`.
CREATE TABLE batches (
    message       TEXT PRIMARY KEY,
    next_row      BIGINT NOT NULL,
    accepted      BIGINT NOT NULL,
    rejected      BIGINT NOT NULL,
    sealed_key    BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE row_problems (
    message       TEXT NOT NULL,
    row           BIGINT NOT NULL,
    number        INTEGER NOT NULL,
    body          BLOB NOT NULL,
    PRIMARY KEY (message, row, number)
) WITHOUT ROWID;

-- What cannot go on, kept whole until someone replays or closes it.
CREATE TABLE quarantine (
    id            TEXT PRIMARY KEY,
    message       TEXT NOT NULL,
    delivery      TEXT NOT NULL,
    recipient     TEXT NOT NULL,
    reason        TEXT NOT NULL,
    detail        TEXT NOT NULL,
    state         TEXT NOT NULL,
    at            BIGINT NOT NULL,
    closed_at     BIGINT,
    closed_by     TEXT
);

-- Events on their way to the log, written in the business transaction, without an index; taken by presence.
CREATE TABLE outbox (
    id            TEXT NOT NULL,
    message       TEXT,
    body          BLOB NOT NULL
);

-- The numbered log, and what search reads; both are written by the sequencer alone.
CREATE TABLE events (
    number        INTEGER PRIMARY KEY,
    body          BLOB NOT NULL
);

CREATE TABLE events_of_message (
    message       TEXT NOT NULL,
    number        BIGINT NOT NULL,
    PRIMARY KEY (message, number)
) WITHOUT ROWID;

-- The erasable side of pseudonyms: which keys belong to a person. Deleting rows here unlinks the events for ever.
CREATE TABLE subjects (
    subject       BLOB NOT NULL,
    message       TEXT NOT NULL,
    key           BLOB NOT NULL,
    PRIMARY KEY (subject, message)
) WITHOUT ROWID;

CREATE TABLE nodes (
    node          TEXT PRIMARY KEY,
    epoch         BIGINT NOT NULL,
    started_at    BIGINT NOT NULL
);

-- Small durable states of adapters, compared and swapped by their fence.
CREATE TABLE adapter_state (
    adapter       TEXT NOT NULL,
    key           TEXT NOT NULL,
    value         BLOB NOT NULL,
    fence         BIGINT NOT NULL,
    PRIMARY KEY (adapter, key)
) WITHOUT ROWID;
