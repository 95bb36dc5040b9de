-- Nodes, claims and the small states of adapters.

-- name: start_node
INSERT INTO nodes (node, epoch, started_at) VALUES (:node, 1, :now)
ON CONFLICT (node) DO UPDATE SET epoch = nodes.epoch + 1, started_at = excluded.started_at
RETURNING epoch;

-- name: insert_claim
INSERT INTO claims (fingerprint, id, source, message, state, attempts, node, claimed_at)
VALUES (:fingerprint, :id, :source, :message, 'claimed', 1, :node, :now);

-- name: unsettled_claims
-- A claim is committed once its message is recorded; that is one transaction, so the claim itself need not say so.
SELECT fingerprint, id, message,
       CASE WHEN EXISTS (SELECT 1 FROM messages WHERE messages.id = claims.message) THEN 'committed' ELSE state END,
       attempts
FROM claims WHERE source = :source AND state = 'claimed' ORDER BY id LIMIT :limit;

-- name: retry_claim
UPDATE claims SET attempts = attempts + 1 WHERE fingerprint = :fingerprint AND id = :id;

-- name: settle_claim
UPDATE claims SET state = 'settled', settled_at = :now WHERE fingerprint = :fingerprint AND id = :id AND state <> 'settled';

-- name: release_claim
UPDATE claims SET state = 'released', settled_at = :now WHERE fingerprint = :fingerprint AND id = :id AND state = 'claimed'
AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = claims.message);

-- name: claim_again
-- To give an item back is no failure of the item: only a process that died holding it is counted, by retry_claim.
UPDATE claims SET id = :id, message = :message, state = 'claimed', node = :node, claimed_at = :now, settled_at = NULL
WHERE fingerprint = :fingerprint AND state = 'released'
RETURNING attempts;

-- name: get_state
SELECT value, fence FROM adapter_state WHERE adapter = :adapter AND key = :key;

-- name: put_state
UPDATE adapter_state SET value = :value, fence = :fence + 1 WHERE adapter = :adapter AND key = :key AND fence = :fence;

-- name: create_state
INSERT INTO adapter_state (adapter, key, value, fence) VALUES (:adapter, :key, :value, 1);
