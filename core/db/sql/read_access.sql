-- name: users
-- People, by their ids.
SELECT id, email, name, image, phone_number, sms_opt_in, language, timezone, status, created_at FROM users
WHERE id = ANY($1::uuid[])

-- name: members_of_workspace
-- Those of the people who belong to a workspace. $1 workspace, $2 users.
SELECT u.id, u.email, u.name, u.image, u.phone_number, u.sms_opt_in, u.language, u.timezone, u.status,
    u.created_at
FROM members AS m
JOIN users AS u ON u.id = m.user_id
WHERE m.workspace_id = $1 AND m.accepted_at IS NOT NULL AND u.id = ANY($2::uuid[])

-- name: workspace
-- The workspace that asks.
SELECT id, name, owner_id, plan, created_at FROM workspaces WHERE id = $1 AND deleted_at IS NULL

-- name: workspaces_of_user
-- The workspaces that a person belongs to, in the order of joining.
SELECT w.id, w.name, w.owner_id, w.plan, w.created_at
FROM members AS m
JOIN workspaces AS w ON w.id = m.workspace_id
WHERE m.user_id = $1 AND m.accepted_at IS NOT NULL AND w.deleted_at IS NULL
ORDER BY m.created_at, w.id

-- name: tokens
-- The API tokens of a workspace.
SELECT id, name, prefix, grants, created_by, created_at, last_used_at, expires_at, revoked_at FROM api_tokens
WHERE workspace_id = $1
