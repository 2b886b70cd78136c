-- name: live_tokens
-- How many tokens of a workspace may still be used. $1 workspace, $2 now.
SELECT count(*) FROM api_tokens
WHERE workspace_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)

-- name: revoke_token
-- Ends a token, once; what it was known by is told to all processes. $1 workspace, $2 token, $3 now.
UPDATE api_tokens SET revoked_at = coalesce(revoked_at, $3)
WHERE workspace_id = $1 AND id = $2
RETURNING encode(secret_sha256, 'hex') AS digest
