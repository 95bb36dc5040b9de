-- The sequencer's own, and what reads the log.

-- name: outbox_waits
SELECT 1 FROM outbox LIMIT 1;

-- name: number_events (sqlite)
-- This one, index_events and drop_numbered are one unit and see the same first rows of the outbox.
INSERT INTO events (number, body)
SELECT :first + row_number() OVER (ORDER BY rowid) - 1, body
FROM (SELECT rowid, body FROM outbox ORDER BY rowid LIMIT :limit)
RETURNING number, body;

-- name: number_events (postgresql)
INSERT INTO events (number, body)
SELECT :first + row_number() OVER (ORDER BY id) - 1, body FROM (SELECT id, body FROM outbox ORDER BY id LIMIT :limit) AS taken
RETURNING number, body;

-- name: index_events (sqlite)
INSERT INTO events_of_message (message, number)
SELECT message, number FROM (
    SELECT message, :first + row_number() OVER (ORDER BY rowid) - 1 AS number
    FROM (SELECT rowid, message FROM outbox ORDER BY rowid LIMIT :limit)
) WHERE message IS NOT NULL;

-- name: index_events (postgresql)
INSERT INTO events_of_message (message, number)
SELECT message, number FROM (
    SELECT message, :first + row_number() OVER (ORDER BY id) - 1 AS number
    FROM (SELECT id, message FROM outbox ORDER BY id LIMIT :limit) AS taken
) AS numbered WHERE message IS NOT NULL;

-- name: drop_numbered (sqlite)
DELETE FROM outbox WHERE rowid IN (SELECT rowid FROM outbox ORDER BY rowid LIMIT :limit);

-- name: drop_numbered (postgresql)
DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT :limit);

-- name: last_number
SELECT MAX(number) FROM events;

-- name: count_events
SELECT COUNT(*) FROM events WHERE number >= :first AND number < :end;

-- name: events_after
SELECT number, body FROM events WHERE number > :after ORDER BY number LIMIT :limit;

-- name: events_before
SELECT number, body FROM events WHERE number < :before ORDER BY number DESC LIMIT :limit;

-- name: events_of_message
SELECT e.number, e.body FROM events_of_message x JOIN events e ON e.number = x.number
WHERE x.message = :message ORDER BY x.number LIMIT :limit;

-- name: events_of_message_after
SELECT e.number, e.body FROM events_of_message x JOIN events e ON e.number = x.number
WHERE x.message = :message AND x.number > :after ORDER BY x.number LIMIT :limit;
