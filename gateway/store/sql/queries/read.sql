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
SELECT q.due, d.id, d.message, d.kind, d.attempts, d.fence, d.state, d.receipt, d.first_at, d.head, d.reason, d.order_key,
       m.sender, m.service, m.document, m.conversation, m.route, m.purpose, m.created_at, m.expires_at, m.trace,
       m.sealed_key, m.body, m.kind
FROM queue q JOIN deliveries d ON d.id = q.delivery JOIN messages m ON m.id = d.message
WHERE q.recipient = :recipient AND q.delivery > :after
ORDER BY q.recipient, q.due, q.delivery
LIMIT :limit;

-- name: count_queue
SELECT recipient, COUNT(*), MIN(due) FROM queue GROUP BY recipient ORDER BY recipient LIMIT :limit;

-- name: count_leases
SELECT recipient, COUNT(*) FROM leases GROUP BY recipient ORDER BY recipient LIMIT :limit;

-- name: count_quarantine
SELECT COUNT(*) FROM quarantine WHERE state = 'open';

-- name: known_messages
SELECT id FROM messages WHERE id >= :first AND id <= :last;
