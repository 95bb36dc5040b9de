-- What faces, operators and auditors read.

-- name: find_message
SELECT id, kind, parent, sender, service, document, conversation, route, purpose, parts, bytes, created_at, expires_at,
       trace, sealed_key, body
FROM messages WHERE id = :id;

-- name: deliveries_of_message
SELECT id, kind, recipient, state, attempts, fence, reason, receipt, first_at, ended_at, register_by, head, order_key
FROM deliveries WHERE id > :first AND id < :last ORDER BY id LIMIT :limit;

-- name: find_delivery
SELECT id, message, kind, recipient, state, attempts, fence, order_key, reason, receipt, first_at, ended_at, register_by,
       head, answer
FROM deliveries WHERE id = :id;

-- name: receipts_of_message
SELECT delivery, kind, sha256, at, body FROM receipts WHERE message = :message ORDER BY at, delivery, kind LIMIT :limit;

-- name: pickup
-- The first of a lane, as many as have no more than :bytes of sealed bodies together; the very first in any case. How
-- long a body is costs no reading of it.
SELECT q.due, q.lane, d.id, d.message, d.kind, d.recipient, d.attempts, d.fence, d.state, d.reason, d.receipt,
       d.first_at, d.head, d.order_key,
       m.sender, m.service, m.document, m.conversation, m.route, m.purpose, m.created_at, m.expires_at, m.trace,
       m.sealed_key, m.body, m.kind
FROM (
    SELECT w.lane, w.due, w.delivery, ROW_NUMBER() OVER waiting AS place,
           SUM(COALESCE(LENGTH(s.body), 0)) OVER waiting AS bytes
    FROM (
        SELECT lane, due, delivery FROM queue WHERE lane = :lane ORDER BY lane, due, delivery LIMIT :limit
    ) AS w JOIN deliveries t ON t.id = w.delivery JOIN messages s ON s.id = t.message
    WINDOW waiting AS (ORDER BY w.due, w.delivery ROWS UNBOUNDED PRECEDING)
) AS q JOIN deliveries d ON d.id = q.delivery JOIN messages m ON m.id = d.message
WHERE q.place = 1 OR q.bytes <= :bytes
ORDER BY q.lane, q.due, q.delivery;

-- name: count_queue
SELECT lane, COUNT(*), MIN(due) FROM queue GROUP BY lane ORDER BY lane LIMIT :limit;

-- name: count_leases
SELECT lane, COUNT(*) FROM leases GROUP BY lane ORDER BY lane LIMIT :limit;

-- name: count_quarantine
SELECT COUNT(*) FROM quarantine WHERE state = 'open';

-- name: known_messages
-- A letter that was reserved and never activated has no file that anybody was told of.
SELECT id FROM messages WHERE id >= :first AND id <= :last
UNION ALL SELECT id FROM letters WHERE id >= :first AND id <= :last AND state <> 'reserved' AND sealed_key IS NOT NULL;

-- name: gauge_lanes
-- Per kind of lane how much waits, and the oldest of it: a delivery's id begins with the time of its message.
SELECT CASE WHEN lane LIKE '%#inbox' THEN 'inbox' WHEN lane LIKE '%#receipts' THEN 'receipts' ELSE 'system' END AS kind,
       COUNT(*), MIN(delivery)
FROM queue GROUP BY 1;

-- name: gauge_leases
SELECT CASE WHEN lane LIKE '%#inbox' THEN 'inbox' WHEN lane LIKE '%#receipts' THEN 'receipts' ELSE 'system' END AS kind,
       COUNT(*), MIN(delivery)
FROM leases GROUP BY 1;

-- name: gauge_outbox
SELECT COUNT(*) FROM (SELECT 1 FROM outbox LIMIT :limit) AS waiting;
