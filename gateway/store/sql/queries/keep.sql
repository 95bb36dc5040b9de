-- What the keeper walks and drops. A walk reads a bounded page of keys; a drop names its row and asks again whether it
-- may go, since things move between the two.

-- name: message_after
-- The end of a stretch of messages, by their keys alone.
SELECT id FROM messages WHERE id > :after ORDER BY id LIMIT 1 OFFSET :skip;

-- name: erasable
-- Those whose time is over, and those that a crash left half erased: without a key, with a body.
SELECT m.id, CASE WHEN m.sealed_key IS NULL THEN 1 ELSE 0 END, m.parts, m.sender, m.service, m.document, m.conversation,
       m.route, m.purpose, m.trace
FROM messages m
WHERE m.id > :after AND m.id <= :until
  AND ((m.sealed_key IS NULL AND m.body IS NOT NULL)
    OR (m.sealed_key IS NOT NULL AND m.retain_until <= :now AND m.legal_hold = 0
        AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id > m.id || '.' AND d.id < m.id || '/'
                        AND d.state NOT IN ('delivered', 'registered', 'refused', 'expired', 'closed', 'overdue'))))
ORDER BY m.id LIMIT :limit;

-- name: still_kept
SELECT 1 FROM messages WHERE id > :after AND id <= :until AND body IS NOT NULL LIMIT 1;

-- name: erase_key
UPDATE messages SET sealed_key = NULL
WHERE id = :id AND sealed_key IS NOT NULL AND retain_until <= :now AND legal_hold = 0
  AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id > :first AND d.id < :last
                  AND d.state NOT IN ('delivered', 'registered', 'refused', 'expired', 'closed', 'overdue'));

-- name: erase_body
UPDATE messages SET body = NULL WHERE id = :id AND sealed_key IS NULL;

-- name: erase_recipient_answers
UPDATE deliveries SET answer = NULL WHERE id > :first AND id < :last AND answer IS NOT NULL;

-- name: drop_receipts
DELETE FROM receipts WHERE message = :message;

-- name: drop_batch
DELETE FROM batches WHERE message = :message;

-- name: row_problem_after
SELECT row FROM row_problems WHERE message = :message ORDER BY row, number LIMIT 1 OFFSET :skip;

-- name: drop_row_problems
DELETE FROM row_problems WHERE message = :message AND row <= :row;

-- name: subjects_after
-- The persons of an erased message; those of a question, which has no row, by their age.
SELECT s.subject, s.message,
       CASE WHEN m.id IS NULL AND s.message < :before THEN 1 WHEN m.id IS NOT NULL AND m.sealed_key IS NULL THEN 1 ELSE 0 END
FROM (SELECT subject, message FROM subjects WHERE (subject, message) > (:subject, :message)
      ORDER BY subject, message LIMIT :limit) s
LEFT JOIN messages m ON m.id = s.message
ORDER BY s.subject, s.message;

-- name: drop_subject
DELETE FROM subjects WHERE subject = :subject AND message = :message;

-- name: quarantine_after
SELECT q.id, CASE WHEN q.state <> 'open' AND m.sealed_key IS NULL THEN 1 ELSE 0 END
FROM (SELECT id, message, state FROM quarantine WHERE id > :after ORDER BY id LIMIT :limit) q
LEFT JOIN messages m ON m.id = q.message
ORDER BY q.id;

-- name: drop_quarantined
DELETE FROM quarantine WHERE id = :id AND state <> 'open';

-- name: claims_after
SELECT fingerprint, CASE WHEN state <> 'claimed' AND settled_at < :before THEN 1 ELSE 0 END
FROM claims WHERE fingerprint > :after ORDER BY fingerprint LIMIT :limit;

-- name: drop_claim
DELETE FROM claims WHERE fingerprint = :fingerprint AND state <> 'claimed' AND settled_at < :before;
