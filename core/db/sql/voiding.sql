-- name: void_region_state
-- Forgets the miss, so that the report can be recorded as if it had never been. $1 workspace, $2 monitor, $3 the
-- deadline thought missed, $4 the report's arrival. Returns nothing if something came after it.
UPDATE region_states AS r
SET last_slot = $4::timestamptz - interval '1 microsecond', last_status = 1, opinion = 1, opinion_slot = NULL,
    down_streak = 0, down_since = NULL, impaired_streak = 0, impaired_since = NULL,
    clear_streak = 0, clear_since = NULL, up_streak = 0, up_since = NULL, blind_from = NULL
FROM monitors AS m
WHERE r.workspace_id = $1 AND r.monitor_id = $2 AND r.region_id = 0 AND r.last_slot = $3 AND r.last_status = 3
    AND r.opinion_slot = r.last_slot  -- the deadline opened the outage: an older one was real
    AND m.id = r.monitor_id AND m.workspace_id = r.workspace_id AND m.config_revision = r.config_revision
    AND m.paused_at IS NULL AND m.deleted_at IS NULL
RETURNING r.monitor_id

-- name: void_check
-- $1 workspace, $2 monitor, $3 the deadline.
DELETE FROM checks WHERE workspace_id = $1 AND monitor_id = $2 AND slot = $3 AND region_id = 0

-- name: void_details
-- $1 workspace, $2 monitor, $3 the deadline.
DELETE FROM check_details WHERE workspace_id = $1 AND monitor_id = $2 AND slot = $3 AND region_id = 0

-- name: drop_open_interval
-- Where the interval before it was UP: that one goes on. $1 workspace, $2 monitor.
DELETE FROM status_intervals AS i
WHERE i.workspace_id = $1 AND i.monitor_id = $2 AND i.to_ms IS NULL AND i.status = 3 AND EXISTS (
    SELECT FROM status_intervals AS b
    WHERE b.monitor_id = i.monitor_id AND b.workspace_id = i.workspace_id AND b.to_ms = i.from_ms
        AND b.status = 1 AND NOT b.is_paused)
RETURNING i.from_ms

-- name: reopen_interval
-- $1 workspace, $2 monitor, $3 where it had ended.
UPDATE status_intervals SET to_ms = NULL WHERE workspace_id = $1 AND monitor_id = $2 AND to_ms = $3

-- name: turn_open_interval
-- Where it was not: the interval was UP from its start. $1 workspace, $2 monitor.
UPDATE status_intervals SET status = 1
WHERE workspace_id = $1 AND monitor_id = $2 AND to_ms IS NULL AND status = 3

-- name: void_status
-- $1 workspace, $2 monitor.
UPDATE monitor_states AS s SET status = i.status, since_ms = i.from_ms
FROM status_intervals AS i
WHERE s.workspace_id = $1 AND s.monitor_id = $2 AND i.workspace_id = s.workspace_id
    AND i.monitor_id = s.monitor_id AND i.to_ms IS NULL
