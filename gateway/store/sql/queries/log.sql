-- The sequencer's own, and what reads the log.

-- name: take_outbox
SELECT id, message, body FROM outbox ORDER BY id LIMIT :limit;

-- name: drop_from_outbox
DELETE FROM outbox WHERE id = :id;

-- name: append_event
INSERT INTO events (number, body) VALUES (:number, :body);

-- name: index_event
INSERT INTO events_of_message (message, number) VALUES (:message, :number);

-- name: last_number
SELECT MAX(number) FROM events;

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
