-- name: record
-- Writes changes down. $1 workspace, $2 now, $3 user, $4 token; of each change: $5 id, $6 action, $7 and $8 what was
-- changed, $9 what was there before, $10 what is there after.
INSERT INTO audit_entries (id, workspace_id, at, user_id, token_id, action, subject, subject_id, before, after)
SELECT e.id, $1, $2, $3, $4, e.action, e.subject, e.subject_id, e.before::jsonb, e.after::jsonb
FROM unnest($5::uuid[], $6::text[], $7::text[], $8::uuid[], $9::text[], $10::text[])
    AS e (id, action, subject, subject_id, before, after)

-- name: entries
-- What was changed in a workspace. $1 workspace, $2 the oldest moment that is shown.
SELECT id, at, user_id, token_id, action, subject, subject_id, before, after FROM audit_entries
WHERE workspace_id = $1 AND at >= $2
