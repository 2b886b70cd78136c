-- name: person_by_email
-- Who may sign in under an e-mail address, and the workspace he joined first. $1 address.
SELECT u.id, u.password_hash, m.workspace_id
FROM users AS u
LEFT JOIN LATERAL (
    SELECT m.workspace_id FROM members AS m
    JOIN workspaces AS w ON w.id = m.workspace_id AND w.deleted_at IS NULL
    WHERE m.user_id = u.id AND m.accepted_at IS NOT NULL
    ORDER BY m.accepted_at, m.workspace_id
    LIMIT 1
) AS m ON true
WHERE lower(u.email) = lower($1) AND u.status = 'ENABLED'

-- name: person_by_id
-- The same of a person who is known. $1 user.
SELECT u.id, u.password_hash, m.workspace_id
FROM users AS u
LEFT JOIN LATERAL (
    SELECT m.workspace_id FROM members AS m
    JOIN workspaces AS w ON w.id = m.workspace_id AND w.deleted_at IS NULL
    WHERE m.user_id = u.id AND m.accepted_at IS NOT NULL
    ORDER BY m.accepted_at, m.workspace_id
    LIMIT 1
) AS m ON true
WHERE u.id = $1 AND u.status = 'ENABLED'

-- name: hold_password
-- Keeps a password from being changed until a session has begun with it; nothing if it was changed already.
-- $1 user, $2 the digest that was verified.
SELECT id FROM users WHERE id = $1 AND password_hash = $2 AND status = 'ENABLED' FOR SHARE

-- name: email_is_known
-- Whether an account has the address, one that is disabled included. $1 address.
SELECT EXISTS (SELECT FROM users WHERE lower(email) = lower($1))

-- name: hold_membership
-- Keeps a person's place from being changed while a session begins in it. $1 user, $2 workspace.
SELECT FROM members WHERE user_id = $1 AND workspace_id = $2 FOR SHARE

-- name: membership
-- What a person is in a workspace, and its plan. $1 user, $2 workspace.
SELECT m.role, w.plan, CASE WHEN m.is_confined
        THEN ARRAY(SELECT c.project_id FROM member_projects AS c WHERE c.member_id = m.id) END AS project_ids
FROM members AS m
JOIN workspaces AS w ON w.id = m.workspace_id AND w.deleted_at IS NULL
WHERE m.user_id = $1 AND m.workspace_id = $2 AND m.accepted_at IS NOT NULL

-- name: change_password
-- Another password, unless it was changed meanwhile. $1 user, $2 new digest, $3 the digest that was verified.
UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3 AND status = 'ENABLED' RETURNING id

-- name: reset_password
-- Another password, whatever it was before. $1 user, $2 new digest.
UPDATE users SET password_hash = $2 WHERE id = $1 AND status = 'ENABLED' RETURNING id

-- name: begin_password_reset
-- A reset for whoever may sign in under the address, and the same work for an address that nobody has. $1 address,
-- $2 digest of its secret, $3 now, $4 when it expires.
WITH person AS (SELECT id, email FROM users WHERE lower(email) = lower($1) AND status = 'ENABLED'),
    begun AS (
        INSERT INTO password_resets (secret_sha256, user_id, created_at, expires_at)
        VALUES ($2, (SELECT id FROM person), $3, $4)
    )
SELECT email FROM person

-- name: password_reset
-- Whether a reset may still be used. $1 digest of its secret, $2 now.
SELECT EXISTS (SELECT FROM password_resets WHERE secret_sha256 = $1 AND expires_at > $2)

-- name: use_password_reset
-- Uses a reset up; returns nothing if it is unknown, used or expired. $1 digest of its secret, $2 now.
DELETE FROM password_resets WHERE secret_sha256 = $1 AND expires_at > $2 RETURNING user_id

-- name: end_password_resets
-- What was asked for before the password was changed opens nothing after it. $1 user.
DELETE FROM password_resets WHERE user_id = $1

-- name: lock_profile
-- What a person says of himself. $1 user.
SELECT id, name, image, phone_number, sms_opt_in, language, timezone FROM users WHERE id = $1 FOR UPDATE

-- name: workspace_of_owner
-- The first of those workspaces that somebody answers for in which a person has a place. $1 person, $2 owner.
SELECT w.id FROM workspaces AS w
JOIN members AS m ON m.workspace_id = w.id AND m.user_id = $1 AND m.accepted_at IS NOT NULL
WHERE w.owner_id = $2 AND w.deleted_at IS NULL
ORDER BY w.created_at, w.id
LIMIT 1
