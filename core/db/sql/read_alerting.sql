-- name: decisions
-- Every decision to tell someone or not to.
SELECT id, incident_id, at, step, outcome, reason, channel_id, delivery_id FROM alert_decisions
WHERE workspace_id = $1

-- name: monitors_told
-- How many monitors in sight there are, and of how many an active channel is told: each is told of all of its workspace.
-- $1 workspace, $2 projects in sight (null: all).
SELECT count(*) AS monitors, count(*) FILTER (WHERE EXISTS (
    SELECT FROM channels AS c WHERE c.workspace_id = $1 AND c.deleted_at IS NULL AND c.is_active
)) AS told
FROM monitors AS m
WHERE m.workspace_id = $1 AND m.deleted_at IS NULL AND ($2::uuid[] IS NULL OR m.project_id = ANY($2))
