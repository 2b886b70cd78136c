-- name: hold_member
-- The member whom a service is about to change. $1 workspace, $2 member.
SELECT id, user_id, email, role, is_confined, accepted_at FROM members WHERE workspace_id = $1 AND id = $2 FOR UPDATE

-- name: count_members
-- How many belong to a workspace or are invited. $1 workspace.
SELECT count(*) FROM members WHERE workspace_id = $1

-- name: member_of_address
-- Who has an address in a workspace, as a member or invited. $1 workspace, $2 address.
SELECT m.id, m.role, m.accepted_at, i.id AS invitation_id, i.expires_at
FROM members AS m
LEFT JOIN users AS u ON u.id = m.user_id
LEFT JOIN invitations AS i ON i.member_id = m.id
WHERE m.workspace_id = $1 AND (lower(m.email) = lower($2) OR lower(u.email) = lower($2))
ORDER BY m.accepted_at, m.id
LIMIT 1

-- name: store_invited_member
-- Who is invited as what; one who was invited before keeps his row. $1 member, $2 workspace, $3 address, $4 name,
-- $5 role, $6 whether he is confined to projects, $7 now.
INSERT INTO members (id, workspace_id, email, name, role, is_confined, invited_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name, role = excluded.role,
    is_confined = excluded.is_confined, invited_at = excluded.invited_at

-- name: projects_among
-- Those of the projects that a workspace has. $1 workspace, $2 projects.
SELECT id FROM projects WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND deleted_at IS NULL

-- name: clear_confinement
-- $1 member.
DELETE FROM member_projects WHERE member_id = $1

-- name: confine
-- $1 member, $2 projects.
INSERT INTO member_projects (member_id, project_id) SELECT $1, unnest($2::uuid[])

-- name: confined_to
-- The projects that a member is confined to. $1 member.
SELECT project_id FROM member_projects WHERE member_id = $1

-- name: longest_other_owner
-- Who has been OWNER of a workspace for longest and may sign in, one member left out. $1 workspace, $2 member.
SELECT m.user_id FROM members AS m
JOIN users AS u ON u.id = m.user_id AND u.status = 'ENABLED'
WHERE m.workspace_id = $1 AND m.id <> $2 AND m.role = 'OWNER' AND m.accepted_at IS NOT NULL
ORDER BY m.accepted_at, m.id
LIMIT 1

-- name: hand_workspace_over
-- Another person answers for a workspace from now on. $1 workspace, $2 who did, $3 who does.
UPDATE workspaces SET owner_id = $3 WHERE id = $1 AND owner_id = $2 RETURNING id

-- name: delete_member
-- Takes a member out, with an invitation that he has not accepted. $1 workspace, $2 member.
WITH invitation AS (DELETE FROM invitations WHERE workspace_id = $1 AND member_id = $2),
    confinement AS (DELETE FROM member_projects WHERE member_id = $2)
DELETE FROM members WHERE workspace_id = $1 AND id = $2

-- name: tokens_of_member
-- The tokens with which a person can be known in a workspace. $1 workspace, $2 person.
SELECT encode(secret_sha256, 'hex') AS digest FROM api_tokens
WHERE workspace_id = $1 AND created_by = $2 AND revoked_at IS NULL

-- name: sessions_of_member
-- The sessions with which a person works in a workspace. $1 workspace, $2 person.
SELECT encode(secret_sha256, 'hex') AS digest FROM sessions WHERE user_id = $2 AND workspace_id = $1

-- name: revoke_tokens_of_member
-- $1 workspace, $2 person, $3 now.
UPDATE api_tokens SET revoked_at = $3
WHERE workspace_id = $1 AND created_by = $2 AND revoked_at IS NULL
RETURNING encode(secret_sha256, 'hex') AS digest

-- name: end_sessions_of_member
-- $1 workspace, $2 person.
DELETE FROM sessions WHERE user_id = $2 AND workspace_id = $1
RETURNING encode(secret_sha256, 'hex') AS digest
