-- The registry of letters. A change of state asks again whether it may be: things move between reading and writing.

-- name: reserve_letter
INSERT INTO letters (code, id, agency, system, state, question, reserved_at, retain_until, sealed_key, facts)
VALUES (:code, :id, :agency, :system, 'reserved', :question, :now, :retain_until, :sealed_key, :facts);

-- name: activate_letter
UPDATE letters SET state = 'active', digest = :digest, file = :file, activated_at = :now
WHERE code = :code AND state = 'reserved' AND sealed_key IS NOT NULL;

-- name: end_letter
UPDATE letters SET state = :state, ending = :ending, ended_at = :now
WHERE code = :code AND state = 'active' AND sealed_key IS NOT NULL;

-- name: letter_in_force
SELECT 1 FROM letters WHERE code = :code AND agency = :agency AND state = 'active' AND sealed_key IS NOT NULL;

-- name: find_letter
SELECT code, id, agency, system, state, question, reserved_at, activated_at, ended_at, sealed_key, facts, file, ending
FROM letters WHERE code = :code;

-- name: note_carried
-- Only what the issuing agency sends counts: anybody who holds the file may send it on.
INSERT INTO letters_carried (letter, message)
SELECT l.id, m.id FROM letters l JOIN messages m ON m.id = :message
WHERE l.digest = :digest AND substr(m.sender, 1, length(l.agency) + 1) = l.agency || '/'
ON CONFLICT DO NOTHING;

-- name: letter_carried
-- The first message of the issuing agency that carried the letter, and its first delivery that came to an end well.
SELECT m.created_at, d.state, d.ended_at
FROM letters_carried c JOIN letters l ON l.id = c.letter JOIN messages m ON m.id = c.message
     AND substr(m.sender, 1, length(l.agency) + 1) = l.agency || '/'
LEFT JOIN deliveries d ON d.id > m.id || '.' AND d.id < m.id || '/' AND d.kind = 'document'
      AND d.state IN ('delivered', 'awaiting_registration', 'registered', 'overdue')
WHERE c.letter = :letter ORDER BY m.created_at, m.id, d.ended_at LIMIT 1;

-- name: letters_after
-- A page of the registry; `1`: the time of keeping is over, `2`: a crash left it half erased.
SELECT code, id, agency, system, question,
       CASE WHEN sealed_key IS NULL AND facts IS NOT NULL THEN 2
            WHEN sealed_key IS NOT NULL AND retain_until <= :now THEN 1 ELSE 0 END
FROM letters WHERE code > :after ORDER BY code LIMIT :limit;

-- name: erase_letter_key
UPDATE letters SET sealed_key = NULL WHERE code = :code AND sealed_key IS NOT NULL AND retain_until <= :now;

-- name: erase_letter
UPDATE letters SET facts = NULL, file = NULL, ending = NULL, digest = NULL WHERE code = :code AND sealed_key IS NULL;
