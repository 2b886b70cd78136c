-- Timers: whatever must happen later.

-- name: set_timer
-- Sets a subject's timer or moves the one it has; what it was first set with stays.
-- $1 id, $2 workspace, $3 kind, $4 subject, $5 due, $6 details.
INSERT INTO timers (id, workspace_id, kind, subject_id, due_at, details)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT ON CONSTRAINT timers_subject DO UPDATE SET due_at = excluded.due_at;

-- name: lock_timer
-- A subject's timer, held until the transaction ends so that it does not fire meanwhile. $1 workspace, $2 kind, $3 subject.
SELECT id, due_at, details
FROM timers
WHERE workspace_id = $1 AND kind = $2 AND subject_id = $3
FOR UPDATE;

-- name: take_due_timer
-- One timer whose time has come, of the kinds that are known here; held until the transaction ends. $1 now, $2 kinds.
SELECT id, workspace_id, kind, subject_id, due_at, details
FROM timers
WHERE due_at <= $1 AND kind = ANY ($2::text[])
ORDER BY due_at
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: remove_timer
-- $1 workspace, $2 timer.
DELETE FROM timers WHERE workspace_id = $1 AND id = $2;

-- name: move_timer
-- $1 workspace, $2 timer, $3 due.
UPDATE timers SET due_at = $3 WHERE workspace_id = $1 AND id = $2;
