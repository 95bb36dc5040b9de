-- What the delivery worker reads and writes. Every write names the fence it holds.

-- name: due
SELECT q.due, q.lane, d.id, d.message, d.kind, d.recipient, d.attempts, d.fence, d.state, d.reason, d.receipt,
       d.first_at, d.head, d.order_key,
       m.sender, m.service, m.document, m.conversation, m.route, m.purpose, m.created_at, m.expires_at, m.trace,
       m.sealed_key, m.body, m.kind
FROM queue q JOIN deliveries d ON d.id = q.delivery JOIN messages m ON m.id = d.message
WHERE q.lane = :lane AND q.due <= :now
ORDER BY q.lane, q.due, q.delivery
LIMIT :limit;

-- name: next_due
SELECT due FROM queue WHERE lane = :lane ORDER BY due, delivery LIMIT 1;

-- name: dequeue
DELETE FROM queue WHERE lane = :lane AND due = :due AND delivery = :delivery;

-- name: unqueue
DELETE FROM queue WHERE lane = :lane AND delivery = :delivery;

-- name: fence_off
UPDATE deliveries SET fence = fence + 1 WHERE id = :delivery AND fence = :fence;

-- name: insert_lease
INSERT INTO leases (delivery, lane, fence, node, epoch, until)
VALUES (:delivery, :lane, :fence, :node, :epoch, :until);

-- name: start_attempt
UPDATE deliveries SET state = 'attempting', attempts = attempts + 1, fence = :fence, first_at = COALESCE(first_at, :now)
WHERE id = :delivery AND fence = :fence - 1;

-- name: end_lease
DELETE FROM leases WHERE delivery = :delivery AND fence = :fence;

-- name: end_attempt
UPDATE deliveries SET state = :state, reason = :reason, ended_at = :ended_at, register_by = :register_by,
                      answer = :answer, head = :head
WHERE id = :delivery AND fence = :fence;

-- name: set_state
UPDATE deliveries SET state = :state, reason = :reason, ended_at = :ended_at, head = :head
WHERE id = :delivery AND state = :was;

-- name: end_order
DELETE FROM lane_order WHERE lane = :lane AND order_key = :order_key AND delivery = :delivery;

-- name: enqueue_next_of_order
INSERT INTO queue (lane, due, delivery)
SELECT lane, :due, delivery FROM lane_order
WHERE lane = :lane AND order_key = :order_key
ORDER BY delivery LIMIT 1;

-- name: leave_order
UPDATE deliveries SET order_key = NULL WHERE id = :delivery AND order_key IS NOT NULL;

-- name: leases_of_others
SELECT delivery, lane, fence, node, epoch FROM leases
WHERE (node = :node AND epoch < :epoch) OR until < :now
ORDER BY delivery LIMIT :limit;

-- name: lanes
SELECT DISTINCT lane FROM queue;

-- name: await_registration
INSERT INTO registrations (register_by, delivery) VALUES (:register_by, :delivery);

-- name: end_registration
DELETE FROM registrations WHERE register_by = :register_by AND delivery = :delivery;

-- name: overdue
SELECT register_by, delivery FROM registrations WHERE register_by <= :now ORDER BY register_by, delivery LIMIT :limit;

-- name: quarantine
INSERT INTO quarantine (id, message, delivery, recipient, reason, detail, state, at)
VALUES (:id, :message, :delivery, :recipient, :reason, :detail, 'open', :at);

-- name: close_quarantine
UPDATE quarantine SET state = :state, closed_at = :at, closed_by = :actor WHERE id = :id AND state = 'open';

-- name: close_quarantine_of
UPDATE quarantine SET state = :state, closed_at = :at, closed_by = :actor WHERE delivery = :delivery AND state = 'open';

-- name: quarantined
SELECT id, message, delivery, recipient, reason, detail, state, at FROM quarantine
WHERE state = 'open' AND id > :after ORDER BY id LIMIT :limit;

-- name: quarantined_of_message
SELECT id, message, delivery, recipient, reason, detail, state, at FROM quarantine
WHERE state = 'open' AND message = :message AND id > :after ORDER BY id LIMIT :limit;

-- name: find_quarantined
SELECT id, message, delivery, recipient, reason, detail, state, at FROM quarantine WHERE id = :id;

-- name: reopen_delivery
UPDATE deliveries SET state = :state, reason = NULL, ended_at = NULL, attempts = 0, first_at = NULL
WHERE id = :delivery AND state = :was;

-- name: leased
SELECT l.until, l.lane, d.id, d.message, d.kind, d.recipient, d.attempts, d.fence, d.state, d.reason, d.receipt,
       d.first_at, d.head, d.order_key,
       m.sender, m.service, m.document, m.conversation, m.route, m.purpose, m.created_at, m.expires_at, m.trace,
       m.sealed_key, m.body, m.kind
FROM leases l JOIN deliveries d ON d.id = l.delivery JOIN messages m ON m.id = d.message
WHERE l.delivery = :delivery;

-- name: delivery_work
SELECT 0, d.recipient, d.id, d.message, d.kind, d.recipient, d.attempts, d.fence, d.state, d.reason, d.receipt,
       d.first_at, d.head, d.order_key,
       m.sender, m.service, m.document, m.conversation, m.route, m.purpose, m.created_at, m.expires_at, m.trace,
       m.sealed_key, m.body, m.kind
FROM deliveries d JOIN messages m ON m.id = d.message
WHERE d.id = :delivery;

-- name: find_receipt
SELECT body FROM receipts WHERE message = :message AND delivery = :delivery AND kind = :kind;

-- name: end_registration_of
DELETE FROM registrations WHERE delivery = :delivery
AND register_by = (SELECT register_by FROM deliveries WHERE id = :delivery);

-- name: first_handed_out
UPDATE deliveries SET first_at = :now WHERE id = :delivery AND first_at IS NULL;
