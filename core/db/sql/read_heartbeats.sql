-- name: heartbeats
-- The heartbeats of the monitors.
SELECT monitor_id, token, last_ping_at, expected_by FROM heartbeats
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[])

-- name: pings
-- What jobs reported, to be listed below monitors in sight. $1 workspace, $2 since.
SELECT id, monitor_id, arrived_at, kind, message, duration_ms, exit_code, run_id FROM pings
WHERE workspace_id = $1 AND arrived_at >= $2::timestamptz
