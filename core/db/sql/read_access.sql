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

-- name: members
-- All members of a workspace, and whoever is invited. $1 workspace.
SELECT m.id, m.user_id, coalesce(u.email, m.email) AS email, coalesce(u.name, m.name) AS name, m.role,
    m.is_confined, m.invited_at, m.accepted_at
FROM members AS m
LEFT JOIN users AS u ON u.id = m.user_id
WHERE m.workspace_id = $1

-- name: invitations
-- The invitations that nobody has accepted, expired ones too. $1 workspace.
SELECT i.id, i.member_id, m.email, m.role, i.created_at, i.expires_at FROM invitations AS i
JOIN members AS m ON m.id = i.member_id
WHERE i.workspace_id = $1

-- name: projects_of_members
-- The projects that members are confined to. $1 workspace, $2 members.
SELECT c.member_id, p.id, p.name, p.is_default, p.created_at, p.revision
FROM member_projects AS c
JOIN members AS m ON m.id = c.member_id AND m.workspace_id = $1
JOIN projects AS p ON p.id = c.project_id AND p.workspace_id = $1 AND p.deleted_at IS NULL
WHERE c.member_id = ANY($2::uuid[])
ORDER BY p.id

-- name: workspace
-- The workspace that asks.
SELECT id, name, owner_id, plan, created_at FROM workspaces WHERE id = $1 AND deleted_at IS NULL

-- name: workspaces_of_user
-- The workspaces that a person belongs to, in the order of joining.
SELECT w.id, w.name, w.owner_id, w.plan, w.created_at
FROM members AS m
JOIN workspaces AS w ON w.id = m.workspace_id
WHERE m.user_id = $1 AND m.accepted_at IS NOT NULL AND w.deleted_at IS NULL
ORDER BY m.accepted_at, w.id

-- name: tokens
-- The API tokens of a workspace. $1 workspace, $2 whether they must be live or dead, null for all, $3 now.
SELECT id, name, prefix, grants, created_by, created_at, last_used_at, expires_at, revoked_at FROM api_tokens
WHERE workspace_id = $1
    AND ($2::boolean IS NULL OR $2 = (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3::timestamptz)))

-- name: kept_tokens
-- A stretch of the tokens of a workspace that nobody has revoked. $1 workspace, $2 how many are skipped, $3 at most.
SELECT id, name, grants, created_at, expires_at FROM api_tokens
WHERE workspace_id = $1 AND revoked_at IS NULL
ORDER BY id OFFSET $2 LIMIT $3

-- name: kept_tokens_count
-- How many those are. $1 workspace.
SELECT count(*) FROM api_tokens WHERE workspace_id = $1 AND revoked_at IS NULL

-- name: kept_token
-- One of them. $1 workspace, $2 token.
SELECT id, name, grants, created_at, expires_at FROM api_tokens
WHERE workspace_id = $1 AND id = $2 AND revoked_at IS NULL

-- name: workspace_loads
-- The plan of each of the workspaces, and what it has of that which plans limit: counted no further than one too
-- many, and not at all where there is no limit. Whose invitation has expired is no member. $1 workspaces; one row a
-- plan: $2 its name, $3 monitors and $4 members (null: no limit), $5 the least interval in seconds; $6 now.
SELECT w.id, w.plan,
    CASE WHEN p.monitors IS NULL THEN 0 ELSE (SELECT count(*) FROM (
        SELECT FROM monitors AS m WHERE m.workspace_id = w.id AND m.deleted_at IS NULL LIMIT p.monitors + 1
    ) AS counted) END AS monitors,
    CASE WHEN p.members IS NULL THEN 0 ELSE (SELECT count(*) FROM (
        SELECT FROM members AS b
        WHERE b.workspace_id = w.id AND (b.accepted_at IS NOT NULL
            OR EXISTS (SELECT FROM invitations AS i WHERE i.member_id = b.id AND i.expires_at > $6))
        LIMIT p.members + 1
    ) AS counted) END AS members,
    (p.monitors IS NOT NULL AND EXISTS (
        SELECT FROM monitors AS m
        WHERE m.workspace_id = w.id AND m.deleted_at IS NULL AND m.paused_at IS NULL AND NOT m.is_passive
            AND m.interval_seconds < p.least_interval_seconds
    ))::integer AS frequent_monitors
FROM workspaces AS w
JOIN unnest($2::text[], $3::integer[], $4::integer[], $5::integer[])
    AS p (plan, monitors, members, least_interval_seconds) ON p.plan = w.plan
WHERE w.id = ANY($1::uuid[]) AND w.deleted_at IS NULL
