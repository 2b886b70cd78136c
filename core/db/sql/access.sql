-- name: token_by_digest
-- Who a token speaks or spoke for: its maker's present role in its workspace, and that one's plan. $1 digest.
SELECT t.id, t.secret_sha256, t.workspace_id, t.created_by, t.grants, t.last_used_at, t.expires_at, t.revoked_at,
    m.role, w.plan, CASE WHEN m.is_confined
        THEN ARRAY(SELECT c.project_id FROM member_projects AS c WHERE c.member_id = m.id) END AS project_ids
FROM api_tokens t
JOIN workspaces w ON w.id = t.workspace_id AND w.deleted_at IS NULL
JOIN members m ON m.workspace_id = t.workspace_id AND m.user_id = t.created_by AND m.accepted_at IS NOT NULL
JOIN users u ON u.id = t.created_by AND u.status = 'ENABLED'
WHERE t.secret_sha256 = $1

-- name: touch_token
-- Notes the use of a token, unless another process just did. $1 token, $2 now, $3 the use worth replacing.
UPDATE api_tokens SET last_used_at = $2
WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)
