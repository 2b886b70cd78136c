-- name: lock_tokens_of_workspace
-- Held by whoever makes a token, so that no two pass the limit together. $1 workspace.
SELECT FROM workspaces WHERE id = $1 AND deleted_at IS NULL FOR UPDATE

-- name: maker_of_token
-- What the maker is at the moment, and his token if he comes with one. $1 workspace, $2 maker, $3 token or null.
SELECT m.role, t.revoked_at, t.expires_at, CASE WHEN m.is_confined
        THEN ARRAY(SELECT c.project_id FROM member_projects AS c WHERE c.member_id = m.id) END AS project_ids
FROM members AS m
JOIN workspaces AS w ON w.id = m.workspace_id AND w.deleted_at IS NULL
JOIN users AS u ON u.id = m.user_id AND u.status = 'ENABLED'
LEFT JOIN api_tokens AS t ON t.id = $3 AND t.workspace_id = m.workspace_id
WHERE m.workspace_id = $1 AND m.user_id = $2 AND m.accepted_at IS NOT NULL

-- name: live_tokens
-- How many tokens of a workspace may still be used. $1 workspace, $2 now.
SELECT count(*) FROM api_tokens
WHERE workspace_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)

-- name: revoke_token
-- Ends a token, once; what it was known by is told to all processes. $1 workspace, $2 token, $3 now.
UPDATE api_tokens SET revoked_at = coalesce(revoked_at, $3)
WHERE workspace_id = $1 AND id = $2
RETURNING encode(secret_sha256, 'hex') AS digest
