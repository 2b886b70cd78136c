-- name: hold_workspace
-- Held by whoever makes tokens, changes members, or makes, deletes or tags monitors, so that limits, roles, counts and
-- tags stay true. $1 workspace.
SELECT id FROM workspaces WHERE id = $1 AND deleted_at IS NULL FOR UPDATE

-- name: present_place
-- What a person is at the moment, and his token if he comes with one. $1 workspace, $2 person, $3 token or null.
SELECT m.role, t.revoked_at, t.expires_at, CASE WHEN m.is_confined
        THEN ARRAY(SELECT c.project_id FROM member_projects AS c WHERE c.member_id = m.id) END AS project_ids
FROM members AS m
JOIN workspaces AS w ON w.id = m.workspace_id AND w.deleted_at IS NULL
JOIN users AS u ON u.id = m.user_id AND u.status = 'ENABLED'
LEFT JOIN api_tokens AS t ON t.id = $3 AND t.workspace_id = m.workspace_id
WHERE m.workspace_id = $1 AND m.user_id = $2 AND m.accepted_at IS NOT NULL
