-- name: session_by_digest
-- Who came in with a session, and what he is now in the workspace that he works in. $1 digest of the secret.
SELECT s.id, s.secret_sha256, s.user_id, s.workspace_id, s.created_at, s.last_seen_at, m.role, w.plan,
    CASE WHEN m.is_confined
        THEN ARRAY(SELECT c.project_id FROM member_projects AS c WHERE c.member_id = m.id) END AS project_ids
FROM sessions AS s
JOIN users AS u ON u.id = s.user_id AND u.status = 'ENABLED'
JOIN workspaces AS w ON w.id = s.workspace_id AND w.deleted_at IS NULL
JOIN members AS m ON m.workspace_id = s.workspace_id AND m.user_id = s.user_id AND m.accepted_at IS NOT NULL
WHERE s.secret_sha256 = $1

-- name: touch_session
-- Notes that a session is used, unless another process just did. $1 session, $2 now, $3 the use worth replacing.
UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at <= $3

-- name: begin_session
-- $1 session, $2 user, $3 workspace, $4 digest of the secret, $5 user agent, $6 now.
INSERT INTO sessions (id, user_id, workspace_id, secret_sha256, user_agent, created_at, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)

-- name: rotate_session
-- Another secret for a session. $1 session, $2 digest of the new secret, $3 now.
UPDATE sessions AS s SET secret_sha256 = $2, last_seen_at = $3
FROM (SELECT id, secret_sha256 FROM sessions WHERE id = $1 FOR UPDATE) AS old
WHERE s.id = old.id
RETURNING encode(old.secret_sha256, 'hex') AS digest

-- name: move_session
-- $1 session, $2 user, $3 the workspace that it works in from now on.
UPDATE sessions SET workspace_id = $3 WHERE id = $1 AND user_id = $2
RETURNING encode(secret_sha256, 'hex') AS digest

-- name: end_session_by_digest
-- $1 digest of the secret.
DELETE FROM sessions WHERE secret_sha256 = $1 RETURNING encode(secret_sha256, 'hex') AS digest

-- name: end_own_session
-- $1 user, $2 session.
DELETE FROM sessions WHERE user_id = $1 AND id = $2
RETURNING encode(secret_sha256, 'hex') AS digest, created_at, last_seen_at, user_agent

-- name: end_other_sessions
-- All sessions of a person but one, or all. $1 user, $2 the session to keep, or null.
DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2
RETURNING encode(secret_sha256, 'hex') AS digest

-- name: end_surplus_sessions
-- Ends those that were not used for longest, so that a person's list stays short. $1 user, $2 how many are kept.
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE user_id = $1 ORDER BY last_seen_at DESC, id DESC OFFSET $2
)
RETURNING encode(secret_sha256, 'hex') AS digest

-- name: sessions_of_user
-- The sessions of a person that have not expired, the last used first. $1 user, $2 made after, $3 used after.
SELECT id, created_at, last_seen_at, user_agent FROM sessions
WHERE user_id = $1 AND created_at > $2 AND last_seen_at > $3
ORDER BY last_seen_at DESC, id DESC
