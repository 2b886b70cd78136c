-- name: lock_project
-- The project that a service is about to change. $1 workspace, $2 project.
SELECT id, name, is_default, revision FROM projects
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
FOR UPDATE

-- name: project_monitors
-- The monitors that a project holds, locked in the order of their ids. The workspace is locked. $1 workspace, $2 project.
SELECT m.id, m.workspace_id, m.project_id, m.name, m.kind, m.is_passive, m.config, m.target, m.host, m.interval_seconds,
    m.timeout_seconds, m.failures_to_open, m.successes_to_close, m.regions_to_agree, m.recheck_seconds,
    m.regression_enabled, m.regression_threshold_percent, m.regression_period_days, m.paused_at, m.revision,
    m.config_revision, ARRAY(
        SELECT t.name FROM monitor_tags AS w JOIN tags AS t ON t.id = w.tag_id
        WHERE w.workspace_id = $1 AND w.monitor_id = m.id
    ) AS tags
FROM monitors AS m
WHERE m.workspace_id = $1 AND m.project_id = $2 AND m.deleted_at IS NULL
ORDER BY m.id
FOR UPDATE OF m

-- name: hold_project
-- The project that takes a monitor. It cannot be deleted until the monitor is in it. $1 workspace, $2 project.
SELECT id FROM projects WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
FOR SHARE

-- name: hold_default_project
-- The same of a monitor that names no project. $1 workspace.
SELECT id FROM projects WHERE workspace_id = $1 AND is_default AND deleted_at IS NULL
FOR SHARE

-- name: hold_projects
-- Those that may take it from somebody who is confined to projects. $1 workspace, $2 those projects.
SELECT id, is_default FROM projects
WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND deleted_at IS NULL
ORDER BY id
FOR SHARE

-- name: confine_nobody_to
-- Whoever was confined to a project alone stays confined, and sees nothing. $1 project.
DELETE FROM member_projects WHERE project_id = $1
