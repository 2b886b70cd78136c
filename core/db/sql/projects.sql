-- name: lock_project
-- The project that a service is about to change. $1 workspace, $2 project.
SELECT id, name, is_default, revision FROM projects
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
FOR UPDATE

-- name: project_monitors
-- The monitors that a project holds, locked in the order of their ids. $1 workspace, $2 project.
SELECT id FROM monitors
WHERE workspace_id = $1 AND project_id = $2 AND deleted_at IS NULL
ORDER BY id
FOR UPDATE

-- name: hold_project
-- The project that takes a monitor: the given one, else the default. It cannot be deleted until the monitor
-- is in it. $1 workspace, $2 project or null.
SELECT id FROM projects
WHERE workspace_id = $1 AND deleted_at IS NULL AND (id = $2 OR ($2::uuid IS NULL AND is_default))
FOR SHARE
