-- name: lock_housekeeping
-- One housekeeper at a time; whoever comes second has nothing to do. $1 key.
SELECT pg_try_advisory_xact_lock($1)

-- name: purge_events
-- Events too old to resume from; returns how many. Cursors before the last of them expire in the same moment.
-- $1 oldest kept, $2 the most rows.
WITH old AS (
    DELETE FROM events
    WHERE id IN (SELECT id FROM events WHERE at < $1 AND sequence IS NOT NULL ORDER BY at LIMIT $2)
    RETURNING sequence
), noted AS (
    UPDATE event_sequence SET purged_through = greatest(purged_through, (SELECT max(sequence) FROM old))
    WHERE EXISTS (SELECT FROM old)
)
SELECT count(*) FROM old

-- name: purge_epochs
-- Epochs of which no cursor is left that has not expired.
DELETE FROM event_epochs AS e USING event_sequence AS s WHERE e.ended_after < s.purged_through

-- name: purge_workers
-- Workers long gone. $1 oldest kept.
DELETE FROM workers WHERE seen_at < $1

-- name: next_deleted_monitor
-- A monitor whose rows may go: deleted a while ago, and nobody is still to be told. $1 deleted before.
SELECT id, workspace_id FROM monitors
WHERE deleted_at < $1
  AND NOT EXISTS (SELECT FROM transitions t WHERE t.monitor_id = monitors.id AND t.done_at IS NULL)
ORDER BY deleted_at LIMIT 1

-- name: purge_checks
-- $1 workspace, $2 monitor, $3 the most rows.
DELETE FROM checks WHERE workspace_id = $1 AND monitor_id = $2 AND (slot, region_id) IN (
    SELECT slot, region_id FROM checks WHERE workspace_id = $1 AND monitor_id = $2 LIMIT $3)

-- name: purge_check_details
-- $1 workspace, $2 monitor, $3 the most rows.
DELETE FROM check_details WHERE workspace_id = $1 AND monitor_id = $2 AND (slot, region_id) IN (
    SELECT slot, region_id FROM check_details WHERE workspace_id = $1 AND monitor_id = $2 LIMIT $3)

-- name: purge_pings
-- $1 workspace, $2 monitor, $3 the most rows.
DELETE FROM pings WHERE workspace_id = $1 AND monitor_id = $2 AND (arrived_at, id) IN (
    SELECT arrived_at, id FROM pings WHERE workspace_id = $1 AND monitor_id = $2 LIMIT $3)

-- name: purge_status_intervals
-- $1 workspace, $2 monitor, $3 the most rows.
DELETE FROM status_intervals WHERE workspace_id = $1 AND monitor_id = $2 AND from_ms IN (
    SELECT from_ms FROM status_intervals WHERE workspace_id = $1 AND monitor_id = $2 LIMIT $3)

-- name: purge_monitor
-- The last rows of a monitor, in the order in which every writer locks them; its incidents stay. $1 workspace, $2 monitor.
WITH lease_rows AS (DELETE FROM leases WHERE workspace_id = $1 AND monitor_id = $2),
    region_rows AS (DELETE FROM region_states WHERE workspace_id = $1 AND monitor_id = $2),
    fact_rows AS (DELETE FROM probe_facts WHERE workspace_id = $1 AND monitor_id = $2),
    state_rows AS (DELETE FROM monitor_states WHERE workspace_id = $1 AND monitor_id = $2),
    baseline_rows AS (DELETE FROM response_baselines WHERE workspace_id = $1 AND monitor_id = $2),
    place_rows AS (DELETE FROM monitor_regions WHERE workspace_id = $1 AND monitor_id = $2),
    tag_rows AS (DELETE FROM monitor_tags WHERE workspace_id = $1 AND monitor_id = $2),
    channel_rows AS (DELETE FROM monitor_channels WHERE workspace_id = $1 AND monitor_id = $2),
    heartbeat_rows AS (DELETE FROM heartbeats WHERE workspace_id = $1 AND monitor_id = $2),
    bucket_rows AS (DELETE FROM ping_buckets WHERE workspace_id = $1 AND monitor_id = $2)
DELETE FROM monitors WHERE workspace_id = $1 AND id = $2

-- name: purge_request_minutes
-- Requests counted by the minute, too old to be told so. $1 oldest kept, $2 the most rows.
DELETE FROM request_minutes WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM request_minutes WHERE minute < $1 ORDER BY minute LIMIT $2))

-- name: purge_request_hours
-- The same by the hour.
DELETE FROM request_hours WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM request_hours WHERE hour < $1 ORDER BY hour LIMIT $2))

-- name: purge_request_quotas
-- What was taken of hours that are over. $1 oldest kept, $2 the most rows.
DELETE FROM request_quotas WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM request_quotas WHERE hour < $1 ORDER BY hour LIMIT $2))

-- name: purge_sessions
-- Sessions that expired a while ago. $1 made before, $2 used before, $3 the most rows.
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE created_at < $1 OR last_seen_at < $2 LIMIT $3)

-- name: purge_password_resets
-- $1 expired before.
DELETE FROM password_resets WHERE expires_at < $1

-- name: purge_attempts
-- Buckets that have been empty for a while. $1 empty before, $2 the most rows.
DELETE FROM attempts WHERE key IN (SELECT key FROM attempts WHERE drained_at < $1 LIMIT $2)

-- name: purge_audit_entries
-- Changes too old to be told of. $1 oldest kept, $2 the most rows.
DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_entries WHERE at < $1 ORDER BY at LIMIT $2)
