-- name: store_invitation
-- Invites a member whose row is there already; one who was invited before keeps the id of his invitation.
-- $1 invitation, $2 workspace, $3 member, $4 digest of the secret, $5 who invites, $6 now, $7 when it expires.
INSERT INTO invitations (id, workspace_id, member_id, secret_sha256, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (member_id) DO UPDATE
SET secret_sha256 = excluded.secret_sha256, created_by = excluded.created_by, expires_at = excluded.expires_at
RETURNING id

-- name: heading
-- Who invites to what. $1 workspace, $2 person.
SELECT w.name AS workspace, u.name AS inviter FROM workspaces AS w, users AS u WHERE w.id = $1 AND u.id = $2

-- name: hold_invitation
-- An invitation that is to be cancelled, and the role that it offers. $1 workspace, $2 invitation.
SELECT i.id, i.member_id, m.email, m.role FROM invitations AS i
JOIN members AS m ON m.id = i.member_id
WHERE i.workspace_id = $1 AND i.id = $2
FOR UPDATE OF i

-- name: inviting_workspace
-- To which workspace somebody with an address is invited by a secret. $1 digest of the secret, $2 address, $3 now.
SELECT i.workspace_id FROM invitations AS i
JOIN members AS m ON m.id = i.member_id AND lower(m.email) = lower($2)
JOIN workspaces AS w ON w.id = i.workspace_id AND w.deleted_at IS NULL
WHERE i.secret_sha256 = $1 AND i.expires_at > $3

-- name: invited_to
-- The workspace of an invitation, whatever became of it. $1 digest of the secret.
SELECT workspace_id FROM invitations WHERE secret_sha256 = $1

-- name: invited_member
-- The member that a person becomes by a secret, and whether he is one already. $1 digest of the secret, $2 person,
-- $3 now.
SELECT i.member_id, m.email, m.role,
    EXISTS (SELECT FROM members AS o WHERE o.workspace_id = i.workspace_id AND o.user_id = u.id) AS belongs_already
FROM invitations AS i
JOIN members AS m ON m.id = i.member_id
JOIN users AS u ON u.id = $2 AND u.status = 'ENABLED' AND lower(u.email) = lower(m.email)
JOIN workspaces AS w ON w.id = i.workspace_id AND w.deleted_at IS NULL
WHERE i.secret_sha256 = $1 AND i.expires_at > $3

-- name: accept_invitation
-- Gives the invited member's row to the person, and uses the invitation up. $1 member, $2 person, $3 now.
WITH used AS (DELETE FROM invitations WHERE member_id = $1)
UPDATE members SET user_id = $2, accepted_at = $3 WHERE id = $1
