-- name: projects
-- The projects of a workspace that are in sight. $1 workspace, $2 projects in sight (null: all).
SELECT id, name, is_default, created_at, revision FROM projects
WHERE workspace_id = $1 AND deleted_at IS NULL AND ($2::uuid[] IS NULL OR id = ANY($2))

-- name: status_counts
-- How many monitors of each project have each status; paused ones say nothing of their project.
SELECT m.project_id, s.status, count(*) AS monitors
FROM monitors AS m
JOIN monitor_states AS s ON s.monitor_id = m.id
WHERE m.workspace_id = $1 AND m.project_id = ANY($2::uuid[]) AND m.deleted_at IS NULL AND m.paused_at IS NULL
GROUP BY m.project_id, s.status
