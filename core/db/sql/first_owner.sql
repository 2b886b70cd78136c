-- name: lock_first_owner
-- One process at a time makes the first owner or replaces his fixed token; the lock ends with the transaction. $1 key.
SELECT pg_advisory_xact_lock($1)

-- name: first_workspace
-- The workspace of the first start, with its owner.
SELECT id, owner_id FROM workspaces ORDER BY id LIMIT 1

-- name: revoke_other_fixed_tokens
-- Ends the tokens that an earlier value of the setting gave. $1 workspace, $2 name, $3 digest to keep, $4 now.
UPDATE api_tokens SET revoked_at = $4
WHERE workspace_id = $1 AND name = $2 AND secret_sha256 <> $3 AND revoked_at IS NULL
RETURNING encode(secret_sha256, 'hex') AS digest

-- name: revive_fixed_token
-- Makes a token of an earlier start valid again, for whoever answers for the workspace by now. $1 workspace, $2 digest,
-- $3 owner.
UPDATE api_tokens SET revoked_at = NULL, expires_at = NULL, created_by = $3
WHERE workspace_id = $1 AND secret_sha256 = $2
RETURNING id
