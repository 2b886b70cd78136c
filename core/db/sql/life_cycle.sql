-- name: begin_states
-- A new monitor is PENDING. $1 workspace, $2 monitor, $3 since in Unix milliseconds.
INSERT INTO monitor_states (monitor_id, workspace_id, status, since_ms)
VALUES ($2, $1, 0, $3)

-- name: begin_interval
-- Its first interval. $1 workspace, $2 monitor, $3 since in Unix milliseconds.
INSERT INTO status_intervals (monitor_id, workspace_id, from_ms, status, is_paused)
SELECT id, workspace_id, $3, 0, paused_at IS NOT NULL
FROM monitors
WHERE workspace_id = $1 AND id = $2

-- name: pause
-- $1 workspace, $2 monitors, $3 now. Returns those that ran.
UPDATE monitors
SET paused_at = $3, updated_at = $3, revision = revision + 1, config_revision = config_revision + 1
WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND paused_at IS NULL AND deleted_at IS NULL
RETURNING id

-- name: resume
-- $1 workspace, $2 monitors, $3 now. Returns those that were paused.
UPDATE monitors
SET paused_at = NULL, updated_at = $3, revision = revision + 1, config_revision = config_revision + 1
WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND paused_at IS NOT NULL AND deleted_at IS NULL
RETURNING id

-- name: outdate
-- Looks made with the configuration until now count no more. $1 workspace, $2 monitor, $3 now.
UPDATE monitors
SET updated_at = $3, config_revision = config_revision + 1
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL

-- name: lock_region_states
-- Waits for recorders that are folding, in their order. $1 workspace, $2 monitors.
SELECT monitor_id, region_id FROM region_states
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[])
ORDER BY monitor_id, region_id
FOR UPDATE

-- name: carry_opinions
-- Over a pause the opinions stay, but those of regions that had become blind, and the streaks end; nothing is
-- promised until the next look is due. What is older than the revision before the change was folded by a recorder
-- that had not seen an earlier one, and is left behind. $1 workspace, $2 monitors and $3 regions of the states that are
-- locked, $4 now.
UPDATE region_states AS r
SET config_revision = m.config_revision,
    down_streak = 0, down_since = NULL, impaired_streak = 0, impaired_since = NULL,
    clear_streak = 0, clear_since = NULL, up_streak = 0, up_since = NULL,
    expiring_streak = 0, expiring_since = NULL,
    opinion = CASE WHEN r.covered_until <= $4 THEN 4 ELSE r.opinion END,
    blind_from = CASE WHEN r.opinion = 4 THEN r.blind_from WHEN r.covered_until <= $4 THEN r.covered_until END,
    covered_until = NULL
FROM monitors AS m, unnest($2::uuid[], $3::smallint[]) AS u (monitor_id, region_id)
WHERE r.workspace_id = $1 AND r.monitor_id = u.monitor_id AND r.region_id = u.region_id
    AND m.id = r.monitor_id AND m.workspace_id = r.workspace_id
    AND r.config_revision = m.config_revision - 1

-- name: forget_facts
-- Facts of a target that is no longer looked at. $1 workspace, $2 monitor.
DELETE FROM probe_facts WHERE workspace_id = $1 AND monitor_id = $2

-- name: delete
-- $1 workspace, $2 monitors, $3 now.
UPDATE monitors SET deleted_at = $3, updated_at = $3
WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND deleted_at IS NULL

-- name: monitor_of_incident
-- $1 workspace, $2 incident.
SELECT monitor_id FROM incidents WHERE workspace_id = $1 AND id = $2
