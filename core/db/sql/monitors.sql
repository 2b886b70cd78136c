-- name: lock_monitor
-- The monitor that a service is about to change. Its tags are right where the workspace is locked before: who waits for
-- the monitor alone sees those of the beginning of the wait. $1 workspace, $2 monitor.
SELECT m.id, m.workspace_id, m.project_id, m.name, m.kind, m.is_passive, m.config, m.target, m.host, m.interval_seconds,
    m.timeout_seconds, m.failures_to_open, m.successes_to_close, m.regions_to_agree, m.recheck_seconds,
    m.regression_enabled, m.regression_threshold_percent, m.regression_period_days, m.paused_at, m.revision,
    m.config_revision, ARRAY(
        SELECT t.name FROM monitor_tags AS w JOIN tags AS t ON t.id = w.tag_id
        WHERE w.workspace_id = $1 AND w.monitor_id = m.id
    ) AS tags
FROM monitors AS m
WHERE m.workspace_id = $1 AND m.id = $2 AND m.deleted_at IS NULL
FOR UPDATE OF m

-- name: lock_monitors
-- The monitors of which a service is about to change the tags, in the order of their ids. The workspace is locked.
-- $1 workspace, $2 monitors.
SELECT m.id, m.project_id, ARRAY(
    SELECT t.name FROM monitor_tags AS w JOIN tags AS t ON t.id = w.tag_id
    WHERE w.workspace_id = $1 AND w.monitor_id = m.id
) AS tags
FROM monitors AS m
WHERE m.workspace_id = $1 AND m.id = ANY($2) AND m.deleted_at IS NULL
ORDER BY m.id
FOR UPDATE OF m

-- name: named_monitors
-- What checkNow must know of the monitors it names. $1 workspace, $2 monitors.
SELECT id, project_id, is_passive, paused_at IS NOT NULL AS is_paused FROM monitors
WHERE workspace_id = $1 AND id = ANY($2) AND deleted_at IS NULL

-- name: monitors_to_check
-- All that checkNow without ids looks at. $1 workspace, $2 projects in sight (null: all).
SELECT id FROM monitors
WHERE workspace_id = $1 AND deleted_at IS NULL AND paused_at IS NULL AND NOT is_passive
    AND ($2::uuid[] IS NULL OR project_id = ANY($2))
ORDER BY id

-- name: claim_check_of_all
-- One checkNow for all monitors a minute, whoever asks and however many he sees. $1 workspace, $2 now, $3 a minute ago.
UPDATE workspaces SET all_checked_at = $2
WHERE id = $1 AND (all_checked_at IS NULL OR all_checked_at <= $3)
RETURNING id

-- name: checked_all_at
-- When checkNow for all was last asked for. $1 workspace.
SELECT all_checked_at FROM workspaces WHERE id = $1

-- name: touch_monitors
-- Notes that monitors were changed beside their rows. $1 workspace, $2 monitors, $3 now.
UPDATE monitors SET revision = revision + 1, updated_at = $3
WHERE workspace_id = $1 AND id = ANY($2)

-- name: regions
-- Every region, those that have a worker first, and the first made first. Regions belong to the installation, not
-- to a tenant.
SELECT id, key FROM regions ORDER BY absent_since IS NOT NULL, id

-- name: regions_of_monitors
-- The regions that look at monitors. $1 workspace, $2 monitors.
SELECT m.monitor_id, r.id, r.key FROM monitor_regions AS m
JOIN regions AS r ON r.id = m.region_id
WHERE m.workspace_id = $1 AND m.monitor_id = ANY($2)

-- name: add_monitor_regions
-- Lets regions look at a monitor. $1 workspace, $2 monitor, $3 regions.
INSERT INTO monitor_regions (workspace_id, monitor_id, region_id)
SELECT $1, $2, region_id FROM unnest($3::smallint[]) AS region_id
ON CONFLICT DO NOTHING

-- name: remove_other_monitor_regions
-- Keeps only these regions looking at a monitor. $1 workspace, $2 monitor, $3 regions that stay.
DELETE FROM monitor_regions WHERE workspace_id = $1 AND monitor_id = $2 AND region_id <> ALL($3)

-- name: insert_monitor_events
-- Changes that subscribers may resume from, with the status of the moment: a judgement that goes on meanwhile comes
-- wholly before or after. $1 workspace, $2 monitors, $3 change, $4 now, $5 a project that they have left.
WITH told AS MATERIALIZED (
    SELECT monitor_id, status FROM monitor_states
    WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[])
    ORDER BY monitor_id
    FOR SHARE
)
INSERT INTO events (workspace_id, subject, subject_id, change, at, status, project_ids)
SELECT $1, 'MONITOR', m.id, $3, $4, told.status, array_remove(ARRAY[m.project_id, $5::uuid], NULL)
FROM told
JOIN monitors AS m ON m.id = told.monitor_id AND m.workspace_id = $1
