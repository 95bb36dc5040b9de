-- What the record room writes, and how a repeat finds its original.

-- name: insert_message
INSERT INTO messages (id, kind, parent, sender, service, document, conversation, route, purpose, parts, bytes,
                      created_at, expires_at, trace, sealed_key, body, retain_until)
VALUES (:id, :kind, :parent, :sender, :service, :document, :conversation, :route, :purpose, :parts, :bytes,
        :created_at, :expires_at, :trace, :sealed_key, :body, :retain_until);

-- name: insert_key
INSERT INTO idempotency (key, message, content, expires) VALUES (:key, :message, :content, :expires);

-- name: drop_expired_key
DELETE FROM idempotency WHERE key = :key AND expires <= :now;

-- name: drop_key
DELETE FROM idempotency WHERE key = :key AND message = :message;

-- name: find_key
SELECT message, content, expires FROM idempotency WHERE key = :key;

-- name: take_over_key
UPDATE idempotency SET message = :message, content = :content, expires = :expires WHERE key = :key;

-- name: keep_answer
INSERT INTO answers (message, sealed_key, body) VALUES (:message, :sealed_key, :body);

-- name: find_answer
SELECT sealed_key, body FROM answers WHERE message = :message;

-- name: answers_before
SELECT 1 FROM answers WHERE message < :before LIMIT 1;

-- name: drop_answers_before
DELETE FROM answers WHERE message IN (SELECT message FROM answers WHERE message < :before ORDER BY message LIMIT :limit);

-- name: insert_delivery
INSERT INTO deliveries (id, message, kind, recipient, state, attempts, fence, order_key, receipt, head)
VALUES (:id, :message, :kind, :recipient, :state, 0, 0, :order_key, :receipt, :head);

-- name: insert_order
INSERT INTO lane_order (lane, order_key, delivery) VALUES (:lane, :order_key, :delivery);

-- name: enqueue
INSERT INTO queue (lane, due, delivery) VALUES (:lane, :due, :delivery);

-- name: enqueue_if_first
-- First to be recorded, whatever its id: an older id may come later, and two of one key must not be on their way at once.
INSERT INTO queue (lane, due, delivery)
SELECT :lane, :due, :delivery
WHERE NOT EXISTS (SELECT 1 FROM lane_order WHERE lane = :lane AND order_key = :order_key AND delivery <> :delivery);

-- name: insert_receipt
INSERT INTO receipts (message, delivery, kind, sha256, at, body) VALUES (:message, :delivery, :kind, :sha256, :at, :body);

-- name: insert_event
INSERT INTO outbox (id, message, body) VALUES (:id, :message, :body);

-- name: insert_subject
INSERT INTO subjects (subject, message, key) VALUES (:subject, :message, :key) ON CONFLICT DO NOTHING;

-- name: insert_batch
INSERT INTO batches (message, next_row, accepted, rejected, sealed_key) VALUES (:message, 1, 0, 0, :sealed_key)
ON CONFLICT DO NOTHING;

-- name: find_batch
SELECT next_row, accepted, rejected, sealed_key FROM batches WHERE message = :message;

-- name: advance_batch
UPDATE batches SET next_row = :next_row, accepted = accepted + :accepted, rejected = rejected + :rejected
WHERE message = :message AND next_row = :was;

-- name: insert_row_problem
INSERT INTO row_problems (message, row, number, body) VALUES (:message, :row, :number, :body);

-- name: row_problems
SELECT row, number, body FROM row_problems WHERE message = :message AND (row > :row OR (row = :row AND number > :number)) ORDER BY row, number LIMIT :limit;

-- name: keys_after
SELECT key, CASE WHEN expires <= :now THEN 1 ELSE 0 END FROM idempotency WHERE key > :after ORDER BY key LIMIT :limit;
