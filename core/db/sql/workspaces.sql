-- name: listed_workspaces
-- What an operator is shown of every workspace, the first made first.
SELECT w.id, w.name, w.plan, u.email AS owner_email,
    (SELECT count(*) FROM monitors AS m WHERE m.workspace_id = w.id AND m.deleted_at IS NULL) AS monitors
FROM workspaces AS w
JOIN users AS u ON u.id = w.owner_id
WHERE w.deleted_at IS NULL
ORDER BY w.created_at, w.id

-- name: set_plan
-- Books another plan and returns the former one; nothing of a workspace that is deleted. $1 workspace, $2 plan.
UPDATE workspaces AS w SET plan = $2
FROM (SELECT id, plan FROM workspaces WHERE id = $1 AND deleted_at IS NULL FOR UPDATE) AS old
WHERE w.id = old.id
RETURNING old.plan
