-- name: live_tokens
-- How many tokens of a workspace may still be used. $1 workspace, $2 now.
SELECT count(*) FROM api_tokens
WHERE workspace_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)

-- name: revoke_token
-- Ends a token, once; what it was known by is told to all processes, and whether it had ended before.
-- $1 workspace, $2 token, $3 now.
UPDATE api_tokens AS t SET revoked_at = coalesce(old.revoked_at, $3)
FROM (SELECT id, revoked_at FROM api_tokens WHERE workspace_id = $1 AND id = $2 FOR UPDATE) AS old
WHERE t.id = old.id
RETURNING encode(t.secret_sha256, 'hex') AS digest, old.revoked_at IS NOT NULL AS was_revoked
